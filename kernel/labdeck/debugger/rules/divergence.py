"""Trainings that blow up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.store.tensors.given import is_given

_UPDATES, _LOSSES, _RATES = Picker("updates"), Picker("losses"), Picker("learning_rates")

_SURELY = 10


@dataclass
class _Course:
    """One loss: the first one and its step, and whether the one before was far above it."""

    first: float
    step: int
    was_high: bool = False


@dataclass
class Divergence(Rule):
    """The loss grows without bounds, because steps are too large.

    A step that is larger than the valley is wide lands higher on the other side, where the gradient is larger still,
    and the next step is larger yet. A few steps later the loss overflows, and what is seen is NaN, which says nothing
    of its cause. It comes from a learning rate that is far too high, or from inputs that are far too large: pixels from
    0 to 255 in place of 0 to 1 make the gradient of the first layer hundreds of times as large.

    What helps: divide the learning rate by ten until it does not happen; scale inputs to a mean of 0 and a deviation of
    1, targets of a regression too; clip the norm of the gradient; warm up.

    Formula: |loss| > growth · |first loss| at two recorded steps in a row, or once before the loss is not finite any
    more, and u > moves at some step since the first one, u being the median over the weights of |w(t) - w(t-1)|₂ /
    |w(t-1)|₂; once is enough if u > 10 · moves: steps that large often kill every ReLU, which brings the loss back to
    where it began. Losses of single samples jump as far, but not because of steps that large. Of a healthy training u
    is about a thousandth (A. Karpathy, course notes of CS231n, "Ratio of weights:updates").

    Attributes:
        growth: Times by which a healthy loss may rise above the first one.
        moves: Smallest ratio that can be to blame.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule, inside = Divergence(), {"update/w": ("updates",), "lr": ("learning_rates",)}
        >>> steps = [{"update/w": 3.0, "loss": 2.0 * 10**step, "lr": 5.0} for step in range(4)]
        >>> windows = [window_of(values, step, collections=inside) for step, values in enumerate(steps)]
        >>> [found.message for window in windows for found in rule.judge(window)][-1:]
        ['loss has grown from 2 to 2000 in 3 steps, which move the weights by up to 3 times their size: the learning \
rate, 5, is too high for this model and its inputs']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "divide the learning rate by ten, and scale the inputs to a mean of about 0 and a deviation of about 1"
    )

    growth: float = bounded(10.0, least=1)
    moves: float = bounded(0.1, least=0)
    _courses: dict[str, _Course] = field(init=False, repr=False, default_factory=dict)
    _largest: float = field(init=False, repr=False, default=0.0)

    def needs(self) -> tuple[Need, ...]:
        """Return losses, update ratios and learning rates of training."""
        return (
            *_LOSSES.needs(modes=("TRAIN",)),
            *_UPDATES.needs(modes=("TRAIN",)),
            *_RATES.needs(modes=("TRAIN",), optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the losses that have grown too far."""
        if window.mode != "TRAIN":
            return
        names, losses = _LOSSES.read(window, "value")
        for name, loss in zip(names, losses.tolist(), strict=True):
            course = self._courses.get(name)
            if course is not None:
                yield from self._look(window, name, loss, course)
            elif isfinite(loss):
                self._courses[name] = _Course(loss, window.step)
        moves = _UPDATES.read(window, "value")[1]
        known = moves[moves < inf]
        if len(known):
            self._largest = max(self._largest, float(np.median(known)))

    def _look(self, window: Window, name: str, loss: float, course: _Course) -> Iterator[Finding]:
        limit = self.growth * abs(course.first)
        is_over = not isfinite(loss) and is_given(loss)
        if isnan(loss) and not is_over:
            return  # there is none at this step
        is_high = limit > 0 and abs(loss) > limit
        is_sure = course.was_high or (is_high and self._largest > _SURELY * self.moves)
        if self._largest > self.moves and is_sure and (is_high or is_over):
            _, rates = _RATES.read(window, "value")
            rate = f", {float(rates[0]):.3g}," if len(rates) and isfinite(rates[0]) else ""
            end = f"{loss:.4g}" if isfinite(loss) else "beyond what is finite"
            yield Finding(
                f"{name} has grown from {course.first:.4g} to {end} in {window.step - course.step} steps, which move "
                f"the weights by up to {self._largest:.2g} times their size: the learning rate{rate} is too high for "
                "this model and its inputs",
                name,
                loss,
                limit,
            )
        course.was_high = is_high
