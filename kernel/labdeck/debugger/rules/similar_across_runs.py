"""Trainings that do the same as others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker, texts
from labdeck.errors import UsageError
from labdeck.findings.rule import Finding, Need, Rule, Surroundings
from labdeck.findings.window import Window
from labdeck.store.tensors.reader import TensorReader
from labdeck.wire.debugging import Mode

_FINGERPRINT = ("value", "mean", "std", "l2", "min", "max")
_ASKED = ("mean", "std", "l2")
_RTOL, _ATOL = 1e-5, 1e-8


class _Other:
    """The tensors of another trial, each series read once, and again when the trial has grown."""

    def __init__(self, ref: str, reader: TensorReader) -> None:
        self.ref = ref
        self._reader = reader
        self._series: dict[tuple[str, str, Mode], tuple[int, dict[int, float]]] = {}

    def value(self, name: str, reduction: str, mode: Mode, step: int) -> float | None:
        key = (name, reduction, mode)
        found = self._series.get(key)
        if found is None or (step > found[0] and self._reader.refresh()):
            series = self._reader.series(name, reduction, mode)
            steps = series.steps.tolist()
            found = max(steps, default=-1), dict(zip(steps, series.values.tolist(), strict=True))
            self._series[key] = found
        return found[1].get(step)

    def is_like(self, window: Window, name: str) -> bool:
        """Say whether a tensor was the same at this step: the whole array if both have it, else all common figures."""
        array = window.array(name)
        if array is not None:
            kept = self._reader.array(name, window.mode, window.step)
            if kept is not None:
                return kept.shape == array.shape and np.allclose(array, kept, rtol=_RTOL, atol=_ATOL)
        pairs = [
            (window.value(name, reduction), other)
            for reduction in _FINGERPRINT
            if (array is not None or window.layout.place(name, reduction) is not None)
            if (other := self.value(name, reduction, window.mode, window.step)) is not None
        ]
        return bool(pairs) and all(_close(mine, other) for mine, other in pairs)


def _close(mine: float, other: float) -> bool:
    """Say what numpy.isclose says of two numbers, in a hundredth of the time."""
    return mine == other or abs(mine - other) <= _ATOL + _RTOL * abs(other) < np.inf


@dataclass
class SimilarAcrossRuns(Rule):
    """A tensor is the same as in another trial at the same step.

    Two trainings that are meant to differ should have different weights and losses. Where they are alike, what was
    changed had no effect: a parameter that is read nowhere, the wrong checkpoint, a fixed seed and an argument that was
    overwritten, a layer that is frozen. (Where they are meant to be alike, the rule proves that they are.)

    What helps: compare the parameters and the code of both trials; follow the parameter that should make the difference
    to where it is used; look for the first step at which the trials do differ.

    Formula: numpy.allclose(t, t') with rtol 1e-5 and atol 1e-8 for the whole tensors where both trials kept them; else
    the same for mean, deviation, norm and extremes, as far as both recorded them, all of them together. The rule and
    its parameters are SageMaker's.

    Attributes:
        other_trials: Names or ids of other trials; text parts them by commas. Required.
        collection_names: The collections to look at; text parts them by commas. Default, without a pattern: weights.
        tensor_regex: The tensors to look at, by name.

    Raises:
        UsageError: No other trial was given.
        NotFound: There is no such trial.

    Example:
        >>> SimilarAcrossRuns(other_trials="cnn-7", collection_names="weights,losses").params()["other_trials"]
        'cnn-7'
    """

    severity: ClassVar = "info"
    remedy: ClassVar[str] = "compare the parameters and the code of both trials: what was changed has no effect here"

    other_trials: str | tuple[str, ...] = ""
    collection_names: str | None = None
    tensor_regex: str | None = None
    _picker: Picker = field(init=False, repr=False)
    _others: list[_Other] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        if not texts(self.other_trials):
            raise UsageError("SimilarAcrossRuns has nothing to compare with", "name the trials in other_trials")
        self._picker = Picker(self.collection_names, self.tensor_regex, "weights")

    def begin(self, surroundings: Surroundings) -> None:
        """Open the other trials; NotFound."""
        self._others = [_Other(ref, surroundings.other_trial(ref)) for ref in texts(self.other_trials)]

    def needs(self) -> tuple[Need, ...]:
        """Return mean, deviation and norm of each tensor."""
        return (*self._picker.needs(*_ASKED, optional=True), *self._picker.there())

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the tensors that are the same in another trial."""
        for name in self._picker.names(window):
            for other in self._others:
                if other.is_like(window, name):
                    yield Finding(f"{name} is the same as in trial {other.ref} at step {window.step}", name)
