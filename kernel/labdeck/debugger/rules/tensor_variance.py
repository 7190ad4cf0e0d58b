"""Tensors that spread too much or too little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


@dataclass
class TensorVariance(Rule):
    """The variance of a tensor is too high or too low.

    The signal should keep about its size from layer to layer, forwards and backwards. Weights or outputs that spread
    too much saturate the layers behind them and blow up the gradient; those that hardly spread make all units alike, so
    that they learn the same.

    What helps: an initialisation that fits the activation, scaled inputs, normalisation layers, weight decay against
    growth, a lower learning rate.

    Formula: var(t) > max_threshold, or var(t) < min_threshold, the variance being that of the population. Too small it
    is only of tensors with more than one number, and of weights and biases with at least two dimensions: those with one
    (the scales of normalisation layers, biases) begin alike on purpose. The rule and its parameters are SageMaker's;
    its documentation suggests 10 and 1e-5. X. Glorot, Y. Bengio, "Understanding the
    difficulty of training deep feedforward neural networks" (2010).

    Attributes:
        max_threshold: Largest healthy variance; None for no limit.
        min_threshold: Smallest healthy variance; None for no limit. One of the two must be given.
        collection_names: The collections to look at; text parts them by commas. Default, without a pattern: weights.
        tensor_regex: The tensors to look at, by name.

    Raises:
        UsageError: Neither threshold was given.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = TensorVariance(max_threshold=10, tensor_regex="weight")
        >>> [found.value for found in rule.judge(window_of({"fc.weight": [-4.0, 4.0]}))]
        [16.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "use an initialisation that fits the activation, scale the input, or normalise between layers"
    )

    max_threshold: float | None = bounded(None, least=0)
    min_threshold: float | None = bounded(None, least=0)
    collection_names: str | None = None
    tensor_regex: str | None = None
    _picker: Picker = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        if self.max_threshold is None and self.min_threshold is None:
            raise UsageError(
                "TensorVariance has no limit", "give max_threshold or min_threshold, 10 or 1e-5 for example"
            )
        self._picker = Picker(self.collection_names, self.tensor_regex, "weights")

    def needs(self) -> tuple[Need, ...]:
        """Return the variance of each."""
        return self._picker.needs("variance")

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the tensors whose variance is beyond a limit."""
        names, values = self._picker.read(window, "variance")
        high = np.inf if self.max_threshold is None else self.max_threshold
        low = -np.inf if self.min_threshold is None else self.min_threshold
        for at in np.flatnonzero((values > high) | (values < low)):
            value, name = float(values[at]), names[at]
            if value < low and _may_be_alike(window, name):
                continue
            limit, what = (high, "spreads too much") if value > high else (low, "hardly spreads")
            yield Finding(f"{name} {what}: its variance is {value:.3g}", name, value, limit)


def _may_be_alike(window: Window, name: str) -> bool:
    """Say whether the numbers of a tensor may all be the same in a healthy training."""
    info = window.info(name)
    is_parameter = not {"weights", "biases"}.isdisjoint(info.collections)
    return prod(info.shape) == 1 or (is_parameter and len(info.shape) < 2)  # noqa: PLR2004 - channels, or nothing
