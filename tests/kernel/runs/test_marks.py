"""Where findings stand on curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck import SeriesKey, Studio
from labdeck.runs.marks import MOST_MARKS, gather, step_at
from labdeck.store.contract import Series
from labdeck.store.ids import new_id
from labdeck.wire.commands import Dismiss, PutFinding
from labdeck.wire.debugging import FindingRecord


def series(steps, times):
    return Series(np.array(steps, dtype=np.int64), np.array(times, dtype=np.float64), np.zeros(len(steps)))


def record(step=1, time=1.0, **more):
    values = {"id": new_id(), "trial_id": "0" * 32, "rule": "R", "severity": "warning", "mode": "TRAIN"}
    values |= {"step": step, "last_step": step, "time": time, "last_time": time, "message": "m"}
    return FindingRecord(**(values | more))


def test_the_own_step_where_the_metric_counts_the_same():
    every = series(range(100), np.arange(100) * 0.1)
    assert step_at(every, 4.05, 40) == 40
    assert step_at(every, 3.95, 40) == 40, "judged before the metric of the step was logged"
    tenth = series([0, 10, 20], [0.0, 1.0, 2.0])
    assert step_at(tenth, 1.35, 13) == 13


def test_the_place_in_time_where_the_metric_counts_epochs():
    epochs = series([1, 2, 3], [10.0, 20.0, 30.0])
    assert step_at(epochs, 15.0, 700) == pytest.approx(1.5)
    assert step_at(epochs, 5.0, 3) == 1
    assert step_at(epochs, 99.0, 900) == 3


def test_what_is_judged_afterwards_stands_at_its_step():
    assert step_at(series(range(100), np.arange(100) * 0.1), 5000.0, 40) == 40


def test_one_point_alone():
    assert step_at(series([5], [1.0]), 0.0, 70) == 5
    assert step_at(series([5], [1.0]), 2.0, 5) == 5


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 100)), min_size=1, max_size=20),
    st.floats(-10, 110),
    st.integers(0, 10_000),
)
def test_a_mark_is_always_within_the_curve(points, time, step):
    points.sort(key=lambda point: point[1])
    line = series([s for s, _ in points], [t for _, t in points])
    assert line.steps.min() <= step_at(line, time, step) <= line.steps.max()


def test_findings_of_a_rule_at_a_place_are_one_mark():
    found = [
        record(tensor="a"),
        record(tensor="b", severity="error", time=0.5),
        record(tensor="a"),
        record(rule="Q", severity="info"),
    ]
    marks = gather(found, [2.0, 2.0, 2.0, 2.0])
    (many,) = (mark for mark in marks if mark.rule == "R")
    assert (many.count, many.tensors, many.severity) == (3, ("b", "a"), "error")
    assert len(marks) == 2


def test_marks_are_few_and_from_left_to_right():
    found = [record(step) for step in range(200)]
    marks = gather(found, [float(200 - n) for n in range(200)])
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)
    assert len(marks) == MOST_MARKS


def test_a_trial_tells_its_marks_on_every_axis(tmp_path):
    with Studio(tmp_path / "store") as studio:
        with studio.experiment("digits").trial("a") as trial:
            for step in range(20):
                trial.log(loss=1.0, step=step)
        studio.session.flush()
        started = studio.session.catalog.trial(trial.id).started
        one = record(7, started + 2.0, trial_id=trial.id)
        gone = record(9, started + 2.0, trial_id=trial.id)
        studio.session.catalog.apply([PutFinding(finding=one), PutFinding(finding=gone), Dismiss(ids=(gone.id,))])

        def places(x, *keys):
            return [mark.x for mark in studio.comparing.marks(trial.id, keys, x)]

        loss = SeriesKey("", "loss")
        assert places("time", loss) == [started + 2.0]
        assert places("relative", loss) == pytest.approx([2.0])
        assert places("step", loss) == [7.0]
        assert places("step", SeriesKey("", "no such")) == [7.0]
        assert studio.comparing.marks(new_id(), [loss]) == []
