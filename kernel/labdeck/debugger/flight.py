"""The flight recorder: whole tensors of the last steps, in memory that is used again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from labdeck.debugger.copying import Copies, Shelf, blocks_of, size_of
from labdeck.store.tensors.blocks import Block
from labdeck.store.tensors.frames import Moment

LIMIT = 512 << 20
"""Bytes that the recorder of one watch may hold."""


class FlightRing:
    """Keeps copies of the whole tensors of the last steps.

    Args:
        steps: How many steps.
        limit: Bytes that it may hold; where the steps do not fit, fewer are kept.
    """

    def __init__(self, steps: int, limit: int = LIMIT) -> None:
        self.steps = steps
        self.limit = limit
        self._ring: deque[tuple[Moment, Copies]] = deque()
        self._shelf = Shelf(most=1)
        self._lent = 0

    def __len__(self) -> int:
        """Return the number of steps that are kept."""
        return len(self._ring)

    def keep(self, moment: Moment, arrays: Mapping[str, Any]) -> int:
        """Copy the tensors of a step; the oldest go when there are too many. Return how many such steps fit.

        A step that does not fit alone is not kept, and nothing is.
        """
        while self._ring and len(self._ring) >= self.steps:
            self._drop()
        copies = self._shelf.copy(arrays)
        size = size_of(copies)
        fitting = min(self.steps, self.limit // size) if size else self.steps
        while self._ring and len(self._ring) >= fitting:
            self._drop()
        if fitting:
            self._ring.append((moment, copies))
        return fitting

    def _drop(self) -> None:
        _, copies = self._ring.popleft()
        if self._lent:
            self._lent -= 1  # it may still be written
        else:
            self._shelf.give_back(copies)

    def latest(self) -> Moment | None:
        """Return the latest step that is kept."""
        return self._ring[-1][0] if self._ring else None

    def lend(self) -> list[tuple[Moment, Mapping[str, Block]]]:
        """Return what is kept, oldest first; its memory is not used again, so that it can be written in peace."""
        self._lent = len(self._ring)
        return [(moment, blocks_of(copies)) for moment, copies in self._ring]
