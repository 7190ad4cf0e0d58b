"""Trainings that begin badly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker, is_bias
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_USUAL = ".*relu_input"
_FEW = 20
_ERRORS = 3
_LOW, _HIGH = 0, 4


@dataclass
class PoorWeightInitialization(Rule):
    """The first steps show that the weights were initialised badly.

    A network that begins well passes signals of about the same size through all its layers, gets gradients that tell
    the weights apart, and its loss falls at once. If the weights are too small the signal fades from layer to layer, if
    too large it grows, and if they are all alike then so are their gradients.

    What helps: He initialisation for ReLU (`kaiming_normal_`), Glorot's for tanh and sigmoid (`xavier_uniform_`),
    scaled inputs, a normalisation layer between layers, biases of zero.

    Formula: within the first `steps` steps, (1) max(var) / min(var) over the inputs of the activations > threshold, or
    (2) the smallest difference between the 95th and the 5th percentile of a gradient < distribution_range, or (3) the
    mean of the last `patience` losses is not below that of the `patience` ones before them, but above it by three
    standard errors of their difference, or the same while nothing varies: single batches go up and down in the best of
    trainings, and one that warms up begins slowly. (If there are fewer than twice as many first steps, halves of them
    are compared.) Only the first steps of the training count, even for a rule that comes later. Of tensors with fewer
    than 20 numbers percentiles say nothing, and biases may have no effect by design; they are left out of (2). The rule
    and its parameters are SageMaker's, whose documentation speaks of the variance of "weights per layer" but watches
    the inputs of the activations; the latter is what is judged. X. Glorot, Y. Bengio, "Understanding the difficulty of
    training deep feedforward neural networks" (2010); K. He et al., "Delving deep into rectifiers" (2015). Gradients of
    large networks are often smaller than the default `distribution_range`; lower it for them.

    Attributes:
        activation_inputs_regex: Which tensors are inputs of activations. Default: those whose names say so, and those
            of the collection `relu_inputs`.
        threshold: Largest healthy ratio between the variances of two layers.
        distribution_range: Smallest healthy range of a gradient.
        patience: Losses whose mean is compared with that of as many before them.
        steps: Only so many steps are looked at.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"a_relu_input_0": [-1.0, 1.0], "b_relu_input_0": [-9.0, 9.0]})
        >>> [found.value for found in PoorWeightInitialization().judge(window)]
        [81.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "initialise by He's rule for ReLU and by Glorot's for tanh and sigmoid, and scale the input"

    activation_inputs_regex: str | None = _USUAL
    threshold: float = bounded(10.0, least=1)
    distribution_range: float = bounded(0.001, least=0)
    patience: int = bounded(5, least=1)
    steps: int = bounded(10, least=1)
    _inputs: Picker = field(init=False, repr=False)
    _gradients: Picker = field(init=False, repr=False)
    _losses: Picker = field(init=False, repr=False)
    _first: dict[str, list[float]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        usual = self.activation_inputs_regex in (None, _USUAL)
        self._inputs = Picker("relu_inputs" if usual else None, self.activation_inputs_regex or _USUAL)
        self._gradients, self._losses = Picker("gradients"), Picker("losses")

    def needs(self) -> tuple[Need, ...]:
        """Return variances of the inputs and quantiles of the gradients for the first steps, and the losses."""
        return (
            *self._inputs.needs("variance", modes=("TRAIN",), first=self.steps),
            *self._gradients.needs("quantiles", modes=("TRAIN",), first=self.steps),
            *self._losses.needs(modes=("TRAIN",), first=self.steps),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield what is wrong with one of the first steps."""
        if window.mode != "TRAIN" or window.step >= self.steps:
            return
        yield from self._spread(window)
        yield from self._narrow(window)
        yield from self._stuck(window)

    def _spread(self, window: Window) -> Iterator[Finding]:
        names, values = self._inputs.read(window, "variance")
        known = [(float(value), name) for name, value in zip(names, values, strict=True) if np.isfinite(value)]
        if len(known) > 1:
            (low, least), (high, most) = min(known), max(known)
            ratio = high / low if low else np.inf if high else 1.0
            if ratio > self.threshold:
                message = f"the variance of {most} is {ratio:.3g} times that of {least}"
                yield Finding(message, most, ratio, self.threshold)

    def _narrow(self, window: Window) -> Iterator[Finding]:
        ranges = []
        for name in self._gradients.names(window):
            if prod(window.info(name).shape) >= _FEW and not is_bias(window, name):
                quantiles = window.wide(name, "quantiles")
                if quantiles is not None and np.isfinite(quantiles).all():
                    ranges.append((float(quantiles[_HIGH] - quantiles[_LOW]), name))
        if ranges and min(ranges)[0] < self.distribution_range:
            value, name = min(ranges)
            spread = f"lie within a range of {value:.3g}" if value else "are the same number"
            message = f"nine tenths of the numbers of {name} {spread}"
            yield Finding(message, name, value, self.distribution_range)

    def _stuck(self, window: Window) -> Iterator[Finding]:
        size = min(self.patience, max(1, self.steps // 2))
        for name, value in self._losses.finite(window).items():
            losses = self._first.setdefault(name, [])
            losses.append(value)
            if len(losses) < 2 * size:
                continue
            before, now = np.array(losses[-2 * size : -size]), np.array(losses[-size:])
            noise = np.sqrt((before.var() + now.var()) / max(1, size - 1))
            rise = float(now.mean() - before.mean())
            if rise >= _ERRORS * noise:
                what = f"has risen by {rise:.3g}" if rise > 0 else "has not fallen"
                message = f"{name} {what} over the first {len(losses)} steps"
                yield Finding(message, name, rise, 0.0)
