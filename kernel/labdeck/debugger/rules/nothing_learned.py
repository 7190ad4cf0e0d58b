"""Trainings from which nothing is learned."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker, is_bias
from labdeck.findings.by_layout import ByLayout
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.store.tensors.layout import Layout

_LOSSES, _UPDATES, _PARAMETERS = Picker("losses"), Picker("updates"), Picker("weights,biases")
_FIRST = 10
_ERRORS = 2.0
"""Standard errors by which two means differ if not by chance."""
_NOISY = 0.3
_TURNS = 0.5
_MOVES = 1e-5, 1e-2
"""Ratios of updates to weights beyond which the learning rate is to blame, which the rule LearningRate tells."""


@dataclass
class _Course:
    """One loss: the latest, the mean of the first ones, how many there were, and whether it has left where it began."""

    latest: deque[float]
    first: float = 0.0
    count: int = 0
    has_left: bool = False


@dataclass
class NothingLearned(Rule):
    """The loss is still where it began, although the weights move.

    The first steps teach a model what is easy: how common each class is, what the mean of the targets is. If the loss
    stays there, the inputs tell it nothing of the labels: labels were shuffled apart from their inputs, or belong to
    others; inputs are the same, empty, or wrongly scaled; the loss is computed from something else than the outputs,
    softmax is applied twice, a target has the wrong shape and is broadcast; or nearly all parameters are frozen.

    What helps: look at some inputs with their labels, as the loss gets them; try to learn ten samples by heart, which
    must succeed with any model; see that the loss takes logits if it applies softmax itself, and that outputs and
    targets have the same shape; compare the number of parameters that are trained with what was meant to be trained.

    Formula: of the last `horizon` losses, b is the mean of the second quarter and n that of the last one, s² the sum of
    the variances of these means. The loss stands still if |n - b| ≤ 2 s, that is, if nothing but the noise of batches
    moves it, and no quarter's mean has ever been farther from that of the first ten losses than the share `min_change`
    of it: those of adversaries come back to where they began. It is judged four times a horizon.

    What says little is left alone: losses whose noise is above three tenths of their size, as it is near zero and in
    reinforcement learning; those that go up and down from step to step (their correlation with the step before is below
    -1/2), where adversaries take turns; one of several losses, unless all stand still. Nor is anything said where a
    step moves the weights by more than a hundredth or less than a hundred thousandth of their size, the median over
    time and weights: then the learning rate is to blame. A model that was trained before, and has no more to learn,
    looks the same as one that learns nothing.

    Attributes:
        horizon: Losses that count; nothing is judged before there were so many.
        min_change: Share of the first loss by which that of a training that learns changes some time.

    Example:
        >>> import math
        >>> from labdeck.findings.window import window_of
        >>> rule = NothingLearned(horizon=40)
        >>> losses = [2.3 + 0.01 * math.sin(step) for step in range(40)]
        >>> windows = [window_of({"loss": loss}, step) for step, loss in enumerate(losses)]
        >>> [found.message for window in windows for found in rule.judge(window)]
        ['loss is still where it began: 2.302 at first, 2.3 after 40 steps']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "see that labels belong to their inputs and that the loss gets logits and targets as it expects them, "
        "then try to learn ten samples by heart"
    )

    horizon: int = bounded(200, least=16)
    min_change: float = bounded(0.1, above=0, most=1)
    _courses: dict[str, _Course] = field(init=False, repr=False, default_factory=dict)
    _moves: deque[float] = field(init=False, repr=False, default_factory=lambda: deque(maxlen=64))
    _sizes: ByLayout[tuple[int, int]] = field(init=False, repr=False, default_factory=lambda: ByLayout(_count))
    _trained: tuple[int, int] = field(init=False, repr=False, default=(0, 0))
    _judged: int = field(init=False, repr=False, default=0)
    _is_over: bool = field(init=False, repr=False, default=False)

    def needs(self) -> tuple[Need, ...]:
        """Return losses and update ratios of training."""
        return (*_LOSSES.needs(modes=("TRAIN",)), *_UPDATES.needs(modes=("TRAIN",), optional=True))

    def rhythm(self) -> int:
        """Return every how many steps it judges."""
        return max(1, self.horizon // 4)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield that the loss stands still."""
        if window.mode != "TRAIN" or self._is_over:
            return
        for name, loss in _LOSSES.finite(window).items():
            course = self._courses.get(name) or self._courses.setdefault(name, _Course(deque(maxlen=self.horizon)))
            course.latest.append(loss)
            course.count += 1
            if course.count <= _FIRST:
                course.first += (loss - course.first) / course.count
        self._judged += 1
        if self._judged % 8 == 1:
            self._see_moves(window)
        self._trained = max(self._trained, self._sizes(window.layout), key=lambda sizes: sizes[1])
        if self._judged >= self.horizon and self._judged % self.rhythm() == 0:
            yield from self._look(window)

    def _see_moves(self, window: Window) -> None:
        names, moves = _UPDATES.read(window, "value")
        moved = [(name, move) for name, move in zip(names, moves.tolist(), strict=True) if 0 < move < np.inf]
        known = [move for name, move in moved if not is_bias(window, name.removeprefix("update/"))]
        if known or (len(names) and not moved):
            self._moves.append(float(np.median(known)) if known else 0.0)

    def _look(self, window: Window) -> Iterator[Finding]:
        known = {name: course for name, course in self._courses.items() if len(course.latest) == self.horizon}
        stand = [self._stands_still(course) for course in known.values()]
        self._is_over = any(course.has_left for course in known.values())
        if not stand or not all(stand) or self._is_over:
            return
        moves = float(np.median(self._moves)) if self._moves else None
        if moves is not None and not _MOVES[0] <= moves <= _MOVES[1]:
            return
        name, course = next(iter(known.items()))
        now = float(np.mean(list(course.latest)[-self.horizon // 4 :]))
        said = f"{name} is still where it began: {course.first:.4g} at first, {now:.4g} after {window.step + 1} steps"
        trained, total = self._trained
        if trained < total // 2:
            said = f"{said}; only {trained:,} of {total:,} numbers of the model are trained"
        yield Finding(said, name, now, (1 - self.min_change) * course.first)

    def _stands_still(self, course: _Course) -> bool:
        losses = np.array(course.latest)
        quarter = len(losses) // 4
        before, now = losses[quarter : 2 * quarter], losses[-quarter:]
        level, noise = float(now.mean()), sqrt(float(before.var() + now.var()) / (quarter - 1))
        levels = losses[-4 * quarter :].reshape(4, quarter).mean(axis=1)
        course.has_left = bool((np.abs(levels - course.first) > self.min_change * abs(course.first)).any())
        if float(now.std()) > _NOISY * abs(level) or _alternates(now):
            return False
        # What was rounded to the same number has no noise.
        return abs(level - float(before.mean())) <= max(_ERRORS * noise, 1e-6 * abs(level))


def _alternates(losses: NDArray[np.float64]) -> bool:
    """Say whether losses go up and down from step to step."""
    off = losses - losses.mean()
    return float(off[1:] @ off[:-1]) < -_TURNS * float(off @ off)


def _count(layout: Layout) -> tuple[int, int]:
    """Return how many numbers of the parameters have gradients, and how many there are, as far as a layout tells."""
    gradients = {name.removeprefix("gradient/") for name in layout.select("gradients")}
    names = _PARAMETERS.of(layout)
    if not gradients or not names:
        return 0, 0
    sizes = {name: prod(layout.by_name[name].shape) for name in names}
    return sum(sizes[name] for name in names if name in gradients), sum(sizes.values())
