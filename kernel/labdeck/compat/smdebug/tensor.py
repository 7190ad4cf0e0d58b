"""One tensor of a trial, over its steps."""

from __future__ import annotations

import bisect
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from labdeck.compat.smdebug.exceptions import (
    InvalidWorker,
    NoMoreData,
    ShapeUnavailableForStep,
    StepNotYetAvailable,
    StepUnavailable,
    TensorUnavailableForStep,
)
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.reductions import get_numpy_reduction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.compat.smdebug.source import Batch


class StepState(Enum):
    """How a step stands: skipped, there, or still to come."""

    UNAVAILABLE = 0
    AVAILABLE = 1
    NOT_YET_AVAILABLE = 2


class TrialOfTensor(Protocol):
    """What a tensor asks its trial for."""

    cache: bool
    loaded_all_steps: bool

    def maybe_refresh(self) -> None:
        """Look for news."""

    def batches(self) -> list[Batch]:
        """Return everything that was saved so far, in the order in which it was seen."""

    def is_complete(self, global_step: int) -> bool:
        """Tell whether all workers have saved a step."""

    def has_passed_step(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> StepState:
        """Tell how a step stands."""

    def steps(self, mode: ModeKeys | None = ModeKeys.GLOBAL, show_incomplete_steps: bool = False) -> list[int]:
        """Return steps."""


_When = tuple[ModeKeys, int]


class Tensor:
    """A tensor of a trial; get one from `trial.tensor(name)`.

    Steps are global ones unless a mode is given. Whoever asks for a step that is not there gets StepUnavailable (it was
    not saved), TensorUnavailableForStep (others were saved then), StepNotYetAvailable or NoMoreData.

    Attributes:
        name: What it is called.
    """

    def __init__(self, name: str, trial: TrialOfTensor) -> None:
        self.name = name
        self.original_name: str | None = None
        self.trial = trial
        self._at: dict[_When, dict[str, list[Batch]]] = {}
        self._global: dict[int, _When] = {}
        self._cached: dict[tuple[_When, str], NDArray[Any]] = {}
        self._seen = 0

    def _look(self) -> None:
        """Take in what the trial has come to know."""
        batches = self.trial.batches()
        for batch in batches[self._seen :]:
            if self.name in batch.names:
                when = (batch.mode, batch.mode_step)
                self._global[batch.global_step] = when
                self._at.setdefault(when, {}).setdefault(batch.worker, []).append(batch)
        self._seen = len(batches)

    def steps(self, mode: ModeKeys = ModeKeys.GLOBAL, show_incomplete_steps: bool = False) -> list[int]:
        """Return the steps at which it was saved, those that some workers have still to save only if asked for."""
        self.trial.maybe_refresh()
        self._look()
        return [
            step if mode is ModeKeys.GLOBAL else when[1]
            for step, when in sorted(self._global.items())
            if mode in (ModeKeys.GLOBAL, when[0]) and (show_incomplete_steps or self.trial.is_complete(step))
        ]

    def prev_steps(self, step: int, n: int | None = None, mode: ModeKeys = ModeKeys.GLOBAL) -> list[int]:
        """Return the last n of its steps up to and with a step; all of them without n."""
        steps = self.steps(mode=mode)
        before = steps[: bisect.bisect_right(steps, step)]
        return before if n is None else before[max(0, len(before) - n) :]

    def value(self, step_num: int, mode: ModeKeys = ModeKeys.GLOBAL, worker: str | None = None) -> NDArray[Any]:
        """Return the array of a step, that of the first worker unless one is named."""
        when, chosen, batches = self._found(step_num, mode, worker)
        if (when, chosen) in self._cached:
            return self._cached[when, chosen]
        for batch in reversed(batches):
            if batch.has_value(self.name):
                value = batch.value(self.name)
                if self.trial.cache:
                    self._cached[when, chosen] = value
                return value
        reduced = any(batch.reductions(self.name) for batch in batches)
        raise TensorUnavailableForStep(self.name, step_num, mode, has_reductions=reduced)

    def values(self, mode: ModeKeys = ModeKeys.GLOBAL, worker: str | None = None) -> dict[int, NDArray[Any]]:
        """Return steps to arrays."""
        return {step: self.value(step, mode, worker) for step in self.steps(mode=mode)}

    def reduction_value(
        self,
        step_num: int,
        reduction_name: str,
        mode: ModeKeys = ModeKeys.GLOBAL,
        worker: str | None = None,
        abs: bool = False,  # noqa: A002 - as scripts say it
    ) -> Any:
        """Return a reduction: as it was saved, else computed from the array.

        Args:
            step_num: As of `value`.
            mode: As of `value`.
            worker: As of `value`.
            reduction_name: min, max, mean, median, std, variance, sum, prod, l1 or l2.
            abs: Of the absolute values.

        Raises:
            TensorUnavailableForStep: Neither the reduction nor the array was saved.
            SMDebugValueError: There is no such reduction.
        """
        for batch in reversed(self._found(step_num, mode, worker)[2]):
            if (reduction_name, abs) in batch.reductions(self.name):
                return batch.reduction(self.name, reduction_name, abs)
        return get_numpy_reduction(reduction_name, self.value(step_num, mode, worker), abs)

    def reduction_values(
        self, step_num: int, mode: ModeKeys = ModeKeys.GLOBAL, worker: str | None = None
    ) -> dict[tuple[str, bool], Any]:
        """Return the reductions that were saved: name and whether it is of the absolute values, to number."""
        batches = self._found(step_num, mode, worker)[2]
        return {key: batch.reduction(self.name, *key) for batch in batches for key in batch.reductions(self.name)}

    def shape(self, step_num: int, mode: ModeKeys = ModeKeys.GLOBAL, worker: str | None = None) -> tuple[int, ...]:
        """Return the shape: as it was saved, else that of the array; ShapeUnavailableForStep."""
        batches = self._found(step_num, mode, worker)[2]
        if any(batch.has_value(self.name) for batch in batches):
            return tuple(self.value(step_num, mode, worker).shape)
        for batch in reversed(batches):
            shape = batch.shape(self.name)
            if shape is not None:
                return shape
        raise ShapeUnavailableForStep(self.name, step_num, mode)

    def shapes(self, mode: ModeKeys = ModeKeys.GLOBAL, worker: str | None = None) -> dict[int, tuple[int, ...]]:
        """Return steps to shapes."""
        return {step: self.shape(step, mode, worker) for step in self.steps(mode=mode)}

    def workers(self, step_num: int, mode: ModeKeys = ModeKeys.GLOBAL) -> list[str]:
        """Return who has saved it at a step; TensorUnavailableForStep when nobody has."""
        found = self._workers_at(step_num, mode)
        if not found:
            raise TensorUnavailableForStep(self.name, step_num, mode)
        return sorted(found)

    def _workers_at(self, step: int, mode: ModeKeys) -> dict[str, list[Batch]]:
        self._look()
        when = self._global.get(step) if mode is ModeKeys.GLOBAL else (mode, step)
        return self._at.get(when, {}) if when else {}

    def _found(self, step: int, mode: ModeKeys, worker: str | None) -> tuple[_When, str, list[Batch]]:
        """Return when it was, who saved it, and what: one batch, or more where a step was saved in pieces."""
        found = self._workers_at(step, mode)
        if not found:
            self.trial.maybe_refresh()
            found = self._workers_at(step, mode)
        if not found:
            raise self._missing(step, mode)
        if worker is not None and worker not in found:
            raise InvalidWorker(worker)
        chosen = worker or min(found)
        first = found[chosen][0]
        return (first.mode, first.mode_step), chosen, found[chosen]

    def _missing(self, step: int, mode: ModeKeys) -> Exception:
        state = self.trial.has_passed_step(step, mode)
        if state is StepState.AVAILABLE:
            return TensorUnavailableForStep(self.name, step, mode)
        if state is StepState.NOT_YET_AVAILABLE:
            return StepNotYetAvailable(step, mode)
        last = max(self.trial.steps(mode, show_incomplete_steps=True), default=-1)
        if self.trial.loaded_all_steps and step > last:
            return NoMoreData(step, mode, last)
        return StepUnavailable(step, mode)

    def __repr__(self) -> str:
        return f"Tensor({self.name!r})"
