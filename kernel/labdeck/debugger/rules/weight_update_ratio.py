"""Weights that change too much or too little from step to step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker, is_bias, is_frozen
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode

_WEIGHTS, _UPDATES = Picker("weights"), Picker("updates")
_UPDATE = "update/"


def update_ratio(now: NDArray[Any], before: NDArray[Any], epsilon: float) -> float:
    """Return the mean over the elements of |now - before| / (|before| + epsilon); NaN if all were zero before.

    Example:
        >>> update_ratio(np.array([1.1, 5.0]), np.array([1.0, 0.0]), 1e-9)  # doctest: +ELLIPSIS
        0.0999...
    """
    old = np.abs(before, dtype=np.float64)
    kept = old > 0
    if not kept.any():
        return np.nan
    change = np.abs(np.subtract(now, before, dtype=np.float64))
    return float(np.mean(change[kept] / (old[kept] + epsilon)))


@dataclass
class WeightUpdateRatio(Rule):
    """The weights of a layer change too much or too little in a step.

    How far one step moves the weights, compared with how large they are, says whether the learning rate fits. A ratio
    far above one overwrites what was learned: the loss jumps or diverges. One near zero leaves the layer as it is: it
    is frozen, it is not in the optimizer, its gradient vanishes, or the learning rate is too low for it. About 1e-3 is
    common in healthy trainings.

    What helps: raise or lower the learning rate, for this layer too; clip gradients; warm up; make sure that the
    optimizer was given the layer's parameters. (The rule LearningRate looks at all layers together.)

    Formula: r = mean(|w(t) - w(t-k)| / (|w(t-k)| + epsilon)) over the elements; r > large_threshold or r <
    small_threshold. Elements that were exactly zero at t-k are left out: no change is small against nothing. Weights
    without a gradient, where others have one, are taken for frozen on purpose. The rule and its parameters are
    SageMaker's, whose documentation leaves the formula open. It needs whole weights; where only `update/…` was
    recorded, that ratio, |w(t) - w(t-1)|₂ / |w(t-1)|₂, is judged in its place.

    Attributes:
        num_steps: The weights are compared every so many steps; None for each step that was recorded.
        large_threshold: Largest healthy ratio.
        small_threshold: Smallest healthy ratio.
        epsilon: Keeps the division away from zero.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = WeightUpdateRatio()
        >>> windows = [window_of({"fc.weight": [value, value]}, step) for step, value in enumerate([0.5, 10.0])]
        >>> [round(found.value) for window in windows for found in rule.judge(window)]
        [19]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "adapt the learning rate, and check that the optimizer was given this layer's parameters"

    num_steps: int | None = bounded(None, least=1)
    large_threshold: float = bounded(10.0, above=0)
    small_threshold: float = bounded(1e-8, least=0)
    epsilon: float = bounded(1e-9, least=0)
    _past: dict[tuple[str, Mode], tuple[int, NDArray[Any]]] = field(init=False, repr=False, default_factory=dict)
    _trains: bool = field(init=False, repr=False, default=False)

    def needs(self) -> tuple[Need, ...]:
        """Return the weights, whole, and the update ratios in their place."""
        modes: tuple[Mode, ...] = ("TRAIN", "GLOBAL")
        return (*_WEIGHTS.needs(arrays=True, modes=modes), *_UPDATES.needs(modes=("TRAIN",), optional=True))

    def rhythm(self) -> int:
        """Return every how many steps the weights are compared."""
        return self.num_steps or 1

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the weights whose ratio is beyond a limit; of GLOBAL steps only if there are none of TRAIN."""
        self._trains |= window.mode == "TRAIN"
        if window.mode not in ("TRAIN", "GLOBAL") or (self._trains and window.mode == "GLOBAL"):
            return
        judged = set()
        for name in _WEIGHTS.names(window):
            array = window.array(name)
            if array is not None and array.size:
                judged.add(name)
                yield from self._look(window, name, self._ratio(window, name, array))
        if self.num_steps in (None, 1):
            names, values = _UPDATES.read(window, "value")
            for name, value in zip(names, values.tolist(), strict=True):
                weight = name.removeprefix(_UPDATE)
                if weight not in judged and not is_bias(window, weight):
                    yield from self._look(window, weight, value)

    def _ratio(self, window: Window, name: str, array: NDArray[Any]) -> float:
        key = (name, window.mode)
        past = self._past.get(key)
        if past is not None and past[1].shape == array.shape:
            if window.step - past[0] < (self.num_steps or 1):
                return np.nan
            ratio = update_ratio(array, past[1], self.epsilon)
            past[1][...] = array
            self._past[key] = (window.step, past[1])
            return ratio
        self._past[key] = (window.step, np.array(array))
        return np.nan

    def _look(self, window: Window, name: str, ratio: float) -> Iterator[Finding]:
        if ratio > self.large_threshold:
            message = f"{name} changes by {ratio:.3g} times its size in a step"
            yield Finding(message, name, ratio, self.large_threshold)
        elif ratio < self.small_threshold and not is_frozen(window, name):
            yield Finding(f"{name} hardly changes: by {ratio:.3g} of its size", name, ratio, self.small_threshold)
