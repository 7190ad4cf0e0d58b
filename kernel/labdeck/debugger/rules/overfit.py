"""Trainings that learn their data by heart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar

from labdeck.debugger.rules.evaluations import Evaluation, Evaluations
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Severity

_MUCH = 10
_WIDE, _LEARNT = 0.1, 0.01


@dataclass
class Overfit(Rule):
    """The loss of validation is well above that of training.

    The model learns the training data by heart, noise and all, and what it learns does not hold for other data. It has
    more freedom than the data can bind: too many parameters or trees, too many passes, too little data.

    What helps: more data or augmentation; dropout, weight decay, smaller or fewer layers and trees; stopping at the
    smallest loss of validation; making sure that validation data resemble training data and that the same preprocessing
    is applied to both.

    Formula: r = (mean(validation) - mean(training)) / |mean(training)| > ratio_threshold at `patience` evaluations in a
    row. An evaluation is a pass in mode EVAL, and the loss of training is the mean over the steps of TRAIN since the
    one before, each loss being compared with itself; for boosters it is every step, with "train-rmse" and the metric of
    the same name of another data set. If the loss of training is zero and that of validation is not, r is infinite.
    Good trainings end with a small gap, too: it is told as a "warning" if r is above ten times the threshold and the
    gap above a tenth of the first loss of training, else as an "info"; once both losses are below a hundredth of that
    first one, it is no matter. The rule and its parameters are SageMaker's.

    Attributes:
        tensor_regex: Which losses to look at. Default: the collection `losses`.
        start_step: Evaluations before this step do not count.
        patience: Evaluations in a row.
        ratio_threshold: Largest healthy ratio.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"train-rmse": 1.0, "validation-rmse": 1.5}, collections={
        ...     "train-rmse": ("losses",), "validation-rmse": ("losses",)})
        >>> [found.value for found in Overfit().judge(window)]
        [0.5]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "stop at the smallest loss of validation, regularise, make the model smaller, or get more data"
    )

    tensor_regex: str | None = None
    start_step: int = bounded(0, least=0)
    patience: int = bounded(1, least=1)
    ratio_threshold: float = bounded(0.1, least=0)
    _picker: Picker = field(init=False, repr=False)
    _evaluations: Evaluations = field(init=False, repr=False)
    _streaks: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._picker = Picker(None, self.tensor_regex, "losses")
        self._evaluations = Evaluations(self._picker)

    def rhythm(self) -> int:
        """Return every how many of the steps that it judges it can find something: those between two evaluations."""
        return self._evaluations.rhythm

    def needs(self) -> tuple[Need, ...]:
        """Return the losses of training and of validation."""
        return self._picker.needs(modes=("TRAIN", "EVAL", "GLOBAL"))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield an evaluation whose ratio is too large for the `patience`-th time."""
        for each in self._evaluations.take(window):
            yield from self._look(each)

    def conclude(self) -> Iterator[Finding]:
        """Yield the last evaluation, if nothing came after it: that of many trainings is the only one."""
        for each in self._evaluations.finish():
            yield from self._look(each)

    def _look(self, each: Evaluation) -> Iterator[Finding]:
        if each.step < self.start_step:
            return
        gap, size = each.validation - each.train, abs(each.train)
        ratio = gap / size if size else inf if gap > 0 else 0.0
        is_learnt = max(abs(each.validation), size) < _LEARNT * abs(each.first)
        streak = self._streaks.get(each.tensor, 0) + 1 if ratio > self.ratio_threshold and not is_learnt else 0
        self._streaks[each.tensor] = streak
        if streak >= self.patience:
            message = f"the loss of validation, {each.validation:.4g}, is well above that of training, {each.train:.4g}"
            is_much = ratio > _MUCH * self.ratio_threshold and gap > _WIDE * abs(each.first)
            severity: Severity = "warning" if is_much else "info"
            yield Finding(
                message, each.tensor, ratio, self.ratio_threshold, severity=severity, step=each.step, mode=each.mode
            )
