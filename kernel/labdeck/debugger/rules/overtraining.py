"""Trainings that go on for too long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.evaluations import Evaluation, Evaluations
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_PICKER = Picker("losses")


@dataclass
class _Best:
    """The smallest losses so far, and the evaluations since."""

    train: float = np.inf
    validation: float = np.inf
    train_waited: int = 0
    validation_waited: int = 0


@dataclass
class Overtraining(Rule):
    """Neither the loss of training nor that of validation improves any more.

    Steps after the best one cost time and money, and often make the model worse: it begins to learn the training data
    by heart.

    What helps: stop, and keep the checkpoint with the smallest loss of validation; or lower the learning rate once more
    before stopping.

    Formula: a loss has improved if it is below its smallest one so far by more than `delta`. The rule finds a loss of
    training that has not improved at `patience_train` evaluations in a row, or one of validation that has not at
    `patience_validation` ones. SageMaker's documentation counts recorded steps, of which there are few; here
    evaluations are counted, that is passes in mode EVAL (see Overfit), and the loss of training is the mean over the
    steps between two of them: single batches go up and down in the best of trainings. The rule and its parameters are
    SageMaker's; L. Prechelt, "Early stopping – but when?" (1998).

    Attributes:
        patience_train: Evaluations without an improvement of the loss of training.
        patience_validation: Evaluations without an improvement of the loss of validation.
        delta: Smallest improvement that counts, in units of the loss.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> both = {"train-rmse": ("losses",), "test-rmse": ("losses",)}
        >>> windows = [window_of({"train-rmse": 1 / (n + 1), "test-rmse": 1.0}, n, collections=both) for n in range(4)]
        >>> rule = Overtraining(patience_validation=3)
        >>> [found.message for window in windows for found in rule.judge(window)]
        ['test-rmse of validation has not improved on 1 at 3 evaluations']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "stop, and keep the checkpoint with the smallest loss of validation"

    patience_train: int = bounded(5, least=1)
    patience_validation: int = bounded(10, least=1)
    delta: float = bounded(0.01, least=0)
    _evaluations: Evaluations = field(init=False, repr=False)
    _best: dict[str, _Best] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._evaluations = Evaluations(_PICKER)

    def rhythm(self) -> int:
        """Return every how many of the steps that it judges it can find something: those between two evaluations."""
        return self._evaluations.rhythm

    def needs(self) -> tuple[Need, ...]:
        """Return the losses of training and of validation."""
        return _PICKER.needs(modes=("TRAIN", "EVAL", "GLOBAL"))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the losses that have not improved for too long."""
        for each in self._evaluations.take(window):
            yield from self._look(each)

    def conclude(self) -> Iterator[Finding]:
        """Yield what the last evaluation adds, if nothing came after it."""
        for each in self._evaluations.finish():
            yield from self._look(each)

    def _look(self, each: Evaluation) -> Iterator[Finding]:
        best = self._best.setdefault(each.tensor, _Best())
        best.train_waited += 1
        best.validation_waited += 1
        if each.train < best.train - self.delta:
            best.train, best.train_waited = each.train, 0
        if each.validation < best.validation - self.delta:
            best.validation, best.validation_waited = each.validation, 0
        for kind, tensor, waited, patience, smallest in (
            ("training", each.train_tensor, best.train_waited, self.patience_train, best.train),
            ("validation", each.tensor, best.validation_waited, self.patience_validation, best.validation),
        ):
            if waited >= patience:
                message = f"{tensor} of {kind} has not improved on {smallest:.4g} at {waited} evaluations"
                yield Finding(message, tensor, waited, patience, aspect=kind, step=each.step, mode=each.mode)
