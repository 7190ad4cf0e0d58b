"""Keeps a fork out of what a child could not go on from.

A child that is forked while another thread imports a module inherits the module half made and its lock held for ever:
importing it there never returns. One that is forked in the middle of a transaction inherits SQLite's own notes of it:
the child's connections find the database locked by a thread that the child does not have, for ever. So both happen
under `unforked`, by any number of threads at once, and a fork waits until none is inside.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30.0
"""Seconds that a fork waits at most: a database that somebody else has locked must not hold it for ever."""


class _Gate(threading.local):
    """How deep the thread is inside."""

    depth = 0


class _Turns:
    """Counts the threads that are inside, and keeps others out while a fork waits for them and happens."""

    def __init__(self) -> None:
        self.change = threading.Condition(threading.Lock())
        self.inside = 0
        self.forks = 0
        self.here = _Gate()

    def enter(self) -> None:
        if not self.here.depth:  # who is inside already is what a fork may be waiting for
            with self.change:
                self.change.wait_for(lambda: not self.forks)
                self.inside += 1
        self.here.depth += 1

    def leave(self) -> None:
        self.here.depth -= 1
        if not self.here.depth:
            with self.change:
                self.inside -= 1
                self.change.notify_all()

    def hold(self) -> None:
        mine = 1 if self.here.depth else 0
        with self.change:
            self.forks += 1
            self.change.wait_for(lambda: self.inside <= mine, PATIENCE)

    def let_go(self) -> None:
        with self.change:
            self.forks -= 1
            self.change.notify_all()


_turns = _Turns()


@contextmanager
def unforked() -> Iterator[None]:
    """Hold back forks of other threads meanwhile; for what ends soon.

    Example:
        >>> with unforked():
        ...     import json
    """
    turns = _turns
    turns.enter()
    try:
        yield
    finally:
        if turns is _turns:  # else this is a child that was forked in here: it has turns of its own
            turns.leave()


def _hold() -> None:
    _turns.hold()


def _let_go() -> None:
    _turns.let_go()


def _after_in_child() -> None:
    global _turns  # noqa: PLW0603 - whoever else was inside, or waited, is not in the child
    _turns = _Turns()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_after_in_child)
