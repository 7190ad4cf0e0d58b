"""Values at a chosen step."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.at_step import latest
from labdeck.store.contract import Series, SeriesKey


def oracle(points, step):
    """Walk through the points: the greatest step up to `step`, of equals the one that was logged last."""
    best = None
    for at, value in points:
        if at <= step and (best is None or at >= best[0]):
            best = (at, value)
    return best


@given(st.lists(st.tuples(st.integers(-5, 20), st.floats(-10, 10))), st.integers(-10, 25))
def test_the_latest_step_that_is_reached(points, step):
    steps, values = np.array([s for s, _ in points], dtype=np.int64), np.array([v for _, v in points], dtype=float)
    place = latest(Series(steps, np.zeros(len(points)), values), step)
    assert (None if place is None else (steps[place], values[place])) == oracle(points, step)


def test_a_real_store(studio, experiment):
    with experiment.trial("a") as trial:
        for step in range(0, 100, 10):
            trial.log(loss=float(step), step=step)
        trial.log(odd=math.nan, step=3)
        with trial.component("eval") as component:
            component.log(loss=7.0, step=1)
    wanted = [SeriesKey("", "loss"), SeriesKey("eval", "loss"), SeriesKey("", "odd"), SeriesKey("", "none")]
    answer = studio.comparing.values([trial.id, "0" * 32], wanted, 45)
    found = {(one.component, one.metric): (one.step, one.value) for one in answer.values}
    assert found == {("", "loss"): (40, 40.0), ("eval", "loss"): (1, 7.0), ("", "odd"): (3, "NaN")}
    assert studio.comparing.values([trial.id], wanted[:1], -1).values == ()
    assert answer.step == 45


def test_one_pass_or_several_say_the_same(studio, experiment):
    with experiment.trial() as trial:
        for step in range(5):
            trial.log({name: float(step * place) for place, name in enumerate("abcdef")}, step=step)
    keys = [SeriesKey("", name) for name in ["f", "none", *"abcde"]]
    one_by_one = [value for key in keys for value in studio.comparing.values([trial.id], [key], 3).values]
    assert studio.comparing.values([trial.id], keys, 3).values == tuple(one_by_one)
    assert [value.value for value in one_by_one] == [15.0, 0.0, 3.0, 6.0, 9.0, 12.0]
