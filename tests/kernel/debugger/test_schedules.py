"""Schedules: a step is due if it is named, or if it is a multiple within the span; nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.schedules import EVERY, NEVER, Schedule, to_schedule, to_schedules
from labdeck.errors import UsageError

schedules = st.builds(
    Schedule,
    interval=st.integers(0, 20),
    start=st.integers(0, 60),
    end=st.none() | st.integers(0, 120),
    steps=st.frozensets(st.integers(0, 150), max_size=5),
)


def due_slowly(schedule, step, factor):
    if step in schedule.steps:
        return True
    if schedule.interval == 0:
        return False
    last = 10_000 if schedule.end is None else schedule.end
    return step in range(0, 10_000, schedule.interval * factor) and schedule.start <= step < last


@given(schedules, st.integers(1, 8))
def test_what_is_due_is_what_a_list_of_all_steps_says(schedule, factor):
    for step in range(200):
        assert schedule.is_due(step, factor) == due_slowly(schedule, step, factor)


def test_smdebugs_union_of_named_steps_and_interval():
    schedule = to_schedule({"interval": 100, "steps": [7, 250]})
    assert [step for step in range(400) if schedule.is_due(step)] == [0, 7, 100, 200, 250, 300]
    only = to_schedule({"steps": [7, 250]})
    assert [step for step in range(400) if only.is_due(step)] == [7, 250]


def test_what_is_said_for_a_mode_goes_before_what_is_said_for_all():
    found = to_schedules(
        {"interval": 10, "start": 5, "eval": {"interval": 2}, "PREDICT": False, "global": True}, ("TRAIN", "PREDICT")
    )
    assert found == {"TRAIN": Schedule(10, 5), "EVAL": Schedule(2, 5), "GLOBAL": Schedule(10, 5)}
    assert to_schedules({}, ("TRAIN",)) == {"TRAIN": EVERY}
    assert not NEVER.is_due(0)


@pytest.mark.parametrize(
    "settings",
    [
        {"interval": 0},
        {"interval": -1},
        {"interval": 1.5},
        {"interval": True},
        {"interval": "often"},
        {"start": -1},
        {"start": 5, "end": 5},
        {"end": "never"},
        {"steps": 7},
        {"steps": "7"},
        {"steps": [1, -2]},
        {"steps": [None]},
    ],
)
def test_what_has_no_sense_is_refused_in_one_line(settings):
    with pytest.raises(UsageError) as found:
        to_schedule(settings)
    assert "\n" not in str(found.value)


def test_numbers_of_numpy_and_whole_floats_are_steps():
    import numpy as np

    assert to_schedule({"interval": np.int64(3), "start": 4.0, "steps": np.array([1, 2])}) == Schedule(
        3, 4, None, frozenset({1, 2})
    )
