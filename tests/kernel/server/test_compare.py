"""The routes of comparing: what they answer, and what they refuse."""

from __future__ import annotations

import json

import pytest

from labdeck.wire.commands import LogParams
from labdeck.wire.records import Param


@pytest.fixture
def trained(studio):
    """Eight trials of two optimizers and three rates, with two metrics each."""
    ids = []
    for n in range(8):
        params = {"lr": 10.0 ** -(n % 3), "opt": "adam" if n % 2 else "sgd", "odd name": n}
        with studio.experiment("digits").trial(f"t{n}", params=params) as trial:
            for step in range(5):
                trial.log(acc=n + step / 10, loss=1.0 / (step + 1), step=step)
        ids.append(trial.id)
    studio.session.flush()
    return ids


def query(trials, *pairs, **params):
    return [*(("trial", trial) for trial in trials), *pairs, *params.items()]


ACC = ("series", json.dumps(["", "acc"]))


async def test_values(ask, trained):
    answer = await ask("values", params=query(trained[:2], ACC, step="2"))
    assert answer.body == {
        "step": 2,
        "values": [
            {"trial_id": trained[n], "component": "", "metric": "acc", "step": 2, "value": n + 0.2} for n in (0, 1)
        ],
    }


async def test_groups(ask, trained):
    body = (await ask("groups", params=query(trained, by="params.opt", metric="metrics.acc"))).body
    assert [(group["label"], len(group["trials"])) for group in body["groups"]] == [("adam", 4), ("sgd", 4)]
    assert body["groups"][0]["statistics"][0] == {
        "field": "metrics.acc", "count": 4, "mean": pytest.approx(4.4), "std": pytest.approx(5**0.5),
        "min": 1.4, "max": 7.4,
    }  # fmt: skip
    two = (await ask("groups", params=query(trained, ("by", "params.opt"), ("by", "params.lr")))).body
    assert len(two["groups"]) == 6


async def test_importance(ask, trained):
    body = (await ask("importance", params=query(trained, target="metrics.acc.best"))).body
    assert {row["field"] for row in body["rows"]} == {"params.lr", "params.opt", 'params."odd name"'}
    assert body["rows"][0]["field"] == 'params."odd name"'
    assert body["trials"] == 8
    few = (await ask("importance", params=query(trained[:2], target="metrics.acc"))).body
    assert "at least 5" in few["warning"]


async def test_differences(ask, trained):
    code = (await ask("difference/code", params={"a": trained[0], "b": trained[1]})).body
    assert code["status"] in {"same", "unrecorded"}, "both ran in this process"
    environment = (await ask("difference/environment", params={"a": trained[0], "b": trained[1], "equal": "1"})).body
    assert environment["status"] == "same"
    assert {"python", "package", "machine"} == {row["kind"] for row in environment["rows"]}
    assert environment["equal"] == len(environment["rows"])


@pytest.mark.parametrize(
    ("figure", "params", "kind"),
    [
        ("scatter", {"x": "params.lr", "y": "metrics.acc.best", "logx": "1", "color": "params.opt"}, "scatter"),
        ("box", {"y": "metrics.acc", "group": "params.opt"}, "box"),
        ("box", {"y": "metrics.acc"}, "box"),
        ("bar", {"y": "metrics.acc"}, "bar"),
        ("bar", {"y": "metrics.acc", "group": "params.opt"}, "bar"),
        ("contour", {"x": "params.lr", "y": 'params."odd name"', "z": "metrics.acc"}, "contour"),
        ("parallel", {"field": "params.lr", "color": "metrics.acc"}, "parcoords"),
        ("importance", {"target": "metrics.acc.best"}, "bar"),
    ],
)
async def test_figures(ask, trained, figure, params, kind):
    answer = await ask(f"figures/{figure}", params=query(trained, **params))
    assert answer.status == 200
    assert answer.body["data"][0]["type"] == kind
    nobody = await ask(f"figures/{figure}", params=query(["0" * 32], **params))
    assert nobody.status == 200
    assert nobody.body["layout"]["meta"]["notice"]


async def test_curves_of_groups(ask, trained):
    params = query(trained, ACC, ("group", "params.opt"), ("group", "params.lr"), clip="1", logx="1")
    figure = (await ask("figures/curves", params=params)).body
    lines = [trace for trace in figure["data"] if not trace["meta"]["band"]]
    assert len(figure["data"]) == 12
    assert lines[0]["meta"]["group"] == "params.opt = adam · params.lr = 0.01"
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert figure["layout"]["yaxis"]["autorange"] is False


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("groups", {}, 400, "invalid-query"),
        ("groups", {"by": "parms.lr"}, 400, "malformed-query"),
        ("importance", {}, 400, "invalid-query"),
        ("importance", {"target": "params."}, 400, "malformed-query"),
        ("figures/scatter", {"x": "params.lr"}, 400, "invalid-query"),
        ("figures/scatter", {"x": "params.lr", "y": "metrics.acc", "logx": "yes"}, 400, "invalid-query"),
        ("figures/contour", {"x": "params.lr", "y": "metrics.acc", "z": "'"}, 400, "malformed-query"),
        ("figures/parallel", {}, 400, "invalid-query"),
        ("values", {"step": "x"}, 400, "invalid-query"),
    ],
)
async def test_what_is_refused(ask, trained, path, params, status, code):
    answer = await ask(path, params=query(trained, ACC, **params))
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.body["remedy"]


@pytest.mark.parametrize(
    ("path", "name", "amount"),
    [
        ("figures/bar", "y", 13),
        ("figures/parallel", "field", 31),
        ("groups", "metric", 101),
        ("figures/box", "group", 6),
    ],
)
async def test_bounds(ask, trained, path, name, amount):
    pairs = [(name, f"params.p{n}") for n in range(amount)]
    answer = await ask(path, params=query(trained, *pairs, ("by", "state"), ("y", "duration")))
    assert (answer.status, answer.body["code"]) == (413, "too-large")


async def test_ids_are_checked(ask, trained):
    for params in ({"a": trained[0]}, {"a": "../x", "b": trained[0]}, {"b": trained[0], "a": "'"}):
        assert (await ask("difference/code", params=params)).status == 400
    gone = await ask("difference/environment", params={"a": "0" * 32, "b": trained[0]})
    assert gone.status == 404
    assert (await ask("figures/box", params={"y": "duration"})).status == 400
    many = [f"{n:032x}" for n in range(201)]
    assert (await ask("figures/box", params=query(many, y="duration"))).status == 413


async def test_two_hundred_trials_with_hostile_names(ask, studio, seed):
    name = "<img src=x onerror=alert(1)>%{y}"
    ids = seed(*[name] * 200, experiment=name)
    values = [name if n % 2 else n for n in range(200)]
    named = [LogParams(trial_id=i, params=(Param(name=name, value=v),)) for i, v in zip(ids, values, strict=True)]
    studio.session.catalog.apply(named)
    field = f'params."{name}"'
    for figure, params in (("scatter", {"x": field, "y": "number"}), ("parallel", {"field": field, "color": field})):
        answer = await ask(f"figures/{figure}", params=query(ids, **params))
        assert answer.status == 200
        assert b"<b><img" not in answer.raw.replace(b"\\u003c", b"<")
    label = (await ask("figures/scatter", params=query(ids, x=field, y="number"))).body["layout"]["xaxis"]["title"]
    assert "<" not in label["text"]
