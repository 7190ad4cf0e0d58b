"""Malformed input of every kind is refused in one sentence, and what is well formed but hostile is data."""

from __future__ import annotations

import json

import pytest

from labdeck.server import checks
from labdeck.store.ids import new_id

TRIAL = ("trial", "0" * 32)
SERIES = ("series", '["","loss"]')


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "-1"},
        {"limit": "x"},
        {"limit": ""},
        {"limit": "1e2"},
        {"limit": "9" * 5000},
        {"offset": "-1"},
        {"offset": "x"},
        {"offset": "9" * 30},
        {"offset": str(2**53)},
    ],
    ids=str,
)
async def test_pages_out_of_bounds(ask, params):
    answer = await ask(f"experiments/{new_id()}/trials", params=params)
    assert (answer.status, answer.body["code"]) == (400, "invalid-query")
    assert answer.body["remedy"]


@pytest.mark.parametrize(
    "bad", ["", "x", "0" * 31, "0" * 33, "G" * 32, "../../etc/passwd", "0" * 31 + "\n", "'; drop table x"]
)
@pytest.mark.parametrize("route", ["comparison", "figures/curves"])
async def test_ids_that_are_none(ask, route, bad):
    answer = await ask(route, params=[("trial", bad), SERIES])
    assert (answer.status, answer.body["code"]) == (400, "invalid-query")


@pytest.mark.parametrize("route", ["comparison", "figures/curves"])
async def test_no_trial_at_all(ask, route):
    assert (await ask(route, params=[SERIES])).status == 400


async def test_too_many_trials(ask):
    params = [("trial", new_id()) for _ in range(checks.TRIALS_LIMIT + 1)]
    answer = await ask("comparison", params=params)
    assert (answer.status, answer.body["code"]) == (413, "too-large")
    assert (await ask("comparison", params=params[:-1])).status == 200


@pytest.mark.parametrize(
    "params",
    [
        [("x", "wall")],
        [("smoothing", "1")],
        [("smoothing", "-0.1")],
        [("smoothing", "nan")],
        [("smoothing", "x")],
        [("smoothing", "inf")],
        [("log", "2")],
        [("log", "true")],
        [("points", "9")],
        [("points", "2001")],
        [("points", "x")],
        [("series", "loss")],
        [("series", "[1,2]")],
        [("series", '["a"]')],
        [("series", '["a","b","c"]')],
        [("series", '{"a":1}')],
        [("series", "")],
    ],
    ids=str,
)
async def test_figures_out_of_bounds(ask, params):
    answer = await ask("figures/curves", params=[TRIAL, SERIES, *params])
    assert (answer.status, answer.body["code"]) == (400, "invalid-query")


async def test_figures_need_a_series_and_not_too_many(ask):
    assert (await ask("figures/curves", params=[TRIAL])).status == 400
    many = [("series", json.dumps(["", str(number)])) for number in range(checks.SERIES_LIMIT + 1)]
    assert (await ask("figures/curves", params=[TRIAL, *many])).status == 413
    trials = [("trial", new_id()) for _ in range(41)]
    assert (await ask("figures/curves", params=[*trials, *many[:-1]])).status == 413


ID = "0123456789abcdef" * 2
EXPERIMENT = {"command": "open-experiment", "id": ID, "name": "x", "created": 1.0}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"commands": 1}',
        b'{"commands": [{}]}',
        b'{"commands": [{"command": "explode"}]}',
        b'{"commands": [{"command": "delete"}]}',
        b'{"commands": [{"command": "delete", "ids": [1], "time": 0}]}',
        b'{"commands": [{"command": "delete", "ids": [], "time": 1e999}]}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        json.dumps({"commands": [{**EXPERIMENT, "goal": "sideways"}]}).encode(),
        json.dumps({"commands": [{**EXPERIMENT, "created": "now"}]}).encode(),
        json.dumps({"commands": [{**EXPERIMENT, "extra": 1}]}).encode(),
        json.dumps({"commands": [{**EXPERIMENT, "name": "\ud800"}]}).encode(),
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
async def test_bodies_that_do_not_fit(ask, body, studio):
    answer = await ask("commands", method="POST", body=body)
    assert (answer.status, answer.body["code"]) == (400, "malformed")
    assert studio.experiment_list().experiments == ()


@pytest.mark.parametrize(
    "kind", ["start-trial", "finish-trial", "log-params", "advance-metrics", "mark-crashed", "beat"]
)
async def test_what_only_a_training_process_may_say(command, kind):
    answer = await command({"command": kind, "id": ID, "trial_id": ID, "trial_ids": [ID]})
    assert (answer.status, answer.body["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../x"},
        {"id": ""},
        {"id": ID.upper()},
        {"id": ID + "0"},
        {"name": ""},
        {"name": " "},
        {"name": "a\0b"},
        {"name": "x" * 16_385},
        {"objective": ""},
        {"objective": "a\0b"},
    ],
    ids=lambda change: str(change)[:40],
)
async def test_commands_that_cannot_be_stored(command, change, studio):
    answer = await command({**EXPERIMENT, **change})
    assert answer.status == 400
    assert answer.body["code"] in {"invalid-query", "invalid-name"}
    assert studio.experiment_list().experiments == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"command": "annotate", "id": ID, "note": "a\0b"},
        {"command": "set-tags", "ids": [ID], "set": {"k": "a\0b"}},
        {"command": "set-tags", "ids": [ID], "set": {"": "v"}},
        {"command": "set-tags", "ids": ["x"], "set": {"k": "v"}},
        {"command": "set-objective", "id": ID, "metric": "\0"},
        {"command": "rename-experiment", "id": ID, "name": ""},
        {"command": "rename-trial", "id": ID, "name": "\0"},
        {"command": "delete", "ids": [ID, "x"], "time": 0},
        {"command": "restore", "ids": []},
    ],
    ids=str,
)
async def test_other_commands_that_cannot_be_stored(command, bad):
    assert (await command(bad)).status == 400


async def test_no_command_and_too_many(command, studio):
    assert (await command()).status == 400
    answer = await command(*(EXPERIMENT for _ in range(checks.COMMANDS_LIMIT + 1)))
    assert (answer.status, answer.body["code"]) == (413, "too-large")
    assert studio.experiment_list().experiments == ()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_a_mebibyte(ask, open_experiment, studio, chunked):
    body = json.dumps({"commands": [open_experiment("x")]}).encode()
    body += b" " * (checks.BODY_LIMIT + 1 - len(body))

    async def produce(write):
        for start in range(0, len(body), 65_536):
            await write(body[start : start + 65_536])

    options = {"body_producer": produce} if chunked else {"body": body}
    answer = await ask("commands", method="POST", **options)
    assert (answer.status, answer.body["code"]) == (413, "too-large")
    assert studio.experiment_list().experiments == ()
    assert (await ask("commands", method="POST", body=body[:-1])).status == 200, "a whole mebibyte may pass"


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "../../x",
        "'; drop table experiments; --",
        "🧪 名前",
        "a\nb\tc\x1b[31m",
        "x" * 16_384,
        "right\u202eto left",
        "%s %d {0} ${x}",
        '"\\',
    ],
    ids=lambda name: name[:12],
)
async def test_hostile_names_are_data(ask, command, name, seed, place, tmp_path):
    assert (await command({**EXPERIMENT, "name": name, "objective": name})).status == 200
    (trial,) = seed(name, experiment=name)
    tags = {"command": "set-tags", "ids": [trial], "set": {name: name}}
    assert (await command(tags, {"command": "annotate", "id": trial, "note": name})).status == 200
    (experiment,) = (await ask("experiments")).body["experiments"]
    body = (await ask(f"trials/{trial}")).body["trial"]
    assert experiment["name"] == experiment["objective"]["metric"] == name
    assert (body["name"], body["note"], body["tags"]) == (name, name, {name: name})
    assert {path.name for path in tmp_path.iterdir()} <= {
        "store",
        "root_dir",
        "templates",
        "user-data",
        *JUPYTER_FOLDERS,
    }
    assert {path.name for path in place.iterdir()} <= STORE_PARTS


JUPYTER_FOLDERS = {"home", "data", "config", "runtime", "env", "share", "etc", "env_data"}
STORE_PARTS = {
    "catalog.sqlite",
    "catalog.sqlite-wal",
    "catalog.sqlite-shm",
    "columns",
    "outputs",
    "artifacts",
    "tensors",
    "outbox",
    "catalog.lock",
}
