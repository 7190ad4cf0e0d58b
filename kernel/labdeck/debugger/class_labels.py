"""Reads classes out of labels and predictions, in whichever form a training has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError

if TYPE_CHECKING:
    from labdeck.findings.window import Window

Classes = NDArray[np.int64]

IGNORED = -100
"""The label that PyTorch's losses leave out."""
MOST_CLASSES = 1_000


class ClassReader:
    """Turns labels and predictions of one training into classes, step by step.

    Labels are whole numbers, or rows with a 1 in the place of the class. Predictions are classes, or a score a class
    (the axis after the samples; the highest counts), or one number a sample: a probability, judged against 0.5, until
    one lies outside of 0 … 1, which only a raw score (a logit, a margin) does; those are judged against 0.

    Args:
        argmax: The highest score of each row counts, even if the row's length does not tell that it holds scores.

    Example:
        >>> reader = ClassReader()
        >>> labels, predicted = reader.read(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
        >>> labels.tolist(), predicted.tolist()
        ([0, 1, 1], [0, 1, 0])
    """

    def __init__(self, *, argmax: bool = False) -> None:
        self._argmax = argmax
        self._raw = False
        self._lowest = 0

    def read(self, labels: Any, predictions: Any) -> tuple[Classes, Classes] | None:
        """Return the classes of both, shapes (n,), None if these labels are no classes.

        Args:
            labels: Shape (n,), (n, 1), (n, classes) with a single 1 a row, or any shape of whole numbers.
            predictions: The same shape, or with an axis of scores after the samples.
        """
        given, said = np.asarray(labels), np.asarray(predictions)
        given = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given  # noqa: PLR2004 - samples × 1
        if _is_one_hot(given):
            given = given.argmax(axis=1)
        truth = _whole(given)
        if truth is None or not truth.size:
            return None
        kept = truth.ravel() != IGNORED
        self._lowest = min(self._lowest, int(truth.ravel()[kept].min(initial=0)))
        predicted = self._predicted(said, truth)
        if predicted is None:
            return None
        return truth.ravel()[kept], predicted.ravel()[kept]

    def _predicted(self, said: NDArray[Any], truth: Classes) -> Classes | None:
        scored = said.ndim == truth.ndim + 1 and said.shape[1] > 1
        if scored or (self._argmax and said.ndim > 1):
            said = said.argmax(axis=1)
        if said.size != truth.size:
            return None
        classes = _whole(said)
        if classes is not None and (scored or self._argmax or not _is_binary(truth)):
            return classes
        with np.errstate(invalid="ignore"):
            self._raw = self._raw or bool(((said < 0) | (said > 1)).any())
            positive = said > (0 if self._raw else 0.5)
        return np.where(positive, 1, self._lowest).astype(np.int64)


def _is_binary(truth: Classes) -> bool:
    """Say whether the labels may be those of two classes, told by one number."""
    kept = truth[truth != IGNORED]
    return bool(kept.size) and int(kept.max()) <= 1


def _is_one_hot(array: NDArray[Any]) -> bool:
    if array.ndim != 2 or array.shape[1] < 2 or not array.size:  # noqa: PLR2004 - samples × classes
        return False
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all())


def _whole(array: NDArray[Any]) -> Classes | None:
    """Return the numbers as integers, None unless they are whole; those that are not finite are left out as IGNORED."""
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    if array.dtype.kind != "f":
        return None
    finite = np.isfinite(array)
    rounded = np.where(finite, np.rint(np.where(finite, array, 0)), IGNORED)
    if not (rounded[finite] == array[finite]).all():
        return None
    return rounded.astype(np.int64)


def find_arrays(window: Window, collection: str, regex: str) -> tuple[str, ...]:
    """Return the tensors that were asked for and of which the whole array is there."""
    return tuple(name for name in window.select(collection, regex) if window.arrays.get(name) is not None)


def require_few(number: int) -> None:
    """Raise UsageError for more classes than are told apart."""
    if number > MOST_CLASSES:
        raise UsageError(f"the labels have more than {MOST_CLASSES:,} classes", "watch a coarser label")
