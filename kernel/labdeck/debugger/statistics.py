"""The statistics of many arrays that reductions are made of, in few passes over memory that stays in the cache.

Small arrays are put side by side and reduced together; large ones are read in pieces. Sums run in the arrays' own
precision within a piece and in float64 from piece to piece: of float32, a sum is right to about 1e-6 of the sum of the
absolute values. Where float32 is too narrow for a square, or rounding would eat a variance, float64 takes over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Statistics = NDArray[np.float64]
"""Shape (12, arrays): a row a statistic."""

SIZE, SUM, SQUARES, ABS, LOW, HIGH, ABS_LOW, VARIANCE, ABS_VARIANCE, NANS, INFS, ZEROS = range(12)
"""How many, the sum, that of the squares, that of the magnitudes, the smallest, the largest, the smallest magnitude,
the variances of the values and of their magnitudes, how many NaN, infinities and zeros."""
STATISTICS = 12

_SMALL = 1 << 14
"""Elements up to which an array is put beside others."""
_PIECE = 1 << 16
"""Elements that are read at once; with what is made of them they stay in the second-level cache."""
_TINY = 1e-30
"""A mean square of float32 below this has lost terms to underflow."""
_CANCELLED = 1e-3
"""A variance below this share of the mean square has lost too many digits."""
Key = list["tuple[int, str] | None"]
"""Sizes and types of arrays, in their order."""
_NOTHING_IS_0 = (SUM, SQUARES, ABS, NANS, INFS, ZEROS)


class _Block(NamedTuple):
    """Small arrays of one type that are reduced side by side."""

    members: list[int]
    at: NDArray[np.intp]
    starts: NDArray[np.intp]
    size: int


def plain_of(array: Numbers) -> Numbers:
    """Return an array in one dimension, as float32 or float64; complex values as their magnitudes."""
    kind = array.dtype.char
    if kind not in "fd":
        if array.dtype.kind == "c":
            array = np.abs(array)
        array = array.astype(np.float32 if kind in "eF" else np.float64, copy=False)
    return array if array.ndim == 1 else array.ravel(order="K")


class Gatherer:
    """Gathers the statistics of arrays that come in the same order again and again.

    Args:
        needed: Which.
    """

    def __init__(self, needed: frozenset[int]) -> None:
        self.needed = needed
        self._key: Key = []
        self._blocks: list[_Block] = []
        self._large: list[int] = []
        self._largest = 0
        self._first = np.empty((STATISTICS, 0))
        self._scratch = {kind: np.empty((2, _PIECE), kind) for kind in "f"}
        self._ones = {kind: np.ones(_PIECE, kind) for kind in "f"}
        self._marks = np.empty(_PIECE, np.bool_)

    def gather(self, arrays: Sequence[Numbers | None]) -> Statistics:
        """Return the statistics of arrays of `plain_of`, NaN of those that are None."""
        key: Key = [None if array is None else (array.size, array.dtype.char) for array in arrays]
        if key != self._key:
            self._arrange(key)
        found: Statistics = self._first.copy()
        with np.errstate(all="ignore"):
            for block in self._blocks:
                self._add_block(block, arrays, found)
            for number in self._large:
                array = arrays[number]
                assert array is not None  # noqa: S101 - the key says so
                self._add_large(array, found[:, number])
            exact = self._exact(arrays, found)
            if VARIANCE in self.needed:
                self._add_variances(VARIANCE, SUM, arrays, found, exact)
            if ABS_VARIANCE in self.needed:
                self._add_variances(ABS_VARIANCE, ABS, arrays, found, exact)
        return found

    # -- sorting ---------------------------------------------------------------------------------------------------

    def _arrange(self, key: Key) -> None:
        """Sort arrays of these sizes and types into blocks."""
        self._key, self._blocks, self._large = key, [], []
        self._first = np.full((STATISTICS, len(key)), np.nan)
        waiting: dict[str, list[int]] = {}
        filled: dict[str, int] = {}
        for number, one in enumerate(key):
            if one is None:
                continue
            size, kind = one
            self._first[SIZE, number] = size
            self._first[list(_NOTHING_IS_0), number] = 0.0
            if kind not in self._scratch:
                self._scratch[kind], self._ones[kind] = np.empty((2, _PIECE), kind), np.ones(_PIECE, kind)
            if size > _SMALL:
                self._large.append(number)
                self._first[[LOW, ABS_LOW, HIGH], number] = np.inf, np.inf, -np.inf
            elif size:
                members = waiting.setdefault(kind, [])
                if filled.get(kind, 0) + size > _PIECE:
                    self._close(members)
                    members, filled[kind] = [], 0
                    waiting[kind] = members
                members.append(number)
                filled[kind] = filled.get(kind, 0) + size
        for members in waiting.values():
            self._close(members)
        self._largest = max((one[0] for one in key if one is not None), default=0)

    def _close(self, members: list[int]) -> None:
        if members:
            at = np.array(members, np.intp)
            ends = np.cumsum(self._first[SIZE, at]).astype(np.intp)
            self._blocks.append(_Block(members, at, np.concatenate([[0], ends[:-1]]).astype(np.intp), int(ends[-1])))

    # -- gathering -------------------------------------------------------------------------------------------------

    def _add_block(self, block: _Block, arrays: Sequence[Numbers | None], found: Statistics) -> None:
        members: list[Any] = [arrays[number] for number in block.members]
        scratch = self._scratch[members[0].dtype.char]
        flat, other = scratch[0, : block.size], scratch[1, : block.size]
        np.concatenate(members, out=flat)
        needed, at, starts = self.needed, block.at, block.starts
        if SUM in needed:
            found[SUM, at] = np.add.reduceat(flat, starts)
        if SQUARES in needed:
            found[SQUARES, at] = np.add.reduceat(np.multiply(flat, flat, out=other), starts)
        if LOW in needed:
            found[LOW, at] = np.minimum.reduceat(flat, starts)
        if HIGH in needed:
            found[HIGH, at] = np.maximum.reduceat(flat, starts)
        if ABS in needed or ABS_LOW in needed:
            np.abs(flat, out=other)
            found[ABS, at] = np.add.reduceat(other, starts)
            if ABS_LOW in needed:
                found[ABS_LOW, at] = np.minimum.reduceat(other, starts)
        if ZEROS in needed:
            marks = np.equal(flat, 0, out=self._marks[: block.size])
            found[ZEROS, at] = np.add.reduceat(marks, starts, dtype=np.intp)

    def _add_large(self, array: Numbers, column: NDArray[np.float64]) -> None:
        for start in range(0, array.size, _PIECE):
            self._add_piece(array[start : start + _PIECE], column)

    def _add_piece(self, piece: Numbers, column: NDArray[np.float64]) -> None:
        needed, kind, size = self.needed, piece.dtype.char, piece.size
        ones = self._ones[kind][:size]
        if SUM in needed:
            column[SUM] += piece.dot(ones)
        if SQUARES in needed:
            column[SQUARES] += piece.dot(piece)
        if LOW in needed:
            column[LOW] = np.minimum(column[LOW], np.minimum.reduce(piece))
        if HIGH in needed:
            column[HIGH] = np.maximum(column[HIGH], np.maximum.reduce(piece))
        if ABS in needed or ABS_LOW in needed:
            absolute = np.abs(piece, out=self._scratch[kind][0, :size])
            column[ABS] += absolute.dot(ones)
            if ABS_LOW in needed:
                column[ABS_LOW] = np.minimum(column[ABS_LOW], np.minimum.reduce(absolute))
        if ZEROS in needed:
            column[ZEROS] += np.count_nonzero(np.equal(piece, 0, out=self._marks[:size]))

    # -- where the quick way is not right --------------------------------------------------------------------------

    def _exact(self, arrays: Sequence[Numbers | None], found: Statistics) -> frozenset[int]:
        """Gather again, in float64, what is too large or too small for float32, or not finite; return which."""
        sizes = found[SIZE]
        if SQUARES in self.needed:
            squares = found[SQUARES]
            if squares.min(initial=np.inf) > _TINY * self._largest and squares.max(initial=0.0) < np.inf:
                return frozenset()  # NaN is neither
            doubtful = (squares < _TINY * sizes) | (squares - squares != 0) & (sizes > 0)
            if ABS in self.needed:
                doubtful &= ~(found[ABS] == 0)  # zeros, all of them
        elif self.needed & {SUM, ABS}:
            doubtful = (found[SUM] - found[SUM] != 0) | (found[ABS] - found[ABS] != 0)
            doubtful &= sizes > 0
        else:
            return frozenset()
        numbers = np.flatnonzero(doubtful).tolist()
        for number in numbers:
            array = arrays[number]
            assert array is not None  # noqa: S101 - it has a size
            found[:, number] = exactly(array)
        return frozenset(numbers)

    def _add_variances(
        self, what: int, of: int, arrays: Sequence[Numbers | None], found: Statistics, exact: frozenset[int]
    ) -> None:
        """Add the variances of values or magnitudes, those that rounding ate by a second pass in float64."""
        squares, means = found[SQUARES] / found[SIZE], found[of] / found[SIZE]
        variances = squares - means * means
        eaten = np.flatnonzero((variances < _CANCELLED * squares) & (squares > 0)).tolist()
        kept = {number: found[what, number] for number in exact}
        found[what] = np.maximum(variances, 0.0)
        for number, value in kept.items():
            found[what, number] = value
        again = [number for number in eaten if number not in exact]
        small = [number for number in again if found[SIZE, number] <= _SMALL]
        if small:
            chosen: list[Any] = [arrays[number] for number in small]
            found[what, small] = _spread(chosen, means[small], magnitudes=of == ABS)
        for number in set(again).difference(small):
            array = arrays[number]
            assert array is not None  # noqa: S101 - it has a size
            found[what, number] = exactly(array)[what]


def _spread(arrays: list[Numbers], means: NDArray[np.float64], *, magnitudes: bool) -> NDArray[np.float64]:
    """Return the variances of small arrays, from their distances to about their means."""
    sizes = np.array([array.size for array in arrays])
    flat = np.concatenate(arrays).astype(np.float64)
    if magnitudes:
        np.abs(flat, out=flat)
    flat -= np.repeat(means, sizes)
    starts = np.cumsum(sizes) - sizes
    off = np.add.reduceat(flat, starts) / sizes
    flat *= flat
    spread: NDArray[np.float64] = np.maximum(np.add.reduceat(flat, starts) / sizes - off * off, 0.0)
    return spread


def _pieces(array: Numbers) -> Iterator[NDArray[np.float64]]:
    for start in range(0, array.size, _PIECE):
        yield array[start : start + _PIECE].astype(np.float64)


def exactly(array: Numbers) -> NDArray[np.float64]:
    """Return the statistics of an array of one dimension that is not empty, all of them, in float64; shape (12,)."""
    found = np.zeros(STATISTICS)
    found[SIZE] = array.size
    found[[LOW, ABS_LOW]], found[HIGH] = np.inf, -np.inf
    with np.errstate(all="ignore"):
        for piece in _pieces(array):
            absolute = np.abs(piece)
            found[SUM] += piece.sum()
            found[SQUARES] += piece.dot(piece)
            found[ABS] += absolute.sum()
            found[LOW] = np.minimum(found[LOW], piece.min())
            found[HIGH] = np.maximum(found[HIGH], piece.max())
            found[ABS_LOW] = np.minimum(found[ABS_LOW], absolute.min())
            found[NANS] += np.count_nonzero(np.isnan(piece))
            found[INFS] += np.count_nonzero(np.isinf(piece))
            found[ZEROS] += piece.size - np.count_nonzero(piece)
        mean, abs_mean = found[[SUM, ABS]] / array.size
        for piece in _pieces(array):
            found[VARIANCE] += np.square(piece - mean).sum() / array.size
            found[ABS_VARIANCE] += np.square(np.abs(piece) - abs_mean).sum() / array.size
    return found
