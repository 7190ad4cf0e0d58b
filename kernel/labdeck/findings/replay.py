"""The same rules over a training that was recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labdeck.findings.runner import Runner
from labdeck.findings.samples import is_sample
from labdeck.findings.window import Window
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.wire.commands import PutFinding, PutRules
from labdeck.wire.debugging import FindingRecord, RuleRecord

if TYPE_CHECKING:
    from labdeck.findings.rule import Rule, Surroundings
    from labdeck.store.tensors.frames import Moment
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.commands import AnyCommand

GAP = 1.0
"""Seconds between two steps from which on rules that watch for silence are asked."""
_NO_TRIAL = "0" * 32


class Judgement(NamedTuple):
    """What rules say of a training that was recorded.

    Attributes:
        findings: What they found, in the order in which they found it.
        rules: The rules, with what they lack, what they cost, and what they report.
        steps: How many recorded steps there were; samples of the machine are none.
    """

    findings: tuple[FindingRecord, ...]
    rules: tuple[RuleRecord, ...]
    steps: int


def judge_recorded(
    reader: TensorReader,
    rules: Iterable[Rule],
    surroundings: Surroundings | None = None,
    *,
    trial_id: str = _NO_TRIAL,
) -> Judgement:
    """Let rules judge what was recorded, step after step, as they would have during the training.

    They see what is stored: the reductions and whole arrays that were saved. Nothing is written and nothing is done.

    Args:
        reader: Of the training's tensors.
        rules: New ones: a rule keeps a state.
        surroundings: What they may ask for beside the steps.
        trial_id: What the findings say which trial they are of.

    Raises:
        UsageError: A rule cannot begin.
    """
    found: dict[str, FindingRecord] = {}
    last: list[tuple[RuleRecord, ...]] = [()]

    def keep(*commands: AnyCommand) -> None:
        for command in commands:
            if isinstance(command, PutFinding):
                found[command.finding.id] = command.finding
            elif isinstance(command, PutRules):
                last[0] = command.rules

    runner = Runner(trial_id, keep, surroundings=surroundings)
    for rule in rules:
        runner.add(rule)
    silence = _Silence(runner, reader)
    for window in windows(reader):
        silence.before(window)
        runner.judge(window)
        silence.after(window)
    runner.conclude()
    return Judgement(tuple(found.values()), last[0], silence.steps)


class _Silence:
    """Asks rules about the time in which nothing was heard of a training, as they were asked while it ran.

    Samples of the machine are no sign of life: they go on while a training stands still, and tell that it did.
    """

    def __init__(self, runner: Runner, reader: TensorReader) -> None:
        self._runner = runner
        self._rests = deque((moment.time, note.rest) for moment, note in reader.notes() if note.rest)
        self._latest: float | None = None
        self.steps = 0

    def before(self, window: Window) -> None:
        """Look at the time up to a step or a sample, less the rests in which nobody trained."""
        while self._rests and self._rests[0][0] <= window.time:
            end, rest = self._rests.popleft()
            self._ask(end - rest)
            self._latest = end
        self._ask(window.time)

    def after(self, window: Window) -> None:
        """Take a step for a sign of life."""
        is_step = not is_sample(window.mode, window.layout)
        self.steps += is_step
        if is_step or self._latest is None:
            self._latest = window.time

    def _ask(self, now: float) -> None:
        if self._latest is not None and now - self._latest > GAP:
            self._runner.wait(now - self._latest, self.steps, now)


def windows(reader: TensorReader) -> Iterator[Window]:
    """Yield what was recorded as rules see it, step after step; whole arrays are read when they are looked at."""
    kept = {_key(moment): moment for moment in reader.array_moments()}
    origins = {_key(moment): note.origins for moment, note in reader.notes() if note.origins}
    rows = list(reader.rows()) if kept else reader.rows()
    alone = kept.keys() - {_key(row.moment) for row in rows} if kept else set()
    waiting = [kept[key] for key in kept if key in alone]
    tensors = reader.tensors() if waiting else {}
    for row in rows:
        while waiting and _order(waiting[0]) <= _order(row.moment):
            moment = waiting.pop(0)
            yield _arrays_alone(reader, moment, tensors, origins.get(_key(moment)))
        arrays = None
        if _key(row.moment) in kept:
            names = reader.array_names(row.moment.mode, row.moment.step)
            arrays = _Arrays(reader, row.moment, tuple(name for name in names if name in row.layout.by_name))
        yield Window(row.moment, row.layout, row.values, arrays, origins.get(_key(row.moment)))
    for moment in waiting:
        yield _arrays_alone(reader, moment, tensors, origins.get(_key(moment)))


def _arrays_alone(
    reader: TensorReader, moment: Moment, tensors: Mapping[str, TensorInfo], origins: Mapping[str, str] | None
) -> Window:
    """Return a step of which whole arrays were kept, but no row."""
    names = reader.array_names(moment.mode, moment.step)
    layout = make_layout([(tensors.get(name, TensorInfo(name)), ()) for name in names])
    return Window(moment, layout, np.empty(0), _Arrays(reader, moment, names), origins)


class _Arrays(Mapping[str, Any]):
    """The whole arrays of one step, read when they are asked for."""

    def __init__(self, reader: TensorReader, moment: Moment, names: tuple[str, ...]) -> None:
        self._reader = reader
        self._moment = moment
        self._names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._reader.array(name, self._moment.mode, self._moment.step)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


def _key(moment: Moment) -> tuple[str, int, int]:
    return moment.mode, moment.step, moment.global_step


def _order(moment: Moment) -> tuple[float, int]:
    return moment.time, moment.global_step
