"""Gradients that are too small to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_PICKER, _LOSSES = Picker("gradients"), Picker("losses")
_FIRST = 10
_LEARNT = 0.01


@dataclass
class VanishingGradient(Rule):
    """A gradient has become so small that its layer no longer learns.

    Going backwards, each layer multiplies the gradient by the slope of its activation and by its weights. Where these
    are below one (sigmoid: at most 0.25) the product shrinks with the depth, and the first layers stand still while the
    last ones go on. The loss then stays high although nothing looks broken. A gradient of exactly zero tells of a layer
    that the loss does not reach: dead ReLUs, a `detach`, a mask, an output that nobody uses.

    What helps: ReLU-like activations in place of sigmoid and tanh; normalisation layers; residual connections; an
    initialisation that fits the activation (He for ReLU, Glorot for tanh); LSTM or GRU in place of a plain recurrent
    layer; with mixed precision, loss scaling.

    Formula: mean(|g|) < threshold, for each gradient tensor at each step; one finding names the first of them and says
    how many others there are, since one cause makes them all small. A bias is left out as long as the weight of
    the same module has a healthy gradient: before a normalisation layer a bias has no effect, and its gradient is zero.
    Where a layer begins at zero, as the last one of adapters (LoRA) and of residual branches often does on purpose, no
    gradient passes it at the first steps: one that begins at exactly zero is told if it is too small after ten steps,
    or when the training ends before. Nor is a gradient blamed for being small because there is nothing left to learn:
    while all losses are below a hundredth of what they were first.
    Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with gradient descent is difficult" (1994); the
    rule and its default are SageMaker's.

    Attributes:
        threshold: Smallest mean magnitude of a gradient that counts as healthy.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"gradient/fc1.weight": [1e-9, -3e-9], "gradient/fc2.weight": [0.1, 0.2]})
        >>> [(found.tensor, found.value) for found in VanishingGradient().judge(window)]
        [('gradient/fc1.weight', 2e-09)]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "use ReLU-like activations, normalisation or residual connections, and an initialisation that fits them"
    )

    threshold: float = bounded(1e-7, least=0)
    _losses: dict[str, tuple[float, float]] = field(init=False, repr=False, default_factory=dict)
    _named: str = field(init=False, repr=False, default="")
    _began_at_zero: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    def needs(self) -> tuple[Need, ...]:
        """Return the mean magnitude of every gradient, and the losses."""
        return (*_PICKER.needs("abs_mean", modes=("TRAIN",)), *_LOSSES.needs(modes=("TRAIN",), optional=True))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the first gradient below the threshold, and how many others there are."""
        names, values = _PICKER.read(window, "abs_mean")
        is_early = window.step < _FIRST
        if not is_early:
            self._began_at_zero.clear()
        elif self._began_at_zero:
            known = dict(zip(names, values.tolist(), strict=True))
            self._began_at_zero = {name: known.get(name, before) for name, before in self._began_at_zero.items()}
        for name, loss in _LOSSES.finite(window).items():
            self._losses[name] = self._losses.get(name, (loss, loss))[0], loss
        found: dict[str, float] = {}
        for place in () if self._is_learnt() else np.flatnonzero(values < self.threshold):
            name, value = names[place], float(values[place])
            if self._has_healthy_weight(window, name):
                continue
            if is_early and (value == 0 or name in self._began_at_zero):
                self._began_at_zero[name] = value
            else:
                found[name] = value
        yield from self._tell(found)

    def conclude(self) -> Iterator[Finding]:
        """Yield the gradients that were zero from the beginning, if the training ends before more could be said."""
        yield from self._tell({name: value for name, value in self._began_at_zero.items() if value < self.threshold})

    def _is_learnt(self) -> bool:
        losses = self._losses.values()
        return bool(losses) and all(abs(latest) < _LEARNT * abs(first) for first, latest in losses)

    def _tell(self, found: dict[str, float]) -> Iterator[Finding]:
        if not found:
            return
        # The same tensor stands for all as long as it is among them, so that it stays one finding.
        self._named = name = self._named if self._named in found else next(iter(found))
        value, others = found[name], len(found) - 1
        what = "is zero throughout" if value == 0 else f"has a mean magnitude of only {value:.3g}"
        more = f"; {others} more gradient{' vanishes' if others == 1 else 's vanish'}" if others else ""
        yield Finding(f"{name} {what}{more}", name, value, self.threshold)

    def _has_healthy_weight(self, window: Window, name: str) -> bool:
        module, dot, last = name.rpartition(".")
        weight = f"{module}{dot}{last.replace('bias', 'weight')}"
        return weight != name and window.has(weight) and window.value(weight, "abs_mean") >= self.threshold
