"""What is stored of a trial, as reports ask for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from labdeck.store.contract import SeriesKey
from labdeck.store.objective import SYSTEM
from labdeck.store.tensors.frames import MODES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from labdeck.store.contract import Series
    from labdeck.store.session import Session
    from labdeck.store.tensors.layout import TensorInfo
    from labdeck.store.tensors.reader import TensorReader, TensorSeries
    from labdeck.wire.debugging import DebuggerDetail, FindingRecord, Mode
    from labdeck.wire.records import TrialDetail

_MOST_FINDINGS = 1000


class Facts:
    """Reads one trial; what was read once is not read again.

    Args:
        session: The store.
        trial_id: The trial.

    Raises:
        NotFound: There is no such trial.
    """

    def __init__(self, session: Session, trial_id: str) -> None:
        self.session = session
        self.trial_id = trial_id
        self.detail: TrialDetail = session.catalog.detail(trial_id)
        self.debugger: DebuggerDetail = session.catalog.debugger(trial_id)
        self.reader: TensorReader = session.tensors.reader(trial_id)

    @property
    def name(self) -> str:
        """The experiment's and the trial's name."""
        return f"{self.detail.trial.experiment} / {self.detail.trial.name}"

    @cached_property
    def tensors(self) -> dict[str, TensorInfo]:
        """What was recorded, by name."""
        return self.reader.tensors()

    @cached_property
    def findings(self) -> tuple[FindingRecord, ...]:
        """What rules found, oldest first."""
        page = self.session.catalog.findings(trial_id=self.trial_id, dismissed=True, limit=_MOST_FINDINGS)
        return tuple(sorted(page.findings, key=lambda found: (found.time, found.rule)))

    @cached_property
    def steps(self) -> dict[Mode, int]:
        """How many steps of each mode were recorded; samples of the machine are none."""
        counts: dict[Mode, int] = dict.fromkeys(MODES, 0)
        for moment in self.reader.moments():
            counts[moment.mode] += 1
        if self.inside("system"):
            counts["GLOBAL"] = 0
        return {mode: count for mode, count in counts.items() if count}

    def inside(self, *collections: str) -> list[str]:
        """Return the tensors that are in one of these collections, in the model's order."""
        return [name for name, info in self.tensors.items() if not set(collections).isdisjoint(info.collections)]

    def series(self, name: str, reduction: str = "value", mode: Mode | None = None) -> TensorSeries:
        """Return one reduction of a tensor over the steps."""
        return self.reader.series(name, reduction, mode)

    def capture(self, kind: str) -> dict[str, Any]:
        """Return what was captured of the trial's surroundings, empty if nothing was."""
        return next((capture.body for capture in self.detail.captures if capture.kind == kind), {})

    def metrics(self) -> list[tuple[str, Series]]:
        """Return the metrics that were logged, by name, with their points; what the machine did is not among them."""
        return [
            (
                f"{metric.component}: {metric.name}" if metric.component else metric.name,
                self.session.columns.series(self.trial_id, SeriesKey(metric.component, metric.name)),
            )
            for metric in self.detail.metrics
            if metric.component != SYSTEM
        ]

    @cached_property
    def _across(self) -> dict[tuple[Mode, int], int]:
        """The training step that came before each step of another mode."""
        across: dict[tuple[Mode, int], int] = {}
        last = 0
        for moment in sorted(self.reader.moments(), key=lambda moment: moment.global_step):
            if moment.mode == "TRAIN":
                last = moment.step
            else:
                across[moment.mode, moment.step] = last
        return across

    def training_step(self, found: FindingRecord) -> int:
        """Return where on the axis of training steps a finding lies: each mode counts its own steps."""
        if found.mode in ("EVAL", "PREDICT"):
            return self._across.get((found.mode, found.step), self._at(found.time))
        return found.step

    def _at(self, time: float) -> int:
        """Return the training step that was recorded last before a time, 0 if none was."""
        return max((moment.step for moment in self.reader.moments("TRAIN") if moment.time <= time), default=0)

    def grid(
        self, names: Sequence[str], reduction: str, mode: Mode = "TRAIN"
    ) -> tuple[NDArray[np.int64], np.ma.MaskedArray[Any, Any]]:
        """Return the steps, and one reduction of tensors, float64 (tensors, steps), masked where none was kept."""
        found = [self.series(name, reduction, mode) for name in names]
        steps = np.unique(np.concatenate([one.steps for one in found])) if found else np.empty(0, np.int64)
        table = np.ma.MaskedArray(np.zeros((len(names), len(steps))), mask=True)
        for row, one in enumerate(found):
            table[row, np.searchsorted(steps, one.steps)] = one.values
        return steps, table
