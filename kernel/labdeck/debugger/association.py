"""How well one column alone tells a label, by ranks: no scale, no outlier and no monotone change alters it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import ceil, exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 20
"""Labels with more values than this are treated as numbers."""
_AT_ONCE = 1_000_000
"""Numbers that are ranked together; what that needs besides is a few times as much."""

Numbers = NDArray[np.float64]
Pair = tuple[int, int]


def separation(
    columns: NDArray[Any], classes: NDArray[np.int64], least: float = 0.0, pairs: Sequence[Pair] | None = None
) -> Numbers:
    """Return how well each column separates the classes, shape (columns,), 0.5 (not at all) to 1 (perfectly).

    It is the mean, over pairs of classes, of max(A, 1 - A), where A is the area under the ROC curve with which the
    column tells the one class from the other; the M measure of D. Hand and R. Till, "A Simple Generalisation of the
    Area Under the ROC Curve for Multiple Class Classification Problems", Machine Learning 45 (2001), for one score and
    either direction. A missing value (NaN) counts as larger than any other.

    Args:
        columns: Shape (rows, columns).
        classes: Shape (rows,).
        least: Columns that cannot reach it any more are given up, and get NaN; what they cost is saved.
        pairs: The pairs of classes that count; default all there are. Without any, nothing is known: NaN.

    Example:
        >>> separation(np.array([[1.0, 3], [2, 1], [3, 2], [4, 4]]), np.array([0, 0, 1, 1])).tolist()
        [1.0, 0.75]
    """
    pairs = list(combinations(np.unique(classes).tolist(), 2)) if pairs is None else pairs
    if not pairs:
        return np.full(columns.shape[1], np.nan)
    total = np.zeros(columns.shape[1])
    for done, (one, other) in enumerate(pairs, start=1):
        rows = np.flatnonzero((classes == one) | (classes == other))
        is_one = classes[rows] == one
        for some in _parts(np.flatnonzero(~np.isnan(total)), len(rows)):
            area = _areas(_ranks(columns[np.ix_(rows, some)]), is_one)
            total[some] += np.maximum(area, 1 - area)
        total[(total + len(pairs) - done) / len(pairs) < least] = np.nan
    return total / len(pairs)


def _parts(columns: NDArray[np.intp], rows: int) -> Iterator[NDArray[np.intp]]:
    """Go through columns, so many at once as memory allows."""
    return iter(np.array_split(columns, max(1, ceil(len(columns) * rows / _AT_ONCE))))


def _areas(ranks: Numbers, is_one: NDArray[np.bool_]) -> Numbers:
    """Return the share of pairs of rows in which the one class has the larger value; equal ones count half."""
    ones = int(is_one.sum())
    others = len(is_one) - ones
    found: Numbers = (ranks[is_one].sum(axis=0) - ones * (ones - 1) / 2) / (ones * others)
    return found


def _ranks(values: NDArray[Any]) -> Numbers:
    """Return the rank of each value in its column, from 0; equal ones share the mean of theirs, NaN is the largest."""
    order = values.argsort(axis=0)
    ordered = np.take_along_axis(values, order, 0)
    rows = np.arange(len(values))[:, None]
    # NaN differs from NaN for numpy, not for a rank.
    begins = np.ones(values.shape, bool)
    begins[1:] = (ordered[1:] != ordered[:-1]) & ~(np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
    ends = np.ones(values.shape, bool)
    ends[:-1] = begins[1:]
    first = np.maximum.accumulate(np.where(begins, rows, 0), axis=0)
    last = np.minimum.accumulate(np.where(ends, rows, len(values))[::-1], axis=0)[::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, (first + last) / 2, 0)
    return found


def pairs_that_tell(classes: NDArray[np.int64], strength: float, columns: int, risk: float) -> list[Pair]:
    """Return the pairs of classes with so many rows that noise can hardly separate them.

    Args:
        classes: Shape (rows,).
        strength: The separation that will be taken for a sign.
        columns: How many columns are looked at; one of them is enough for a false alarm.
        risk: Largest probability of a false alarm, over all of them and all pairs.

    Example:
        >>> pairs_that_tell(np.array([0] * 500 + [1] * 480 + [2] * 2), 0.99, 100, 0.001)
        [(0, 1)]
    """
    labels, counts = np.unique(classes, return_counts=True)
    sizes = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    pairs = list(combinations(sizes, 2))
    return [
        (one, other)
        for one, other in pairs
        if 2 * columns * len(pairs) * area_by_chance(sizes[one], sizes[other], strength) <= risk
    ]


def area_by_chance(ones: int, others: int, area: float) -> float:
    """Return a probability that noise does not exceed: of an area of at least this under its ROC curve.

    Chernoff's bound, from the moment generating function of Mann and Whitney's statistic, which is a product: H. Mann
    and D. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Annals
    of Mathematical Statistics 18 (1947). It holds for small groups too, and with equal values.

    Args:
        ones: Rows of the one class.
        others: Rows of the other.
        area: 0.5 to 1.

    Example:
        >>> area_by_chance(500, 500, 0.99) < 1e-99, round(area_by_chance(1, 999, 0.99), 2)
        (True, 0.03)
    """
    few, many = sorted((ones, others))
    number = np.arange(1, few + 1)
    rate = np.geomspace(0.01, 10_000, 200)[:, None] / (few + many)  # the best of them; each one is a bound
    moment = (_log_moment((many + number) * rate) - _log_moment(number * rate)).sum(axis=1)
    return min(1.0, exp(float((moment - rate[:, 0] * (area - 0.5) * few * many).min())))


def _log_moment(width: Numbers) -> Numbers:
    """Return the logarithm of the moment generating function, at 1, of what is spread evenly over so wide a range."""
    half = width / 2
    found: Numbers = half + np.log(-np.expm1(-width)) - np.log(width)
    return found


def rank_correlation(columns: NDArray[Any], label: NDArray[Any]) -> Numbers:
    """Return Spearman's ρ of each column with a label, shape (columns,); NaN where either never changes.

    Example:
        >>> rank_correlation(np.array([[1.0, 9], [2, 7], [30, 8]]), np.array([0.1, 0.2, 0.3])).round(2).tolist()
        [1.0, -0.5]
    """
    middle = (len(label) - 1) / 2
    target = _ranks(label[:, None])[:, 0] - middle
    found = np.full(columns.shape[1], np.nan)
    for some in _parts(np.arange(columns.shape[1]), len(label)):
        ranks = _ranks(columns[:, some]) - middle
        size = np.sqrt((ranks * ranks).sum(axis=0) * (target @ target))
        found[some] = np.divide(target @ ranks, size, out=np.full(len(some), np.nan), where=size > 0)
    return found
