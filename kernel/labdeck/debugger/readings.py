"""Readings of recorded tensors that figures are drawn from."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from labdeck.wire.debugging import FindingRecord, Mode

MOST_COLUMNS = 400
"""Columns of a heat map: more cannot be told apart on a screen."""
MOST_POINTS = 2_000
"""Steps of the curves of a tensor."""


@dataclass(frozen=True)
class TensorGrid:
    """One reduction of several tensors over the steps.

    Attributes:
        reduction: Its name.
        mode: Of the steps.
        names: One a row, in the model's order.
        first, last: int64, shape (columns,): the steps that each column stands for; the same where nothing was folded.
        values: float64, shape (rows, columns); NaN where it is not known or not a number.
        broken: bool, same shape: the value was recorded and is not finite.
        findings: Those of these tensors.
        total: How many tensors there are of this kind; those from `offset` on are in the rows.
        offset: How many are left out at the beginning.
    """

    reduction: str
    mode: Mode
    names: tuple[str, ...]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    values: NDArray[np.float64]
    broken: NDArray[np.bool_]
    findings: tuple[FindingRecord, ...] = ()
    total: int = 0
    offset: int = 0


@dataclass(frozen=True)
class TensorCurves:
    """Reductions of one tensor over the steps.

    Attributes:
        name: The tensor.
        mode: Of the steps.
        steps: int64, shape (n,).
        curves: float64, shape (n,) by reduction; quantiles come as "p5", "p25", "p50", "p75", "p95".
        findings: Those of this tensor.
        lost: How many recorded values of a curve are not finite, also of those that were thinned out.
        total: How many steps were recorded; more than `steps` holds where the curves were thinned.
    """

    name: str
    mode: Mode
    steps: NDArray[np.int64]
    curves: dict[str, NDArray[np.float64]]
    findings: tuple[FindingRecord, ...] = ()
    lost: dict[str, int] = field(default_factory=dict)
    total: int = 0


@dataclass(frozen=True)
class TensorHistogram:
    """How the values of one tensor are spread, over the steps.

    Attributes:
        name: The tensor.
        mode: Of the steps.
        steps: int64, shape (n,): the first step that each column stands for.
        edges: float64, shape (bins + 1,), rising.
        counts: float64, shape (n, bins): the sums over the steps of a column.
        signed_log: The bins are powers of 2 of the magnitude on both sides of 0.
        last: int64, shape (n,): the last step that each column stands for; None where each stands for one.
        total: How many steps there are; more than `steps` has where some were left out.
    """

    name: str
    mode: Mode
    steps: NDArray[np.int64]
    edges: NDArray[np.float64]
    counts: NDArray[np.float64]
    signed_log: bool
    last: NDArray[np.int64] | None = None
    total: int = 0


@dataclass(frozen=True)
class TensorValues:
    """One whole tensor at one step, folded to a picture.

    Attributes:
        name: The tensor.
        mode, step: Which step.
        shape: Of the tensor itself.
        picture: float64, 2-dimensional: the first axis against the others; of each group of cells the value of the
            largest magnitude, NaN if one is not a number.
        fold: How many rows and columns of the tensor one cell stands for.
    """

    name: str
    mode: Mode
    step: int
    shape: tuple[int, ...]
    picture: NDArray[np.float64]
    fold: tuple[int, int] = field(default=(1, 1))


def fold_columns(
    steps: NDArray[np.int64], values: NDArray[np.float64], most: int = MOST_COLUMNS
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Fold neighbouring columns until at most `most` are left; each keeps its value of the largest magnitude.

    A column in which a value is not finite is not finite: what is wrong must not vanish by folding. What was never
    recorded (NaN in `values` with no other in the group) stays NaN and is not marked as broken.

    Args:
        steps: int64 (columns,).
        values: float64 (rows, columns); a masked array whose mask says what was not recorded.
        most: At least 1.

    Returns:
        first, last: int64 (folded,). values, broken: (rows, folded).
    """
    count = len(steps)
    known = ~np.ma.getmaskarray(values)
    plain = np.ma.getdata(values)
    if count == 0:
        empty = np.zeros(plain.shape, bool)
        return steps, steps, plain, empty
    edges = fold_edges(count, most)
    folded = np.full((len(plain), len(edges) - 1), np.nan)
    broken = np.zeros(folded.shape, bool)
    for place, (start, end) in enumerate(itertools.pairwise(edges)):
        group, there = plain[:, start:end], known[:, start:end]
        bad = there & ~np.isfinite(group)
        size = np.where(there & ~bad, np.abs(group), -1.0)
        best = size.argmax(axis=1)
        rows = np.arange(len(plain))
        folded[:, place] = np.where(size[rows, best] >= 0, group[rows, best], np.nan)
        broken[:, place] = bad.any(axis=1)
    return steps[edges[:-1]], steps[edges[1:] - 1], folded, broken


def fold_edges(count: int, most: int = MOST_COLUMNS) -> NDArray[np.intp]:
    """Return where groups of neighbours begin, and the end: at most `most` groups that are about alike."""
    edges: NDArray[np.intp] = np.linspace(0, count, min(count, most) + 1).round().astype(np.intp)
    return edges


def thin(
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_]]], count: int, most: int = MOST_POINTS
) -> NDArray[np.intp]:
    """Return the places of at most about `most` of the points of curves, the same ones for all.

    Of each stretch those are kept at which a curve is smallest, largest, and for the first time not finite: what stands
    out must not vanish, and every value that is left is one that was recorded.

    Args:
        curves: By name values, float64 (count,), and which of them were recorded at all.
        count: Points of a curve.
        most: Points that are wanted.
    """
    if count <= most or not curves:
        return np.arange(count)
    chosen = {0, count - 1}
    for start, end in itertools.pairwise(fold_edges(count, max(1, most // (3 * len(curves)))).tolist()):
        for values, known in curves.values():
            part, finite = values[start:end], np.isfinite(values[start:end])
            if finite.any():
                chosen.add(start + int(np.where(finite, part, np.inf).argmin()))
                chosen.add(start + int(np.where(finite, part, -np.inf).argmax()))
            broken = known[start:end] & ~finite
            if broken.any():
                chosen.add(start + int(broken.argmax()))
    return np.array(sorted(chosen), np.intp)


def fold_picture(array: NDArray[np.float64], most: int = 96) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return an array of any shape as a picture of at most `most` by `most` cells, and how much a cell stands for.

    The first axis goes down, all others across; a vector is one row.
    """
    flat = array.reshape(1, -1) if array.ndim < 2 else array.reshape(array.shape[0], -1)  # noqa: PLR2004
    if flat.size == 0:
        return np.empty((0, 0)), (1, 1)
    fold = (-(-flat.shape[0] // most), -(-flat.shape[1] // most))
    rows, columns = (-(-size // step) for size, step in zip(flat.shape, fold, strict=True))
    padded = np.zeros((rows * fold[0], columns * fold[1]))
    padded[: flat.shape[0], : flat.shape[1]] = flat
    cells = padded.reshape(rows, fold[0], columns, fold[1]).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    best = np.abs(np.where(np.isnan(cells), np.inf, cells)).argmax(axis=2)
    picture: NDArray[np.float64] = np.take_along_axis(cells, best[..., None], axis=2)[..., 0]
    return picture, fold
