"""Which of the files that a trial opens are worth a node: one by one if they are few, else their folder."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.runs.lineage.nodes import signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FEW = 8
"""Files of one folder that are nodes of their own."""
QUIET = 1.5
"""Seconds without another file from around there after which a folder's files are taken for few."""
PATIENCE = 20.0
"""Seconds after which they are recorded all the same."""
MOST = 500
"""Files and folders of one trial that become nodes; a program that opens more is no training."""

Place = tuple[str, bool]
"""A path, and whether it was written."""


class Folding:
    """Holds what was opened until it is clear whether the file or its folder is meant.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: dict[Place, float] = {}
        self._members: defaultdict[Place, set[str]] = defaultdict(set)
        self._stirred: dict[str, float] = {}
        self._folded: set[Place] = set()
        self._recorded: dict[Place, tuple[int, ...] | None] = {}
        self._superseded: list[Place] = []
        self._unfoldable = _unfoldable()

    def add(self, path: str, *, writing: bool) -> None:
        """Take in a file, folder or URL that was opened."""
        place, now = (path, writing), self._clock()
        if writing:
            self._pending.pop((path, False), None)  # read and at once overwritten: what was read is gone
        elif (path, True) in self._recorded or (path, True) in self._pending:
            return  # its own product
        folder = os.path.dirname(path)  # noqa: PTH120
        if any(above in self._folded for above in self._above(path, writing)):
            return
        if place not in self._recorded and len(self._recorded) + len(self._pending) < MOST * FEW:
            if path not in self._members[folder, writing]:
                self._stirred[os.path.dirname(folder)] = now  # noqa: PTH120
            self._members[folder, writing].add(path)
        self._pending.setdefault(place, now)

    def due(self, *, final: bool) -> Iterator[Place]:
        """Yield what is to be recorded now; at the end everything, and what has changed since it was."""
        now = self._clock()
        ready = [place for place, since in self._pending.items() if final or self._is_ready(place, since, now)]
        for place in ready:
            del self._pending[place]
        self._fold({(os.path.dirname(path), writing) for path, writing in ready})  # noqa: PTH120
        wanted = dict.fromkeys(self._folded_or_self(place) for place in ready)
        if final:
            wanted.update(dict.fromkeys(place for place in self._recorded if place[1]))
        for place in wanted:
            known = place in self._recorded
            state = signature(place[0])
            if state is None and "://" not in place[0]:
                continue  # gone, or a pipe, a device, a socket: nothing that could be looked at again
            if (known or len(self._recorded) < MOST) and not (known and self._recorded[place] == state):
                self._recorded[place] = state
                yield place

    def superseded(self) -> list[Place]:
        """Return what was recorded by itself and is now part of a folder."""
        gone, self._superseded = self._superseded, []
        return gone

    def _is_ready(self, place: Place, since: float, now: float) -> bool:
        path, writing = place
        stirred = self._stirred.get(os.path.dirname(os.path.dirname(path)), since)  # noqa: PTH120
        if now - since < PATIENCE and now - max(stirred, since) < QUIET:
            return False
        state = signature(path) if writing else None
        return state is None or time.time() - state[3] / 1e9 >= QUIET  # nobody writes it just now

    def _fold(self, folders: set[Place]) -> None:
        """Put folders in the place of many files, and a folder in the place of several such folders, and so on up."""
        todo = [place for place in folders if len(self._members[place]) > FEW]
        while todo:
            folder, writing = todo.pop()
            if (folder, writing) in self._folded or folder in self._unfoldable:
                continue
            self._folded.add((folder, writing))
            for path, wrote in [*self._recorded]:
                if wrote == writing and path.startswith(folder + "/"):
                    del self._recorded[path, wrote]
                    self._superseded.append((path, wrote))
            above = os.path.dirname(folder)  # noqa: PTH120
            if sum(wrote == writing and os.path.dirname(one) == above for one, wrote in self._folded) > 1:  # noqa: PTH120
                todo.append((above, writing))

    def _folded_or_self(self, place: Place) -> Place:
        """Return the outermost folder that stands for a file, or the file itself."""
        return next(iter(sorted(above for above in self._above(*place) if above in self._folded)), place)

    @staticmethod
    def _above(path: str, writing: bool) -> list[Place]:
        return [(str(folder), writing) for folder in Path(path).parents]


def _unfoldable() -> frozenset[str]:
    """Return the folders that stand for nothing: where the program runs, the home, the roots, and all above them."""
    found = {"/", "/tmp"}  # noqa: S108 - named to be left out
    for place in (Path.cwd(), Path.home()):
        found |= {str(place), *map(str, place.parents)}
    return frozenset(found)
