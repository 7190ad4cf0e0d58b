"""Tensors of nothing but zeros."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode

_WHOLE = 100.0


@dataclass
class AllZero(Rule):
    """A tensor consists of zeros, altogether or for the most part.

    A gradient of zeros means that the loss does not reach a layer: every ReLU before it is dead, the graph was cut by a
    `detach`, a mask covers everything, or the loss is multiplied by zero. Weights of zeros make all units of a layer
    alike for good. Outputs of zeros carry nothing further.

    What helps: look at the first layer from the loss backwards whose gradient is zero; check masks, `detach`,
    `no_grad` and constant losses; initialise weights at random.

    Formula: 100 · count(t = 0) / size(t) ≥ threshold; a scalar counts as one number. Gradients that are zero at the
    very first step count once they are zero at the next one, too: behind a layer that begins at zero on purpose
    (adapters, residual branches) nothing arrives at first. The rule and its parameters are SageMaker's.

    Attributes:
        threshold: Percent of zeros from which on it fires.
        collection_names: The collections to look at; text parts them by commas. Default, without a pattern: weights
            and gradients.
        tensor_regex: The tensors to look at, by name.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"a.weight": [0.0, 0.0], "b.weight": [0.0, 1.0]})
        >>> [found.tensor for found in AllZero().judge(window)]
        ['a.weight']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "find what cuts this tensor off: dead ReLUs, a mask, a detach, or weights that begin at zero"
    )

    threshold: float = bounded(100.0, above=0, most=100)
    collection_names: str | None = None
    tensor_regex: str | None = None
    _picker: Picker = field(init=False, repr=False)
    _judged: dict[Mode, int] = field(init=False, repr=False, compare=False, default_factory=dict)
    _early: list[Finding] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._picker = Picker(self.collection_names, self.tensor_regex, "weights,gradients")

    def needs(self) -> tuple[Need, ...]:
        """Return how many zeros each holds."""
        return (*self._picker.needs("zero_count", optional=True), *self._picker.there())

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the tensors with too many zeros."""
        is_first = window.step == self._judged.setdefault(window.mode, window.step)
        for found in self._look(window):
            if is_first and found.value == _WHOLE and "gradients" in window.info(found.tensor).collections:
                self._early.append(replace(found, step=window.step, mode=window.mode))
            else:
                yield found
        if not is_first:
            self._early = [found for found in self._early if found.mode != window.mode]

    def conclude(self) -> Iterator[Finding]:
        """Yield the gradients that are zero at the only step that there was."""
        return iter(self._early)

    def _look(self, window: Window) -> Iterator[Finding]:
        names, counts = self._picker.read(window, "zero_count")
        for at in np.flatnonzero(counts > 0):
            share = 100.0 * float(counts[at]) / prod(window.info(names[at]).shape)
            if share >= self.threshold:
                what = "throughout" if share == _WHOLE else f"in {share:.3g} % of its numbers"
                yield Finding(f"{names[at]} is zero {what}", names[at], share, self.threshold)
        scalars, values = self._picker.read(window, "value")
        for at in np.flatnonzero(values == 0):
            if window.info(scalars[at]).shape == ():
                yield Finding(f"{scalars[at]} is zero", scalars[at], _WHOLE, self.threshold)
