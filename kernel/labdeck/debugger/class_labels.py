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
_OF_TWO = (-1, 0, 1)
"""Labels of which any two are those of two classes."""


class ClassReader:
    """Turns labels and predictions of one training into classes, step by step.

    Labels are whole numbers, or rows with a 1 in the place of the class, or texts. Predictions are classes, or a score
    a class (the axis after the samples; the highest counts), or, of two classes, one number a sample: a probability,
    judged against 0.5, until one lies outside of 0 … 1, which only a raw score (a logit, a margin) does; those are
    judged against 0. What the labels of earlier steps told is remembered: those of a small batch may be 0 and 1 where
    there are more classes. Samples whose scores are NaN are left out: nothing was predicted of them.

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
        self._texts: dict[str, int] = {}
        self._known: set[int] = set()
        self._is_many = False
        self._is_score = False
        self._is_raw = False

    def read(self, labels: Any, predictions: Any) -> tuple[Classes, Classes] | None:
        """Return the classes of both, shapes (n,), None if these labels are no classes.

        Args:
            labels: Shape (n,), (n, 1), (n, classes) with a single 1 a row, or any shape of whole numbers.
            predictions: The same shape, or with an axis of scores after the samples.
        """
        given, said = self._numbers(np.asarray(labels)), self._numbers(np.asarray(predictions))
        given = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given  # noqa: PLR2004 - samples × 1
        if _is_one_hot(given):
            self._is_many |= given.shape[1] > 2  # noqa: PLR2004 - of two classes one number can tell
            given = given.argmax(axis=1)
        truth = _whole(given)
        if truth is None or not truth.size:
            return None
        self._learn(truth)
        predicted = self._predicted(said, truth)
        if predicted is None:
            return None
        kept = (truth.ravel() != IGNORED) & (predicted.ravel() != IGNORED)
        return truth.ravel()[kept], predicted.ravel()[kept]

    def name(self, label: int) -> str:
        """Return what a class is called: its number, or the text that it was read from."""
        return list(self._texts)[label] if 0 <= label < len(self._texts) else str(label)

    def _numbers(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array of texts as numbers, any other as it is."""
        if array.dtype.kind not in "US" and not (array.size and isinstance(array.flat[0], str)):
            return array
        texts, places = np.unique(array.astype(str), return_inverse=True)
        numbers = np.array([self._texts.setdefault(text, len(self._texts)) for text in texts.tolist()], np.int64)
        self._is_many = True  # what is called by name is no score
        return numbers[places].reshape(array.shape) if texts.size else np.zeros(array.shape, np.int64)

    def _learn(self, truth: Classes) -> None:
        """Remember whether there are more than two classes, and what the two are."""
        if self._is_many:
            return
        kept = truth[truth != IGNORED]
        self._known.update(label for label in _OF_TWO if label not in self._known and (kept == label).any())
        lowest, highest = int(kept.min(initial=0)), int(kept.max(initial=0))
        self._is_many = len(self._known) == len(_OF_TWO) or lowest < min(_OF_TWO) or highest > max(_OF_TWO)

    def _predicted(self, said: NDArray[Any], truth: Classes) -> Classes | None:
        if said.dtype.kind not in "biuf":
            return None
        if (said.ndim == truth.ndim + 1 and said.shape[1] > 1) or (self._argmax and said.ndim > 1):
            classes = np.where(np.isnan(said).any(axis=1), IGNORED, said.argmax(axis=1))
            return classes if classes.size == truth.size else None
        if said.size != truth.size:
            return None
        whole = _whole(said)
        if whole is not None and (self._argmax or self._is_many or self._are_classes(said, whole)):
            return whole
        return None if self._is_many else self._of_two(said, is_whole=whole is not None)

    def _are_classes(self, said: NDArray[Any], whole: Classes) -> bool:
        """Say whether whole numbers are classes, of which the labels so far told nothing: some are beyond 0 and 1.

        Those of a type that has fractions may be raw scores by chance, if there were scores before.
        """
        known = whole[whole != IGNORED]
        if not known.size or known.min() < 0 or known.max() <= 1:
            return False
        return said.dtype.kind in "iu" or not self._is_score

    def _of_two(self, said: NDArray[Any], *, is_whole: bool) -> Classes:
        """Return the classes that one number a sample tells, where there are two."""
        with np.errstate(invalid="ignore"):
            self._is_score |= not is_whole or bool((said < 0).any())
            self._is_raw |= bool(((said < 0) | (said > 1)).any())
            positive = said > (0 if self._is_raw else 0.5)
        lowest = min(self._known, default=0)
        classes = np.where(positive, 1, min(lowest, 0))
        return np.where(np.isnan(said), IGNORED, classes).astype(np.int64)


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


def count_classes(classes: Classes) -> dict[int, int]:
    """Return how often each class occurs.

    Example:
        >>> count_classes(np.array([3, -1, 3]))
        {-1: 1, 3: 2}
    """
    lowest, highest = int(classes.min(initial=0)), int(classes.max(initial=0))
    if highest - lowest <= MOST_CLASSES:  # several times as quick, which the pixels of pictures want
        counts = np.bincount(classes - lowest)
        labels = np.flatnonzero(counts)
        return dict(zip((labels + lowest).tolist(), counts[labels].tolist(), strict=True))
    labels, counts = np.unique(classes, return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist(), strict=True))


def find_arrays(window: Window, collection: str, regex: str) -> tuple[str, ...]:
    """Return the tensors that were asked for and of which the whole array is there."""
    return tuple(name for name in window.select(collection, regex) if window.arrays.get(name) is not None)


def require_few(number: int) -> None:
    """Raise UsageError for more classes than are told apart."""
    if number > MOST_CLASSES:
        raise UsageError(f"the labels have more than {MOST_CLASSES:,} classes", "watch a coarser label")
