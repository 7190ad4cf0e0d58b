"""Rules over a recorded training find what they found during it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.findings.rules import Above, Total
from tests.kernel.findings.test_runner import Told

from labdeck.findings.replay import judge_recorded, windows
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.runner import Runner
from labdeck.findings.window import Window
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import MODES, Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.store.tensors.notes import Note
from labdeck.wire.debugging import FindingRecord


@dataclass
class Large(Rule):
    """A weight is far from zero: judged by the stored maximum, or else by the whole array."""

    limit: float = 1.0

    def needs(self) -> tuple[Need, ...]:
        """Need the largest weight, or all."""
        return (Need(collection="weights", reductions=("abs_max",)),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find large weights."""
        for name in window.select("weights"):
            value = window.value(name, "abs_max")
            if value > self.limit:
                yield Finding("a weight is large", name, value, self.limit, severity="error")


@dataclass
class Silence(Rule):
    """Nothing was heard for too long."""

    limit: float = 5.0

    def needs(self) -> tuple[Need, ...]:
        """Need nothing."""
        return ()

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find nothing."""
        del window
        return iter(())

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Find silence."""
        if idle > self.limit:
            yield Finding(f"silence after {steps} steps", "", idle, self.limit)


WEIGHTS = tuple(TensorInfo(f"{name}.weight", ("weights",), shape=(2,)) for name in ("a", "b"))
LOSS = TensorInfo("loss", ("losses",))
LAYOUTS = (
    make_layout([(LOSS, ("value",))]),
    make_layout([(LOSS, ("value",)), (WEIGHTS[0], ("abs_max",)), (WEIGHTS[1], ())]),
    make_layout([(WEIGHTS[0], ()), (WEIGHTS[1], ("abs_max", "mean"))]),
)
numbers = st.floats(-4, 4, width=32) | st.sampled_from([np.nan, np.inf])
steps = st.lists(
    st.tuples(
        st.sampled_from(MODES),
        st.sampled_from(range(len(LAYOUTS))),
        st.lists(numbers, min_size=3, max_size=3),
        st.dictionaries(st.sampled_from([info.name for info in WEIGHTS]), st.lists(numbers, min_size=2, max_size=2)),
    ),
    max_size=30,
)


def same(records: tuple[FindingRecord, ...] | list[FindingRecord]) -> list[FindingRecord]:
    """Return findings without what differs by nature."""
    return [msgspec.structs.replace(record, id="", trial_id="") for record in records]


@settings(max_examples=100, deadline=None)
@given(steps)
def test_what_was_recorded_is_judged_as_it_was_live(drawn: list) -> None:
    with TemporaryDirectory() as folder:
        files, trial_id = TensorFiles(Path(folder)), new_id()
        writer, told = files.writer(trial_id), Told()
        runner = Runner(trial_id, told)
        for rule in (Above(), Total(), Large()):
            runner.add(rule)
        counts = dict.fromkeys(MODES, 0)
        for total, (mode, number, values, whole) in enumerate(drawn):
            layout, moment = LAYOUTS[number], Moment(mode, counts[mode], total, 100.0 + total / 100)
            counts[mode] += 1
            row = np.array(values[: layout.width])
            arrays = {name: np.array(array, np.float32) for name, array in whole.items() if name in layout.by_name}
            writer.row(layout, moment, row)
            if arrays:
                writer.arrays(moment, {name: to_block(array) for name, array in arrays.items()})
            runner.judge(Window(moment, layout, row, arrays))
        runner.conclude()
        judged = judge_recorded(files.reader(trial_id), [Above(), Total(), Large()])
        assert same(judged.findings) == same(told.findings)
        assert [(each.name, each.evaluations, each.report, each.missing) for each in judged.rules] == [
            (each.name, each.evaluations, each.report, each.missing) for each in told.rules
        ]
        assert judged.steps == len(drawn)


def test_steps_of_which_arrays_alone_were_kept_come_in_their_order(tmp_path: Path) -> None:
    files, trial_id = TensorFiles(tmp_path), new_id()
    writer = files.writer(trial_id)
    for step in range(4):
        moment = Moment("TRAIN", step, step, 100.0 + step)
        if step % 2:
            writer.arrays(moment, {"a.weight": to_block(np.full(2, step, np.float32))})
        else:
            writer.row(LAYOUTS[1], moment, np.array([0.0, float(step)]))
    seen = [(window.step, window.value("a.weight", "abs_max")) for window in windows(files.reader(trial_id))]
    assert seen == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    judged = judge_recorded(files.reader(trial_id), [Large(limit=0.5)], trial_id=trial_id)
    assert [(each.step, each.last_step, each.count, each.trial_id) for each in judged.findings] == [(1, 3, 3, trial_id)]


def test_a_gap_between_steps_is_silence(tmp_path: Path) -> None:
    files, trial_id = TensorFiles(tmp_path), new_id()
    writer = files.writer(trial_id)
    for step, time in enumerate([100.0, 100.5, 110.0, 110.1]):
        writer.row(LAYOUTS[0], Moment("TRAIN", step, step, time), np.array([0.0]))
    (found,) = judge_recorded(files.reader(trial_id), [Silence()]).findings
    assert (found.message, found.value) == ("silence after 2 steps", 9.5)


def test_a_trial_without_tensors_has_no_findings(tmp_path: Path) -> None:
    judged = judge_recorded(TensorFiles(tmp_path).reader(new_id()), [Large()])
    assert (judged.findings, judged.steps) == ((), 0)
    assert judged.rules[0].missing == ""


CPU = make_layout([(TensorInfo("system/cpu", ("system",)), ("value",))])


@pytest.mark.parametrize("sampled", [False, True])
def test_a_machine_that_is_sampled_meanwhile_hides_no_silence(tmp_path: Path, sampled: bool) -> None:
    files, trial_id = TensorFiles(tmp_path), new_id()
    writer = files.writer(trial_id)
    writer.row(LAYOUTS[0], Moment("TRAIN", 0, 0, 100.0), np.array([0.0]))
    for number in range(11 if sampled else 0):
        writer.row(CPU, Moment("GLOBAL", number, 1, 100.5 + number), np.array([5.0]))
    writer.row(LAYOUTS[0], Moment("TRAIN", 1, 1, 111.0), np.array([0.0]))
    judged = judge_recorded(files.reader(trial_id), [Silence()])
    assert judged.steps == 2
    assert [(each.message, each.step) for each in judged.findings] == [("silence after 1 steps", 0)]
    assert [each.time for each in judged.findings] == ([105.5] if sampled else [111.0]), "as soon as it was known"


def test_a_training_that_never_went_on_is_told_by_the_samples_after_it(tmp_path: Path) -> None:
    files, trial_id = TensorFiles(tmp_path), new_id()
    writer = files.writer(trial_id)
    writer.row(LAYOUTS[0], Moment("TRAIN", 0, 0, 100.0), np.array([0.0]))
    for number in range(8):
        writer.row(CPU, Moment("GLOBAL", number, 1, 100.5 + number), np.array([5.0]))
    (found,) = judge_recorded(files.reader(trial_id), [Silence()]).findings
    assert (found.time, found.value) == (105.5, 5.5)


rests = st.lists(
    st.tuples(st.floats(0, 8), st.floats(0.01, 8), st.sampled_from(["step", "rest", "sample"])), max_size=12
)


@settings(max_examples=100, deadline=None)
@given(rests)
def test_time_in_which_nobody_trained_is_no_silence(drawn: list[tuple[float, float, str]]) -> None:
    with TemporaryDirectory() as folder:
        files, trial_id = TensorFiles(Path(folder)), new_id()
        writer, now, latest, longest = files.writer(trial_id), 100.0, 100.0, 0.0
        writer.row(LAYOUTS[0], Moment("TRAIN", 0, 0, now), np.array([0.0]))
        for number, (work, rest, kind) in enumerate(drawn, 1):
            now += work
            longest = max(longest, now - latest)
            if kind == "rest":
                now += rest
                writer.note(Moment("GLOBAL", 0, number, now), Note(rest=rest))
            elif kind == "sample":
                writer.row(CPU, Moment("GLOBAL", number, number, now), np.array([5.0]))
            else:
                writer.row(LAYOUTS[0], Moment("TRAIN", number, number, now), np.array([0.0]))
            latest = latest if kind == "sample" else now
        writer.row(LAYOUTS[0], Moment("TRAIN", len(drawn) + 1, len(drawn) + 1, now), np.array([0.0]))
        judged = judge_recorded(files.reader(trial_id), [Silence()])
        if abs(longest - Silence.limit) > 1e-6:
            assert bool(judged.findings) == (longest > Silence.limit)
