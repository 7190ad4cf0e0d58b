"""The figure route: the store's points in plotly's JSON."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from labdeck_ui.palette import trial_colour


@pytest.fixture
def trained(studio):
    """Two trials with two metrics; one of them has gaps."""
    trials = []
    for name in ("a", "b"):
        with studio.experiment("digits").trial(name) as trial:
            for step in range(5):
                trial.log({"loss": 1 / (step + 1), "odd": [1.0, float("nan"), float("inf"), 0.0, 2.0][step]}, step=step)
        trials.append(trial.id)
    studio.session.flush()
    return trials


def numbers(values):
    """Read an array as the browser does: a list, or base64 with a dtype."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return np.array(values, dtype=float)


def query(trials, *metrics, **params):
    series = [("series", json.dumps(["", metric])) for metric in metrics]
    return [("trial", trial) for trial in trials] + series + list(params.items())


async def test_curves(ask, trained):
    answer = await ask("figures/curves", params=query(trained, "loss"))
    assert answer.status == 200
    figure = answer.body
    assert [trace["name"] for trace in figure["data"]] == ["a", "b"]
    assert [trace["line"]["color"] for trace in figure["data"]] == [trial_colour(1), trial_colour(2)]
    np.testing.assert_allclose(numbers(figure["data"][0]["y"]), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    np.testing.assert_allclose(numbers(figure["data"][0]["x"]), range(5))
    assert figure["layout"]["yaxis"]["title"]["text"] == "loss"


async def test_options(ask, trained):
    figure = (
        await ask("figures/curves", params=query(trained[:1], "loss", "odd", smoothing="0.6", log="1", x="relative"))
    ).body
    assert [trace["meta"]["raw"] for trace in figure["data"]] == [True, False, True, False]
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert "since the start" in figure["layout"]["xaxis"]["title"]["text"]
    assert "2 not finite" in figure["data"][3]["name"]


async def test_what_is_unknown_is_left_out(ask, trained):
    figure = (await ask("figures/curves", params=query([*trained, "0" * 32], "loss", "nothing"))).body
    assert len(figure["data"]) == 2
    empty = (await ask("figures/curves", params=query(["0" * 32], "loss"))).body
    assert empty["layout"]["annotations"][0]["text"] == "no points yet"


async def test_long_series_are_thinned_and_keep_their_spike(ask, studio):
    with studio.experiment("digits").trial("long") as trial:
        for step in range(30_000):
            trial.log({"loss": 1000.0 if step == 12_345 else 1.0}, step=step)
    studio.session.flush()
    figure = (await ask("figures/curves", params=query([trial.id], "loss", points="100"))).body
    values = numbers(figure["data"][0]["y"])
    assert len(values) <= 100
    assert values.max() == 1000.0


async def test_hostile_metric_names_are_found_and_shown_as_text(ask, studio):
    name = "<img src=x onerror=alert(1)> & %{y} "
    with studio.experiment("digits").trial("t") as trial:
        trial.log({name: 1.0}, step=0)
    studio.session.flush()
    answer = await ask("figures/curves", params=query([trial.id], name))
    (trace,) = answer.body["data"]
    assert trace["meta"]["metric"] == name
    assert "<img" not in answer.body["layout"]["yaxis"]["title"]["text"]
