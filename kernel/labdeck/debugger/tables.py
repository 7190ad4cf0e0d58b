"""Numbers of many tensors at once, taken from the rows as they were written: each is touched a single time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return one reduction of tensors over the steps.

    Args:
        reader: Of the trial's tensors.
        names: One a row.
        reduction: A single number.
        mode: Of the steps.
        start: Only steps from here on.
        end: Only steps before this one.

    Returns:
        steps: int64 (columns,), rising: those at which any of them was recorded. values: a masked float64 array
        (rows, columns), whose mask says what was not; of a step that was recorded twice, what was written last.
    """
    columns: dict[int, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}
    kept: list[tuple[int, NDArray[np.intp], NDArray[np.float64]]] = []
    for moment, layout, values in reader.rows(mode):
        if (start is not None and moment.step < start) or (end is not None and moment.step >= end):
            continue
        if id(layout) not in columns:  # the reader keeps them: to compare two would be to compare thousands of tensors
            columns[id(layout)] = _columns(layout, names, reduction)
        rows, places = columns[id(layout)]
        if len(rows):
            kept.append((moment.step, rows, values[places]))
    steps = np.unique(np.array([step for step, _, _ in kept], np.int64))
    table = np.ma.masked_all((len(names), len(steps)))  # type: ignore[no-untyped-call]
    for (_, rows, values), column in zip(kept, np.searchsorted(steps, [step for step, _, _ in kept]), strict=True):
        table[rows, column] = values
    return steps, table


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
