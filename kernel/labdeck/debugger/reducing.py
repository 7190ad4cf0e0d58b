"""Reductions of many arrays at once: all those of a step, written straight into their row.

What each reduction means is said, slowly and obviously, in `labdeck.findings.reductions`; how they are made quickly, in
`labdeck.debugger.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.statistics import (
    ABS,
    ABS_LOW,
    ABS_VARIANCE,
    HIGH,
    INFS,
    LOW,
    NANS,
    SIZE,
    SQUARES,
    SUM,
    VARIANCE,
    ZEROS,
    Gatherer,
    Numbers,
    Statistics,
    plain_of,
)
from labdeck.findings.reductions import HIGHEST, LOWEST, reduce
from labdeck.store.tensors.layout import Column

Row = NDArray[np.float64]


def _share(what: int) -> Callable[[Statistics], Row]:
    return lambda s: s[what] / s[SIZE]


def _plain(what: int) -> Callable[[Statistics], Row]:
    return lambda s: s[what]


def _root(what: int) -> Callable[[Statistics], Row]:
    return lambda s: np.sqrt(s[what])


_FORMULAS: dict[str, tuple[frozenset[int], Callable[[Statistics], Row]]] = {
    "min": (frozenset({LOW}), _plain(LOW)),
    "max": (frozenset({HIGH}), _plain(HIGH)),
    "mean": (frozenset({SUM}), _share(SUM)),
    "std": (frozenset({SUM, SQUARES, VARIANCE}), _root(VARIANCE)),
    "variance": (frozenset({SUM, SQUARES, VARIANCE}), _plain(VARIANCE)),
    "sum": (frozenset({SUM}), _plain(SUM)),
    "l1": (frozenset({ABS}), _plain(ABS)),
    "l2": (frozenset({SQUARES}), _root(SQUARES)),
    "abs_min": (frozenset({ABS_LOW}), _plain(ABS_LOW)),
    "abs_max": (frozenset({LOW, HIGH}), lambda s: np.maximum(np.abs(s[LOW]), np.abs(s[HIGH]))),
    "abs_mean": (frozenset({ABS}), _share(ABS)),
    "abs_std": (frozenset({ABS, SQUARES, ABS_VARIANCE}), _root(ABS_VARIANCE)),
    "abs_variance": (frozenset({ABS, SQUARES, ABS_VARIANCE}), _plain(ABS_VARIANCE)),
    "abs_sum": (frozenset({ABS}), _plain(ABS)),
    "abs_l1": (frozenset({ABS}), _plain(ABS)),
    "abs_l2": (frozenset({SQUARES}), _root(SQUARES)),
    "nan_count": (frozenset({SQUARES, NANS}), _plain(NANS)),
    "inf_count": (frozenset({SQUARES, INFS}), _plain(INFS)),
    "zero_count": (frozenset({ZEROS}), _plain(ZEROS)),
}


class Reducer:
    """Computes reductions of arrays that come in the same order again and again.

    Args:
        parts: For each array the columns of a row that tell of it.

    Attributes:
        needed: The statistics that the columns are made of; see `labdeck.debugger.statistics`.
        slow: Arrays with columns that are no formula over statistics: medians, histograms, products.

    Example:
        >>> row = np.empty(2)
        >>> Reducer([(Column(0, "mean", 0), Column(0, "l2", 1))]).fill([np.array([3.0, -4.0], "f4")], row)
        >>> row.tolist()
        [-0.5, 5.0]
    """

    def __init__(self, parts: Sequence[Iterable[Column]]) -> None:
        places: dict[str, tuple[list[int], list[int]]] = {}
        self.slow: dict[int, list[Column]] = {}
        for number, columns in enumerate(parts):
            for column in columns:
                if column.reduction in _FORMULAS:
                    arrays, starts = places.setdefault(column.reduction, ([], []))
                    arrays.append(number)
                    starts.append(column.start)
                else:
                    self.slow.setdefault(number, []).append(column)
        self._formulas = [
            (_FORMULAS[name][1], np.array(arrays, np.intp), np.array(starts, np.intp))
            for name, (arrays, starts) in places.items()
        ]
        self.needed: frozenset[int] = frozenset().union(*(_FORMULAS[name][0] for name in places))
        self._gatherer = Gatherer(self.needed)

    def fill(self, arrays: Sequence[Numbers | None], row: Row) -> None:
        """Write the reductions of these arrays to their places; NaN for an array that is not there.

        Args:
            arrays: As many as there are parts, of any shape and numeric type.
            row: float64, wide enough for all columns.
        """
        plain = [None if array is None else plain_of(array) for array in arrays]
        if self._formulas:
            self.finish(self._gatherer.gather(plain), row)
        for number in self.slow:
            self.fill_slow(number, plain[number], row)

    def finish(self, statistics: Statistics, row: Row) -> None:
        """Write what is made of the statistics of all arrays, from wherever they come."""
        with np.errstate(all="ignore"):
            for formula, arrays, places in self._formulas:
                row[places] = formula(statistics)[arrays]

    def fill_slow(self, number: int, array: Numbers | None, row: Row) -> None:
        """Write the columns of an array that are no formula over statistics."""
        for column in self.slow.get(number, ()):
            found = np.nan if array is None else _slow(array, column.reduction)
            row[column.start : column.start + column.width] = found


def _slow(array: Numbers, reduction: str) -> Any:
    if reduction == "histogram" and array.dtype.char in "fd":
        return _histogram(array)
    return reduce(array, reduction)


_SIDE = HIGHEST - LOWEST + 1
_BITS = {"f": (np.uint32, 23, 127), "d": (np.uint64, 52, 1023)}
"""Of each type: unsigned integers of its size, where its exponent begins, and what is added to that."""


def _histogram(array: Numbers) -> Row:
    """Return the histogram of `labdeck.findings.reductions`, from the bits of the numbers."""
    whole, shift, bias = _BITS[array.dtype.char]
    codes = (np.ascontiguousarray(array).view(whole) >> shift).astype(np.uint16)
    wide = 2 * bias + 2  # exponents there are; a code is the exponent, and above it the sign
    counts = np.bincount(codes, minlength=2 * wide).astype(np.float64)
    places = np.clip(np.arange(wide) - bias, LOWEST, HIGHEST) - LOWEST + 1
    bins = np.zeros(2 * _SIDE + 1)
    for side, first in ((1, 0), (-1, wide)):
        of_side = counts[first : first + wide - 1]  # the last is that of infinities and NaN
        bins += np.bincount(_SIDE + side * places[:-1], of_side, 2 * _SIDE + 1)
    zeros = np.count_nonzero(array == 0)
    if zeros:  # they have the smallest exponent, as numbers have that are next to nothing
        negative = np.count_nonzero(np.signbit(array[array == 0]))
        bins[_SIDE] += zeros
        bins[_SIDE - 1] -= negative
        bins[_SIDE + 1] -= zeros - negative
    return bins
