"""Shows a trial of smdebug's to Labdeck's rules as if Labdeck had recorded it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.compat.smdebug.collection import SCALAR_COLLECTIONS
from labdeck.compat.smdebug.exceptions import SMDebugError
from labdeck.compat.smdebug.mode_keys import ModeKeys, to_mode
from labdeck.findings.reductions import REDUCTIONS
from labdeck.findings.window import guess_collections
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.given import given
from labdeck.store.tensors.layout import Layout, TensorInfo, make_layout
from labdeck.store.tensors.notes import Note
from labdeck.store.tensors.reader import Row, TensorReader, TensorSeries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.compat.smdebug.tensor import Tensor
    from labdeck.compat.smdebug.trial import Trial
    from labdeck.wire.debugging import Mode

_TICK = 1e-3
"""Seconds that steps lie apart, of which no times are known."""


class TrialReader(TensorReader):
    """Reads a trial that smdebug wrote.

    Args:
        trial: The trial; steps that come later are not seen.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._layouts: dict[tuple[tuple[str, tuple[str, ...]], ...], Layout] = {}

    def refresh(self) -> bool:
        """Do nothing: what is there is read."""
        return False

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name in self._trial.tensor_names()}
        for collection in self._trial.collections():
            for name in self._trial.tensor_names(collection=collection):
                found[name].append(collection)
        guess = {name: () if "losses" in inside else guess_collections(name) for name, inside in found.items()}
        return {name: tuple(dict.fromkeys([*inside, *guess[name]])) for name, inside in found.items()}

    def _info(self, name: str) -> TensorInfo:
        return TensorInfo(name, self._members[name])

    def _is_scalar(self, name: str) -> bool:
        return name.startswith("scalar/") or not SCALAR_COLLECTIONS.isdisjoint(self._members[name])

    def tensors(self) -> dict[str, TensorInfo]:
        """Return every tensor."""
        return {name: self._info(name) for name in self._members}

    def moments(self, mode: Mode | None = None) -> list[Moment]:
        """Return all steps."""
        found = []
        for step in self._trial.steps():
            kind, number = self._trial.mode_modestep(step)
            if kind is not None and number is not None and mode in (None, kind.name):
                found.append(Moment(to_mode(kind), number, step, step * _TICK))
        return found

    def notes(self) -> list[tuple[Moment, Note]]:
        """Return nothing: smdebug wrote neither lines of source nor when nobody trained."""
        return []

    def rows(self, mode: Mode | None = None) -> Iterator[Row]:
        """Yield the reductions and the single numbers of each step."""
        for moment in self.moments(mode):
            parts: list[tuple[str, tuple[str, ...]]] = []
            row: list[float] = []
            for name in self._trial.tensor_names(step=moment.global_step):
                numbers = self._numbers(name, moment.global_step)
                parts.append((name, tuple(numbers)))
                row += numbers.values()
            key = tuple(parts)
            if key not in self._layouts:
                self._layouts[key] = make_layout([(self._info(name), reductions) for name, reductions in parts])
            yield Row(moment, self._layouts[key], np.array(row, np.float64))

    def _numbers(self, name: str, step: int) -> dict[str, float]:
        tensor = self._trial.tensor(name)
        try:
            if self._is_scalar(name) and (value := tensor.value(step)).size == 1:
                return {"value": given(float(value.reshape(-1)[0]))}  # a row has what was saved at its step, no more
            found = {
                ("abs_" if absolute else "") + reduction: float(np.asarray(value).reshape(-1)[0])
                for (reduction, absolute), value in tensor.reduction_values(step).items()
            }
        except (SMDebugError, ValueError, TypeError):  # it is damaged, or no number
            return {}
        return {reduction: value for reduction, value in found.items() if reduction in REDUCTIONS}

    def series(self, name: str, reduction: str, mode: Mode | None = None) -> TensorSeries:
        """Return one reduction of a tensor over the steps, computed where it was not saved."""
        tensor, found = self._trial.tensor(name), []
        for moment in self.moments(mode):
            value = _reduction(tensor, moment.global_step, reduction)
            if value is not None:
                found.append((moment, value))
        moments = [moment for moment, _ in found]
        return TensorSeries(
            tuple(moment.mode for moment in moments),
            np.array([moment.step for moment in moments], np.int64),
            np.array([moment.global_step for moment in moments], np.int64),
            np.array([moment.time for moment in moments], np.float64),
            np.array([value for _, value in found], np.float64),
        )

    def reductions(self, name: str) -> tuple[str, ...]:
        """Return the reductions that were saved of a tensor."""
        return tuple(
            dict.fromkeys(key for step in self._trial.tensor(name).steps() for key in self._numbers(name, step))
        )

    def array_moments(self, name: str = "", mode: Mode | None = None) -> list[Moment]:
        """Return the steps at which whole tensors were saved."""
        found = self.moments(mode)
        return [moment for moment in found if (name in self.array_names(moment.mode, moment.step) if name else True)]

    def array_counts(self) -> dict[str, int]:
        """Return at how many steps whole arrays of each tensor were saved."""
        counts = Counter(name for at in self.moments() for name in self.array_names(at.mode, at.step))
        return dict(counts)

    def array_names(self, mode: Mode, step: int) -> tuple[str, ...]:
        """Return the tensors that were saved at a step."""
        return tuple(
            name for name in self._trial.tensor_names(step=step, mode=ModeKeys[mode]) if not self._is_scalar(name)
        )

    def array(self, name: str, mode: Mode, step: int) -> NDArray[Any] | None:
        """Return a whole tensor, None if it was not saved."""
        try:
            return self._trial.tensor(name).value(step, mode=ModeKeys[mode])
        except SMDebugError:
            return None


def _reduction(tensor: Tensor, step: int, reduction: str) -> float | None:
    try:
        if reduction == "value":
            return float(tensor.value(step).reshape(-1)[0])
        plain, absolute = reduction.removeprefix("abs_"), reduction.startswith("abs_")
        return float(tensor.reduction_value(step, plain, abs=absolute))
    except (SMDebugError, ValueError, TypeError):
        return None
