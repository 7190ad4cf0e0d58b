"""Fills the rows of a plan from arrays and from scalars that are kept side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.reducing import Reducer
from labdeck.findings.by_layout import ByLayout
from labdeck.store.tensors.layout import Layout

_REMEMBERED = 32

Row = NDArray[np.float64]


class _Recipe(NamedTuple):
    """How a row is filled: which scalars go where, and which arrays are reduced."""

    sources: NDArray[np.intp]
    places: NDArray[np.intp]
    arrays: tuple[str, ...]
    reducer: Reducer
    row: Row


class RowFiller:
    """Fills rows of the same few layouts again and again.

    Args:
        scalars: The names of the scalars, in the order in which their values will come.

    Example:
        >>> from labdeck.store.tensors.layout import TensorInfo, make_layout
        >>> layout = make_layout([(TensorInfo("b"), ("value",)), (TensorInfo("x", shape=(2,)), ("max",))])
        >>> RowFiller(("a", "b")).fill(layout, np.array([1.0, 2.0]), {"x": np.array([3.0, 9.0])}).tolist()
        [2.0, 9.0]
    """

    def __init__(self, scalars: Sequence[str] = ()) -> None:
        self._scalars = {name: number for number, name in enumerate(scalars)}
        self._recipe = ByLayout(self._arrange, _REMEMBERED)

    def needs(self, layout: Layout) -> tuple[str, ...]:
        """Return the arrays of which reductions are wanted."""
        return self._recipe(layout).arrays

    def fill(self, layout: Layout, scalars: Row, arrays: Mapping[str, Any]) -> Row:
        """Return a row, float64 (layout.width,), valid until the next of its layout; NaN for what is not there.

        Args:
            layout: What is wanted.
            scalars: float64, in the order of the names.
            arrays: By name.
        """
        recipe = self._recipe(layout)
        row = recipe.row
        row.fill(np.nan)
        row[recipe.places] = scalars[recipe.sources]
        if recipe.arrays:
            recipe.reducer.fill([arrays.get(name) for name in recipe.arrays], row)
        return row

    def _arrange(self, layout: Layout) -> _Recipe:
        sources, places = [], []
        parts: dict[str, list[Any]] = {}
        for column in layout.columns:
            name = layout.tensors[column.tensor].name
            if column.reduction != "value":
                parts.setdefault(name, []).append(column)
            elif name in self._scalars:
                sources.append(self._scalars[name])
                places.append(column.start)
        return _Recipe(
            np.array(sources, np.intp),
            np.array(places, np.intp),
            tuple(parts),
            Reducer(list(parts.values())),
            np.empty(layout.width),
        )
