"""Numbers of many tensors at once, taken from the rows as they were written: each is touched a single time."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from labdeck.debugger.readings import MOST_COLUMNS, fold_columns, fold_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.store.tensors.layout import Layout
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import Mode


def read_table(
    reader: TensorReader,
    names: Sequence[str],
    reduction: str,
    mode: Mode,
    start: int | None = None,
    end: int | None = None,
    most: int = MOST_COLUMNS,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return one reduction of tensors over the steps, folded while it is read.

    Args:
        reader: Of the trial's tensors.
        names: One a row.
        reduction: A single number.
        mode: Of the steps.
        start: Only steps from here on.
        end: Only steps before this one.
        most: Columns.

    Returns:
        first, last, values, broken as of `fold_columns`; of a step that was recorded twice, what was written last.
    """
    places: dict[int, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}
    kept: list[tuple[int, int, NDArray[np.float64]]] = []
    for moment, layout, values in reader.rows(mode):
        if (start is not None and moment.step < start) or (end is not None and moment.step >= end):
            continue
        if id(layout) not in places:  # the reader keeps them: to compare two would be to compare thousands of tensors
            places[id(layout)] = _columns(layout, names, reduction)
        if len(places[id(layout)][0]):
            kept.append((moment.step, id(layout), values))
    kept.sort(key=lambda row: row[0])  # of equal steps the order in which they were written stays
    at = np.array([step for step, _, _ in kept], np.int64)
    steps = np.unique(at)
    edges = fold_edges(len(steps), most)
    parts = []
    for begin, stop in itertools.pairwise(edges):
        table = np.ma.masked_all((len(names), stop - begin))  # type: ignore[no-untyped-call]
        group = steps[begin:stop]
        for step, layout_id, values in kept[np.searchsorted(at, group[0]) : np.searchsorted(at, group[-1], "right")]:
            rows, columns = places[layout_id]
            table[rows, np.searchsorted(group, step)] = values[columns]
        parts.append(fold_columns(group, table, 1))
    if not parts:
        return steps, steps, np.empty((len(names), 0)), np.empty((len(names), 0), bool)
    first, last, folded, broken = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return first, last, folded, broken


def read_counts(
    reader: TensorReader, name: str, mode: Mode, most: int = MOST_COLUMNS
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the histograms that were recorded of a tensor, those of neighbouring steps summed while they are read.

    Returns:
        first, last: int64 (columns,): the steps that each stands for. counts: float64 (columns, bins).
    """
    found: dict[int, NDArray[np.float64]] = {}
    for moment, layout, values in reader.rows(mode):
        column = layout.column(name, "histogram")
        if column is not None and not np.isnan(values[column.start]):
            found[moment.step] = values[column.start : column.start + column.width]
    steps = np.array(sorted(found), np.int64)
    groups = [steps[begin:stop] for begin, stop in itertools.pairwise(fold_edges(len(steps), most)) if stop > begin]
    counts = [np.sum([found[step] for step in group.tolist()], axis=0) for group in groups]
    first, last = (np.array([group[at] for group in groups], np.int64) for at in (0, -1))
    return first, last, np.array(counts)


def latest_values(reader: TensorReader, reduction: str, mode: Mode, step: int) -> dict[str, float]:
    """Return the value that each tensor had at a step, or else at the last one before it; left out without one."""
    found: dict[str, float] = {}
    seen: set[int] = set()
    for moment, layout, values in reversed(list(reader.rows(mode))):
        if moment.step > step or id(layout) in seen:
            continue
        seen.add(id(layout))
        for column in layout.columns:
            if column.reduction == reduction and column.width == 1:
                found.setdefault(layout.tensors[column.tensor].name, float(values[column.start]))
    return found


def _columns(layout: Layout, names: Sequence[str], reduction: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of the names a layout has numbers of, and where these stand in its rows."""
    found = [(row, column.start) for row, name in enumerate(names) if (column := layout.column(name, reduction))]
    pairs = np.array(found, np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
