"""Gradients that grow or shrink steadily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp, isfinite, log
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.debugger.rules.slope import RunningSlope
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

_GRADIENTS, _LOSSES = Picker("gradients"), Picker("losses")
_TENSOR = "gradients"


@dataclass
class GradientNormTrend(Rule):
    """The norm of all gradients together grows or shrinks steadily.

    Long before a training blows up, its gradient norm climbs; long before it is stuck, the norm fades although the loss
    has hardly fallen. Both can be seen hundreds of steps ahead in the trend, when single steps still look normal.

    What helps: against growth, clip gradients by norm, lower the learning rate, warm up for longer, decay the weights;
    against fading, see VanishingGradient: other activations, normalisation, residual connections.

    Formula: a least-squares line through ln(‖g‖₂) over the steps, ‖g‖₂ being the norm over all gradients, where a step
    that is d steps old has the weight exp(-d / horizon). The line's change over `horizon` steps, as a factor, is too
    large if it is above `growth`, and too small if it is below 1 / `shrink` while the loss, by a line through it in the
    same way, has not fallen by `min_fall`, nor any other loss: that gradients fade while the loss falls is how
    trainings end well. Growth is told as an "info" while the loss falls: networks that begin with small weights learn
    the faster the larger these get. The line must explain the share `fit` of the variance, so that noise is no trend.

    Attributes:
        horizon: Steps that count; nothing is judged before so many have passed.
        growth: Largest healthy growth over the horizon, as a factor.
        shrink: Largest healthy fading over the horizon, as a factor, while the loss does not fall.
        min_fall: Share by which the loss must fall over the horizon to excuse growth or fading.
        fit: Share of the variance that the line must explain.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = GradientNormTrend(horizon=20)
        >>> windows = [window_of({"gradient/w": [1.2 ** step], "loss": 1.0}, step) for step in range(30)]
        >>> [found.message for window in windows for found in rule.judge(window)][0]
        'the norm of the gradients grows 38.3-fold in 20 steps'
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "if it grows, clip gradients or lower the learning rate; if it fades, normalise between layers"
    )

    horizon: int = bounded(100, least=1)
    growth: float = bounded(10.0, least=1)
    shrink: float = bounded(100.0, least=1)
    min_fall: float = bounded(0.1, least=0, most=1)
    fit: float = bounded(0.8, least=0, most=1)
    _norm: RunningSlope = field(init=False, repr=False)
    _losses: dict[str, RunningSlope] = field(init=False, repr=False, default_factory=dict)
    _latest: float = field(init=False, repr=False, default=np.nan)

    def __post_init__(self) -> None:
        """Begin the line."""
        self._norm = RunningSlope(self.horizon)

    def needs(self) -> tuple[Need, ...]:
        """Return the norm of each gradient, and the losses."""
        return (*_GRADIENTS.needs("l2", modes=("TRAIN",)), *_LOSSES.needs(modes=("TRAIN",), optional=True))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield that the norm has grown or faded too much over the horizon."""
        if window.mode != "TRAIN":
            return
        for name, loss in _LOSSES.finite(window).items():
            self._losses.setdefault(name, RunningSlope(self.horizon)).add(window.step, loss)
        _, norms = _GRADIENTS.read(window, "l2")
        known = norms[~np.isnan(norms)]
        norm = float(np.sqrt(np.dot(known, known)))
        if isfinite(norm) and norm > 0:
            self._latest = norm
            self._norm.add(window.step, log(norm))
        if self._norm.span >= self.horizon and self._norm.fit >= self.fit:
            yield from self._look(exp(max(min(self._norm.slope * self.horizon, 700.0), -700.0)))

    def _look(self, factor: float) -> Iterator[Finding]:
        what = "the norm of the gradients"
        if factor > self.growth:
            falls = self._loss_falls()
            message = f"{what} grows {factor:.3g}-fold in {self.horizon} steps"
            message = f"{message}, while the loss falls" if falls else message
            yield Finding(message, _TENSOR, factor, self.growth, severity="info" if falls else None)
        elif factor < 1 / self.shrink and not self._loss_falls():
            message = f"{what} fades to 1/{1 / factor:.3g} in {self.horizon} steps, while the loss does not fall"
            yield Finding(message, _TENSOR, factor, 1 / self.shrink)

    def _loss_falls(self) -> bool:
        falls = ((-loss.slope * self.horizon, loss.level) for loss in self._losses.values())
        return any(fall > self.min_fall * abs(level + fall) for fall, level in falls)

    def report(self) -> dict[str, ParamValue]:
        """Return the latest norm and where it is heading."""
        slope = self._norm.slope
        if not isfinite(slope):
            return {}
        return {"norm": self._latest, "factor over the horizon": exp(max(min(slope * self.horizon, 700.0), -700.0))}
