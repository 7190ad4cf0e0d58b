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
_LASTS = 5
"""Steps over which a weight must hardly change: warm-ups begin at a rate of zero, and loss scalers leave steps out."""


def update_ratio(now: NDArray[Any], before: NDArray[Any], epsilon: float) -> float:
    """Return the mean over the elements of |now - before| / (|before| + epsilon); NaN if all were zero before.

    Example:
        >>> update_ratio(np.array([1.1, 5.0]), np.array([1.0, 0.0]), 1e-9)  # doctest: +ELLIPSIS
        0.0999...
    """
    old = np.abs(before) if np.iscomplexobj(before) else np.abs(before, dtype=np.float64)
    kept = old > 0
    if not kept.any():
        return np.nan
    change = np.abs(np.subtract(now, before, dtype=np.result_type(now, before, np.float64)))
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
    small_threshold, the latter over at least five steps: the first step of a warm-up, or one that a loss scaler left
    out, changes nothing. Elements that were exactly zero at t-k are left out: no change is small against nothing.
    Ratios that are not finite are not judged. Weights without a gradient, where others have one, are taken for frozen
    on purpose. The rule and its parameters are SageMaker's, whose documentation leaves the formula open. It needs whole
    weights; where only `update/…` was recorded, that ratio, |w(t) - w(t-1)|₂ / |w(t-1)|₂, is judged in its place.

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
    _still: dict[tuple[str, Mode], int] = field(init=False, repr=False, default_factory=dict)
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
                yield from self._compare(window, name, array)
        if self.num_steps in (None, 1):
            names, values = _UPDATES.read(window, "value")
            for name, value in zip(names, values.tolist(), strict=True):
                weight = name.removeprefix(_UPDATE)
                if weight not in judged and not is_bias(window, weight) and not _is_empty(window, weight):
                    yield from self._look(window, weight, value, window.step - 1)

    def _compare(self, window: Window, name: str, array: NDArray[Any]) -> Iterator[Finding]:
        key = (name, window.mode)
        step, before = self._past.get(key, (window.step, array[:0]))
        if before.shape != array.shape or before.dtype != array.dtype:
            self._past[key] = (window.step, np.array(array))
            self._still.pop(key, None)
        elif window.step - step >= (self.num_steps or 1):
            ratio = update_ratio(array, before, self.epsilon)
            before[...] = array
            self._past[key] = (window.step, before)
            yield from self._look(window, name, ratio, step)

    def _look(self, window: Window, name: str, ratio: float, since: int) -> Iterator[Finding]:
        """Yield what is wrong with a ratio to an earlier step."""
        key = (name, window.mode)
        steps = window.step - since
        span = "a step" if steps == 1 else f"{steps} steps"
        if not ratio < self.small_threshold or is_frozen(window, name):
            self._still.pop(key, None)
        elif window.step - self._still.setdefault(key, since) >= _LASTS:
            said = f"{name} hardly changes: by {ratio:.3g} of its size in {span}"
            yield Finding(said, name, ratio, self.small_threshold)
        if self.large_threshold < ratio < np.inf:
            said = f"{name} changes by {ratio:.3g} times its size in {span}"
            yield Finding(said, name, ratio, self.large_threshold)


def _is_empty(window: Window, weight: str) -> bool:
    """Say whether a parameter is known to have no elements, which nothing can change."""
    known = (each for each in (weight, f"gradient/{weight}") if window.has(each))
    return any(0 in window.info(each).shape for each in known)
