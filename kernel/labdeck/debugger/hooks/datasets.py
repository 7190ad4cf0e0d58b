"""Which of the data that a training is evaluated on are those that it learns from, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 1_000
"""Rows that are compared, spread over all; labels are compared in all of them."""
_MOST_NUMBERS = 10_000_000
"""Data of XGBoost that cannot be cut are compared up to so many numbers: they are copied for it."""
_NUMERIC = "biufc"
"""Kinds of arrays in which NaN can be looked for."""


def training_names(
    train: Any, evaluated: Iterable[tuple[Any, str]], is_same: Callable[[Any, Any], bool]
) -> dict[str, str]:
    """Return "train" for each name under which the training data are evaluated; of several, for the first only.

    Estimators of scikit-learn's kind call them "validation_0" or "valid_0".

    Args:
        train: What is trained on.
        evaluated: Data and their names.
        is_same: Says whether two hold the same rows; what it raises means that nobody can tell.
    """
    given = list(evaluated)
    name = next((name for data, name in given if data is train), None)
    if name is None and train is not None:
        name = next((name for data, name in given if _attempt(is_same, train, data)), None)
    return {} if name is None else {name: "train"}


def is_same_matrix(one: Any, other: Any) -> bool:
    """Say whether two DMatrix of XGBoost hold the same rows."""
    if (one.num_row(), one.num_col()) != (other.num_row(), other.num_col()):
        return False
    return _are_equal(one.get_label(), other.get_label()) and _is_same_table(_cut(one), _cut(other))


def is_same_dataset(one: Any, other: Any) -> bool:
    """Say whether two Datasets of LightGBM hold the same rows, as far as their raw data are still there."""
    if one.data is None or other.data is None or one.label is None or other.label is None:
        return False
    return _are_equal(np.asarray(one.label), np.asarray(other.label)) and _is_same_table(one.data, other.data)


def _attempt(is_same: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    try:
        return is_same(one, other)
    except Exception:  # noqa: BLE001 - data of every kind come here, and each refuses in its own words
        return False


def _cut(matrix: Any) -> Any:
    """Return rows of a DMatrix as a sparse table, those that were cut for its kind of training as they are there."""
    try:
        matrix = matrix.slice(_some(matrix.num_row()), allow_groups=True)
    except Exception:  # a QuantileDMatrix cannot be cut
        if matrix.num_nonmissing() > _MOST_NUMBERS:
            raise
    return matrix.get_data()


def _some(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, _ROWS)).astype(np.intp)) if count else np.empty(0, np.intp)


def _is_same_table(one: Any, other: Any) -> bool:
    if one is other:
        return True
    one, other = (np.asarray(each) if isinstance(each, list) else each for each in (one, other))
    if type(one) is not type(other) or not isinstance(getattr(one, "shape", None), tuple) or one.shape != other.shape:
        return False
    rows = _some(one.shape[0])
    if hasattr(one, "iloc"):
        one, other = (each.iloc[rows].reset_index(drop=True) for each in (one, other))
        return bool(one.equals(other))
    if hasattr(one, "tocsr"):
        one, other = (each.tocsr()[rows] for each in (one, other))
        return all(_are_equal(getattr(one, part), getattr(other, part)) for part in ("indptr", "indices", "data"))
    return isinstance(one, np.ndarray) and _are_equal(one[rows], other[rows])


def _are_equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    with_nan = one.dtype.kind in _NUMERIC and other.dtype.kind in _NUMERIC
    return bool(np.array_equal(one, other, equal_nan=with_nan))
