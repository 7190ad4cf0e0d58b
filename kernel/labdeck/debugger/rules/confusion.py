"""Classes that are mistaken for one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.class_labels import Classes, ClassReader, find_arrays, require_few
from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

Matrix = NDArray[np.int64]


def confusion_matrix(truth: Classes, predicted: Classes, classes: int) -> Matrix:
    """Return how many samples of class i were predicted as j, shape (classes, classes).

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


@dataclass
class _State:
    reader: ClassReader = field(default_factory=ClassReader)
    matrix: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    lowest: int = 0
    verdict: list[Finding] = field(default_factory=list)


@dataclass
class Confusion(Rule):
    """A class is recognised too seldom, or what is predicted as it is often another.

    What goes wrong: the accuracy over all classes hides that two of them are confused, because they look alike, because
    their labels are wrong, or because one is rare.

    What to do: look at samples of the two classes and at their labels, add what tells them apart, weight the confused
    class in the loss.

    Formula: of the confusion matrix c, c[i][j] samples of class i predicted as j, over the samples gathered since the
    last verdict: `c[i][i] / Σ_j c[i][j] < min_diag` for some class i, its recall; or
    `c[j][i] / Σ_j c[j][i] > max_off_diag` for some j ≠ i, the share of what is predicted as i that is j. SageMaker
    Debugger prints `c[i][i] / Σ_j c[j][j]` for the first, which no model with two balanced classes could pass; its text
    means the recall. That at least `samples` labels are gathered, each mode for itself, is ours: the matrix of a small
    batch is noise. Labels are whole numbers, texts, or rows with a single 1; samples whose scores are NaN are left out.

    Attributes:
        category_no: Number of classes; None finds it out.
        labels, predictions: Names of the tensors, regular expressions that must match the whole name (of a second
            model in the trial what stands behind its own).
        labels_collection, predictions_collection: Take the tensors of these collections too.
        min_diag: Least recall of a class.
        max_off_diag: Largest share of another class among what is predicted as a class.
        samples: Labels that are gathered before they are judged.
        start_step: Steps before this one are not judged: no model is right from the start.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> truth, said = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1, 1, 1])
        >>> rule = Confusion(samples=8)
        >>> [found.message for found in rule.judge(window_of({"labels": truth, "predictions": said}))]
        ['class 0 is recognised in 75% of its samples', '20% of what is predicted as class 1 is class 0']
    """

    remedy = "look at samples and labels of the two classes, and weight the class that is confused"

    category_no: int | None = bounded(None, least=1)
    labels: str = "labels"
    predictions: str = "predictions"
    labels_collection: str | None = None
    predictions_collection: str | None = None
    min_diag: float = bounded(0.9, least=0, most=1)
    max_off_diag: float = bounded(0.1, least=0, most=1)
    samples: int = bounded(500, least=1)
    start_step: int = bounded(0, least=0)
    _states: dict[tuple[str, str], _State] = field(default_factory=dict, init=False, repr=False, compare=False)

    def needs(self) -> tuple[Need, ...]:
        """Labels and predictions, whole."""
        return (
            Need(collection=self.labels_collection or "", regex=_whole(self.labels), arrays=True),
            Need(collection=self.predictions_collection or "", regex=_whole(self.predictions), arrays=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Count; judge when enough was counted."""
        if window.step < self.start_step:
            return
        truths, predictions = (find_arrays(window, need.collection, need.regex) for need in self.needs())
        for name, predicted in zip(truths, predictions, strict=False):
            state = self._states.setdefault((window.mode, name), _State())
            found = state.reader.read(window.array(name), window.array(predicted))
            if found is None:
                continue
            self._add(state, *found)
            if state.matrix.sum() >= self.samples:
                state.verdict = list(self._verdict(name, state))
                state.matrix = np.zeros_like(state.matrix)
            yield from state.verdict

    def _add(self, state: _State, truth: Classes, predicted: Classes) -> None:
        most = int(max(truth.max(initial=0), predicted.max(initial=0))) + 1
        if self.category_no is not None and most > self.category_no:
            raise UsageError(f"there is a class {most - 1}, but category_no is {self.category_no}", "raise category_no")
        lowest = min(state.lowest, int(truth.min(initial=0)), int(predicted.min(initial=0)))  # -1 and 1, for example
        before = len(state.matrix)
        first = state.lowest - lowest
        classes = max(self.category_no or 0, most - lowest, first + before)
        require_few(classes)
        wider = np.zeros((classes, classes), np.int64)
        wider[first : first + before, first : first + before] = state.matrix
        state.matrix = wider + confusion_matrix(truth - lowest, predicted - lowest, classes)
        state.lowest = lowest

    def _verdict(self, name: str, state: _State) -> Iterator[Finding]:
        matrix = state.matrix
        called = [state.reader.name(label + state.lowest) for label in range(len(matrix))]
        rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
        recall = np.divide(matrix.diagonal(), rows, out=np.ones(len(matrix)), where=rows > 0)
        worst = int(recall.argmin())
        if recall[worst] < self.min_diag:
            said = f"class {called[worst]} is recognised in {recall[worst]:.0%} of its samples"
            yield Finding(said, name, float(recall[worst]), self.min_diag)
        shares = np.divide(matrix, columns, out=np.zeros(matrix.shape), where=columns > 0)
        np.fill_diagonal(shares, 0)
        other, one = (int(place) for place in np.unravel_index(shares.argmax(), shares.shape))
        if shares[other, one] > self.max_off_diag:
            said = f"{shares[other, one]:.0%} of what is predicted as class {called[one]} is class {called[other]}"
            yield Finding(said, name, float(shares[other, one]), self.max_off_diag)


def _whole(regex: str) -> str:
    return f"(?:^|/)(?:{regex})$"
