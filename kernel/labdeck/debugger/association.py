"""How well one column alone tells a label, by ranks: no scale, no outlier and no monotone change alters it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 20
"""Labels with more values than this are treated as numbers."""

Numbers = NDArray[np.float64]


def separation(columns: Numbers, classes: NDArray[np.int64], least: float = 0.0) -> Numbers:
    """Return how well each column separates the classes, shape (columns,), 0.5 (not at all) to 1 (perfectly).

    It is the mean, over all pairs of classes, of max(A, 1 - A), where A is the area under the ROC curve with which the
    column tells the one class from the other; the M measure of D. Hand and R. Till, "A Simple Generalisation of the
    Area Under the ROC Curve for Multiple Class Classification Problems", Machine Learning 45 (2001), for one score and
    either direction. A missing value (NaN) counts as larger than any other.

    Args:
        columns: Shape (rows, columns).
        classes: Shape (rows,).
        least: Columns that cannot reach it any more are given up, and get NaN; what they cost is saved.

    Example:
        >>> separation(np.array([[1.0, 3], [2, 1], [3, 2], [4, 4]]), np.array([0, 0, 1, 1])).tolist()
        [1.0, 0.75]
    """
    pairs = list(combinations(np.unique(classes).tolist(), 2))
    total = np.zeros(columns.shape[1])
    if not pairs:
        return np.full(columns.shape[1], np.nan)
    groups = {label: columns[classes == label] for label in {label for pair in pairs for label in pair}}
    for done, (one, other) in enumerate(pairs, start=1):
        open_columns = np.flatnonzero(~np.isnan(total))
        for column in open_columns.tolist():
            area = _area(groups[one][:, column], groups[other][:, column])
            total[column] += max(area, 1 - area)
        possible = (total + len(pairs) - done) / len(pairs)
        total[possible < least] = np.nan
    return total / len(pairs)


def _area(one: Numbers, other: Numbers) -> float:
    """Return the share of pairs in which the first value is the larger; equal ones count half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, one, "left") + np.searchsorted(ordered, one, "right")
    return float(below.mean()) / (2 * len(other))


def rank_correlation(columns: Numbers, label: Numbers) -> Numbers:
    """Return Spearman's ρ of each column with a label, shape (columns,); NaN where either never changes.

    Example:
        >>> rank_correlation(np.array([[1.0, 9], [2, 7], [30, 8]]), np.array([0.1, 0.2, 0.3])).round(2).tolist()
        [1.0, -0.5]
    """
    target = _centred_ranks(label)
    found = np.full(columns.shape[1], np.nan)
    for column in range(columns.shape[1]):
        ranks = _centred_ranks(columns[:, column])
        size = np.sqrt((ranks @ ranks) * (target @ target))
        if size > 0:
            found[column] = (ranks @ target) / size
    return found


def _centred_ranks(values: Numbers) -> Numbers:
    """Return the ranks minus their mean; equal values share the mean of theirs."""
    ordered = np.sort(values)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
    centred: Numbers = ranks - ranks.mean()
    return centred
