"""Where the time of a step goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.profiler.timer import PARTS, StepTimer, timing_infos


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += seconds


@given(st.lists(st.tuples(st.sampled_from([*PARTS, ""]), st.floats(0, 100)), max_size=40))
def test_each_second_belongs_to_the_part_that_was_marked(marks):
    clock = Clock()
    timer = StepTimer(clock)
    expected: dict[str, float] = {}
    for part, seconds in marks:
        timer.mark(part)
        clock.pass_by(seconds)
        if part:
            expected[part] = expected.get(part, 0.0) + seconds
    found = timer.end()
    assert {part: found[f"timing/{part}"] for part in PARTS if f"timing/{part}" in found} == pytest.approx(expected)
    assert found["timing/step"] == pytest.approx(sum(expected.values()))


def test_what_follows_a_step_is_in_none_until_the_next_mark():
    clock = Clock()
    timer = StepTimer(clock)
    timer.mark("forward")
    clock.pass_by(2.0)
    timer.end()
    clock.pass_by(50.0)  # the debugger's own work
    timer.mark("forward")
    clock.pass_by(3.0)
    assert timer.end() == {"timing/forward": 3.0, "timing/step": 3.0}


def test_the_first_step_tells_how_long_the_beginning_took():
    clock = Clock()
    timer = StepTimer(clock)
    clock.pass_by(7.0)
    timer.mark("forward")
    clock.pass_by(2.0)
    assert timer.end()["timing/initialization"] == pytest.approx(7.0)
    timer.mark("forward")
    assert "timing/initialization" not in timer.end()


def test_with_a_loader_only_its_time_is_waiting_for_data():
    clock = Clock()
    timer = StepTimer(clock)
    for waited, gap in ((1.0, 5.0), (0.0, 4.0), (9.0, 2.0)):
        timer.mark("data")
        clock.pass_by(gap)
        if waited:
            timer.loaded(waited, workers=2)
        timer.mark("forward")
        found = timer.end()
        assert found["timing/data"] == min(waited, gap), "a batch that was fetched ahead of its step is no longer"
        assert found["timing/other"] == gap - min(waited, gap)
        assert found["timing/workers"] == 2
        assert found["timing/step"] == gap


def test_everything_it_makes_is_described():
    clock = Clock()
    timer = StepTimer(clock)
    for part in PARTS:
        timer.mark(part)
    timer.loaded(0.0, 3)
    assert set(timer.end()) - {"timing/initialization"} == {info.name for info in timing_infos()}
    assert {info.collections for info in timing_infos()} == {("timing",)}


def test_a_step_within_a_step_is_no_part_of_it():
    clock = Clock()
    timer = StepTimer(clock)
    timer.mark("forward")
    clock.pass_by(1.0)
    kept = timer.aside()
    timer.mark("forward")
    clock.pass_by(10.0)
    assert timer.end()["timing/step"] == 10.0
    timer.back(kept)
    timer.mark("backward")
    clock.pass_by(2.0)
    assert timer.end() == {"timing/forward": 1.0, "timing/backward": 2.0, "timing/step": 3.0}
