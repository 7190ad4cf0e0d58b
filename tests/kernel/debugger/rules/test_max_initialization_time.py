"""Trainings that take long to begin are found."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, profiled, samples, timings

from labdeck.debugger.rules import MaxInitializationTime


def trained(folder):
    """Prepare for a third of a second, then train."""

    def train(profiler, end):
        threading.Event().wait(0.3)
        for _ in range(3):
            profiler.mark("forward")
            end()

    return profiled(folder, train)


def test_a_training_that_prepares_for_long_is_found(tmp_path):
    seen = trained(tmp_path)
    found, last = judged(MaxInitializationTime(threshold=0.25 / 60), seen)
    assert len(found) == 1
    assert found[0].value > 0.25 / 60
    assert not last
    assert judged(MaxInitializationTime(), seen) == ([], [])


def test_it_is_found_while_it_still_waits():
    rule = MaxInitializationTime(threshold=1.0)
    assert not list(rule.wait(59.0, 0))
    assert [found.value for found in rule.wait(61.0, 0)] == [61 / 60]
    assert not list(rule.wait(200.0, 0)), "once"
    waiting = samples(every=30.0, cpu=[5.0] * 6)
    found, _ = judged(MaxInitializationTime(threshold=1.0), waiting)
    assert [each.value for each in found] == [1.5]


def test_a_training_that_has_begun_may_pause():
    rule = MaxInitializationTime(threshold=1.0)
    assert judged(rule, timings(step=[0.1], initialization=[5.0]) + samples(every=90.0, cpu=[5.0] * 3)) == ([], [])
    assert not list(rule.wait(500.0, 1))


@given(st.integers(0, 20), st.floats(1, 100), st.floats(0, 10), st.booleans())
def test_it_is_the_formula(waiting, every, threshold, told):
    """The beginning is told by the timer, or taken from the samples of the machine before the first step."""
    before = samples(every=every, cpu=[5.0] * waiting)
    seconds = (waiting - 1) * every if waiting else 0.0
    step = timings(start=0, step=[0.1], **({"initialization": [seconds]} if told else {}))
    if not told:
        step = [window for window in before[-1:] for window in timings(step=[0.1])]
        step = [type(each)(each.moment._replace(time=before[-1].time), each.layout, each.numbers) for each in step]
    found, _ = judged(MaxInitializationTime(threshold=threshold), before + step)
    assert len(found) == (seconds / 60 > threshold)


@pytest.mark.parametrize("mode", ["TRAIN", "EVAL", "PREDICT", "GLOBAL"])
def test_any_step_is_a_beginning(mode):
    rule = MaxInitializationTime(threshold=1.0)
    judged(rule, timings(mode, step=[0.1]))
    assert not list(rule.wait(1e6, 0))
