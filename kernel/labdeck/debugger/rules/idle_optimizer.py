"""Optimizers that step without moving anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_UPDATES, _GRADIENTS = Picker("updates"), Picker("gradients")
_LOSSES, _RATES = Picker("losses"), Picker("learning_rates")
_LEARNT = 0.01
_SEEN = 5
"""Steps that must have been recorded among those without a movement."""
_PARTLY = 3
"""Times as many steps must pass before parts are told of: optimizers of several parts take turns."""
_UNEXPLAINED = 10
"""Times as many steps must pass before stillness is told of without a cause."""
_TINY = 1e-6
_ZERO = ": all gradients are zero, zero_grad comes between backward and step or the loss does not reach the weights"
_HALVES = ("float16", "bfloat16")


@dataclass
class IdleOptimizer(Rule):
    """The optimizer steps, but the weights stay as they are.

    The loop runs, the loss is printed, and nothing is trained. Each of its causes is a slip: the learning rate is zero,
    by mistake or because a schedule has ended early; `zero_grad()` stands between `backward()` and `step()`, or
    `backward()` is missing; the optimizer was made before the model was replaced, moved or wrapped, and holds the
    parameters of another one; steps are so small that they are lost in rounding.

    What helps: the order `zero_grad`, `backward`, `step`; making the optimizer from `model.parameters()` once the model
    is what will be trained; a look at `optimizer.param_groups`; a larger learning rate, or weights in float32 where
    those of half precision are too coarse for it.

    Formula: |w(t) - w(t-1)|₂ is exactly zero for every parameter over `patience` steps, at least five of which were
    recorded. The cause is read from the learning rates, all of which are zero, and from the gradients, which are
    missing or zero; gradients of zero are no illness once the loss is below a hundredth of the first one. If only some
    parameters have never moved in three times as many steps, although they get gradients, it is an "info": who wants to
    train the last layer alone may do it in this way.

    Attributes:
        patience: Steps without a movement.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> inside = {"update/w": ("updates",), "lr": ("learning_rates",)}
        >>> windows = [window_of({"update/w": 0.0, "lr": 0.0}, step, collections=inside) for step in range(10)]
        >>> rule = IdleOptimizer()
        >>> [found.message for window in windows for found in rule.judge(window)]
        ['no weight has moved in 10 steps: the learning rate is 0']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "call zero_grad, backward and step in this order, and compare optimizer.param_groups with model.parameters()"
    )

    patience: int = bounded(10, least=2)
    _still: int = field(init=False, repr=False, default=0)
    _since: int = field(init=False, repr=False, default=0)
    _has_rate: bool = field(init=False, repr=False, default=False)
    _gradient: str = field(init=False, repr=False, default="")
    _firsts: dict[str, float] = field(init=False, repr=False, default_factory=dict)
    _is_learnt: bool = field(init=False, repr=False, default=False)
    _begin: int = field(init=False, repr=False, default=0)
    _looks: int = field(init=False, repr=False, default=0)
    _unmoved: dict[str, bool] | None = field(init=False, repr=False, default=None)

    def needs(self) -> tuple[Need, ...]:
        """Return update ratios, and what tells why they are zero: norms of gradients, learning rates, losses."""
        return (
            *_UPDATES.needs(modes=("TRAIN",)),
            *_GRADIENTS.needs("l2", modes=("TRAIN",), optional=True),
            *_RATES.needs(modes=("TRAIN",), optional=True),
            *_LOSSES.needs(modes=("TRAIN",), optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield that nothing moves, or what does not."""
        if window.mode != "TRAIN":
            return
        self._see_losses(window)
        names, moves = _UPDATES.read(window, "value")
        if np.isnan(moves).all():
            return  # none was measured
        rates = _RATES.read(window, "value")[1]
        if (moves != 0).any():  # NaN among them is a parameter of which nothing is known
            self._still, self._gradient, self._has_rate = 0, "", False
            yield from self._look_at_parts(window, names, moves, rates)
        else:
            self._unmoved = None
            yield from self._look_at_all(window, rates)

    def _see_losses(self, window: Window) -> None:
        losses = _LOSSES.finite(window)
        for name, loss in losses.items():
            self._firsts.setdefault(name, loss)
        if losses:
            self._is_learnt = all(abs(loss) <= _LEARNT * abs(self._firsts[name]) for name, loss in losses.items())

    def _look_at_all(self, window: Window, rates: np.ndarray) -> Iterator[Finding]:
        self._since = window.step - 1 if not self._still else self._since
        self._still += 1
        self._has_rate |= not len(rates) or bool((rates != 0).any())
        norms = _GRADIENTS.read(window, "l2")[1]
        if len(norms):
            self._gradient = "missing" if np.isnan(norms).all() else "there" if (norms > 0).any() else "zero"
        steps = window.step - self._since
        if steps < self.patience or self._still < min(_SEEN, self.patience):
            return
        why = self._explain(window, rates)
        if why or (steps >= _UNEXPLAINED * self.patience and not self._is_learnt):
            yield Finding(f"no weight has moved in {steps} steps{why}", "", steps, self.patience)

    def _explain(self, window: Window, rates: np.ndarray) -> str:
        """Return why nothing moves, "" if that is not known, or if it is as it should be."""
        if not self._has_rate:
            return ": the learning rate is 0"
        if self._gradient == "missing":
            return (
                ": the optimizer finds no gradients, zero_grad comes between backward and step or backward is missing"
            )
        if self._gradient == "zero":
            return "" if self._is_learnt else _ZERO
        if self._gradient != "there":
            return ""
        rate = float(rates.max()) if len(rates) else np.nan
        if rate < _TINY:
            return f": steps with a learning rate of {rate:.3g} are so small that they are lost in rounding"
        given = "" if np.isnan(rate) else f" and the learning rate is {rate:.3g}"
        half = next((kind for name in _GRADIENTS.names(window) if (kind := window.info(name).dtype) in _HALVES), "")
        lost = f", or its steps are lost in the rounding of {half}" if half else ""
        return f", although there are gradients{given}: the optimizer holds other parameters{lost}"

    def _look_at_parts(
        self, window: Window, names: tuple[str, ...], moves: np.ndarray, rates: np.ndarray
    ) -> Iterator[Finding]:
        """Follow the parameters that have not moved since the steps began to be recorded one by one."""
        if self._unmoved is None or (rates == 0).any():
            self._begin, self._looks, self._unmoved = window.step, 0, dict.fromkeys(names, False)
        self._looks += 1
        if not self._unmoved:
            return
        known, at_rest = self._unmoved, (names[at] for at in np.flatnonzero(moves == 0))
        self._unmoved = unmoved = {name: known[name] for name in at_rest if name in known}
        gradients, norms = _GRADIENTS.read(window, "l2")
        for at in np.flatnonzero(norms > 0):
            update = f"update/{gradients[at].removeprefix('gradient/')}"
            if update in unmoved:
                unmoved[update] = True
        idle = [name.removeprefix("update/") for name in unmoved if unmoved[name]]
        if window.step - self._begin >= _PARTLY * self.patience and self._looks >= _SEEN and idle:
            more = f" and {len(idle) - 1} more" if len(idle) > 1 else ""
            half = window.has(idle[0]) and window.info(idle[0]).dtype in _HALVES
            why = "steps are lost in the rounding of half precision" if half else "the optimizer was not given them"
            said = f"no recorded step moves {idle[0]}{more}, although there are gradients: {why}"
            yield Finding(said, idle[0], len(idle), 0, severity="info", aspect="parts")
