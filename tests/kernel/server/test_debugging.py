"""What rules find, how trainings are watched, and what is asked of them, through the server."""

from __future__ import annotations

import time

import msgspec
import pytest

from labdeck.store.ids import new_id
from labdeck.wire.commands import PutFinding, PutRules, PutWatch
from labdeck.wire.debugging import FindingRecord, RuleRecord, WatchRecord

HOSTILE = '<img src=x onerror="alert(1)">'


def finding(trial, step=40, **more):
    values = {
        "id": new_id(),
        "trial_id": trial,
        "rule": "VanishingGradient",
        "severity": "warning",
        "mode": "TRAIN",
        "step": step,
        "last_step": step,
        "time": time.time(),
        "last_time": time.time(),
        "tensor": "gradient/conv1.weight",
        "value": 3e-9,
        "threshold": 1e-7,
        "message": "the gradient has all but vanished",
    }
    return FindingRecord(**(values | more))


@pytest.fixture
def found(studio):
    """Record findings as a training does."""

    def put(*records):
        studio.session.catalog.apply([PutFinding(finding=record) for record in records])
        return [record.id for record in records]

    return put


def wish(trial, kind, argument="", **more):
    values = {"id": new_id(), "trial_id": trial, "wish": kind, "argument": argument, "created": 1.5}
    return {"command": "ask-training", "request": values | more}


async def test_findings_newest_first_with_their_trials(ask, seed, found):
    first, second = seed("a", "b")
    ids = found(finding(first), finding(second, 41, value="NaN", threshold=None), finding(first, 42))
    page = (await ask("findings")).body
    assert [record["id"] for record in page["findings"]] == ids[::-1]
    assert (page["total"], page["open"]) == (3, 3)
    assert {trial["id"]: trial["name"] for trial in page["trials"]} == {first: "a", second: "b"}
    assert page["findings"][1]["value"] == "NaN"
    assert page["seq"] > 0

    some = (await ask("findings", params={"trial": first, "offset": 1, "limit": 1})).body
    assert [record["id"] for record in some["findings"]] == [ids[0]]
    assert some["total"] == 2


async def test_findings_of_an_experiment(ask, seed, found, studio):
    (inside,), (outside,) = seed("a"), seed("b", experiment="other")
    (wanted, _) = found(finding(inside), finding(outside))
    experiment = studio.session.catalog.trial(inside).experiment_id
    page = (await ask("findings", params={"experiment": experiment})).body
    assert [record["id"] for record in page["findings"]] == [wanted]
    assert (await ask("findings", params={"experiment": new_id()})).body["findings"] == []


async def test_a_finding_is_dismissed_and_taken_out_again(ask, command, seed, found, studio):
    (trial,) = seed("a")
    kept, gone = found(finding(trial), finding(trial, 41))
    answer = await command({"command": "dismiss", "ids": [gone]})
    assert answer.status == 200
    (event,) = studio.events(answer.body["seq"] - 1)
    assert (event.finding.id, event.finding.dismissed) == (gone, True)
    page = (await ask("findings")).body
    assert ([record["id"] for record in page["findings"]], page["open"]) == ([kept], 1)
    everything = (await ask("findings", params={"dismissed": "1"})).body
    assert [record["dismissed"] for record in everything["findings"]] == [True, False]
    assert (everything["total"], everything["open"]) == (2, 1)
    await command({"command": "dismiss", "ids": [gone], "dismissed": False})
    assert (await ask("findings")).body["open"] == 2


async def test_how_a_trial_is_watched(ask, seed, studio):
    (trial,) = seed("a")
    rule = RuleRecord(name="AllZero", rule="AllZero", params={"threshold": 100, "tensor_regex": HOSTILE}, cost=0.02)
    watch = WatchRecord(name="Net", framework="torch", steps=7, warnings=(HOSTILE,))
    studio.session.catalog.apply([PutRules(trial_id=trial, rules=(rule,)), PutWatch(trial_id=trial, watch=watch)])
    body = (await ask(f"trials/{trial}/debugger")).body
    assert body["trial"]["name"] == "a"
    assert msgspec.convert(body["rules"], list[RuleRecord]) == [rule]
    assert msgspec.convert(body["watches"], list[WatchRecord]) == [watch]
    assert (await ask(f"trials/{new_id()}/debugger")).status == 404


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        ("stop", ""),
        ("pause", ""),
        ("go-on", ""),
        ("record", ""),
        ("lower-learning-rate", ""),
        ("rule-off", HOSTILE),
        ("rule-on", "AllZero-2"),
    ],
)
async def test_something_is_asked_of_a_training(command, seed, studio, kind, argument):
    (trial,) = seed("a")
    assert (await command(wish(trial, kind, argument))).status == 200
    (request,) = studio.session.catalog.requests(trial)
    assert (request.wish, request.argument, request.created) == (kind, argument, 1.5)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"id": "1"}, 400),
        ({"trial_id": "../x"}, 400),
        ({"trial_id": "0" * 32}, 404),
        ({"wish": "explode"}, 400),
        ({"argument": "x" * 20_000}, 400),
        ({"argument": "a\0b"}, 400),
        ({"created": "now"}, 400),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_refused(command, seed, studio, change, status):
    (trial,) = seed("a")
    assert (await command(wish(trial, "stop", **change))).status == status
    assert studio.session.catalog.requests(trial) == ()


@pytest.mark.parametrize(
    "params",
    [
        {"trial": "x"},
        {"trial": ""},
        {"experiment": "0" * 33},
        {"dismissed": "yes"},
        {"offset": "-1"},
        {"limit": "0"},
        {"limit": "501"},
    ],
    ids=str,
)
async def test_wrong_arguments_are_told(ask, params):
    answer = await ask("findings", params=params)
    assert (answer.status, answer.body["code"]) == (400, "invalid-query")
    assert answer.body["remedy"]


@pytest.mark.parametrize("path", ["findings", f"trials/{'0' * 32}/debugger"])
async def test_reading_and_asking_need_leave(ask, command, seed, refuse, path):
    (trial,) = seed("a")
    refuse("read")
    assert (await ask(path)).status == 403
    refuse("write")
    assert (await command(wish(trial, "stop"))).status == 403


async def test_findings_mark_the_curves_of_one_trial(ask, studio, found):
    trials = []
    for name in ("a", "b"):
        with studio.experiment("digits").trial(name) as trial:
            for step in range(50):
                trial.log(loss=1.0, step=step)
        trials.append(trial.id)
    studio.session.flush()
    found(finding(trials[0], 40), finding(trials[0], 40, tensor="gradient/fc.weight"), finding(trials[1], 3))
    series = ("series", '["","loss"]')

    async def lines(*ids, **more):
        params = [("trial", trial) for trial in ids] + [series, *more.items()]
        layout = (await ask("figures/curves", params=params)).body["layout"]
        return layout.get("shapes", []), layout.get("annotations", [])

    (shape,), (label,) = await lines(trials[0], findings="1")
    assert (shape["x0"], shape["x1"]) == (40, 40)
    assert label["text"] == "VanishingGradient ×2"
    assert await lines(trials[0]) == ([], [])
    assert await lines(*trials, findings="1") == ([], []), "whose it is could not be told"
    assert len((await lines(trials[0], findings="1", x="time"))[0]) == 1
