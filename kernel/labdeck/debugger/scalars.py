"""Scalars that join the row of a step beside what the plan names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labdeck.findings.by_layout import ByLayout
from labdeck.store.tensors.given import given
from labdeck.store.tensors.layout import Column, Layout, TensorInfo, make_layout

_EMPTY = make_layout([])


class Scalars:
    """Gathers the scalars of one step, and gives rows that look alike the same layout."""

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}
        self._infos: dict[str, TensorInfo] = {}
        self._joined = ByLayout(self._extended)

    def __bool__(self) -> bool:
        """Say whether any waits."""
        return bool(self._waiting)

    def add(self, name: str, value: float, collections: tuple[str, ...]) -> None:
        """Take in a scalar; of a name given twice in a step the later value counts."""
        self._waiting[name] = given(float(value))
        if name not in self._infos:
            self._infos[name] = TensorInfo(name, collections, dtype="float64")

    def take(self) -> tuple[Layout, NDArray[np.float64]]:
        """Return what waits as a row of its own."""
        return self.join(_EMPTY, np.empty(0))

    def join(self, layout: Layout, values: NDArray[np.float64]) -> tuple[Layout, NDArray[np.float64]]:
        """Return a row with what waits behind it; a scalar that the row has already takes its place there."""
        waiting, self._waiting = self._waiting, {}
        row = np.empty(len(values) + len(waiting))
        row[: len(values)] = values
        behind = []
        for name, value in waiting.items():
            place = layout.place(name, "value")
            if place is None:
                behind.append(name)
                row[len(values) + len(behind) - 1] = value
            else:
                row[place] = value
        return self._joined(layout, tuple(behind)) if behind else layout, row[: len(values) + len(behind)]

    def _extended(self, layout: Layout, names: tuple[str, ...]) -> Layout:
        numbers = {info.name: number for number, info in enumerate(layout.tensors)}
        tensors, columns = list(layout.tensors), list(layout.columns)
        for name in names:
            if name not in numbers:
                numbers[name] = len(tensors)
                tensors.append(self._infos[name])
            columns.append(Column(numbers[name], "value", layout.width + len(columns) - len(layout.columns)))
        return Layout(tuple(tensors), tuple(columns))
