"""Which observed call a thread is inside of: what happens there is part of it, no training of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.runs.autolog.patching import Observation

_inside: dict[int, Observation] = {}


def busy() -> bool:
    """Say whether this very thread is inside of an observed call; as cheap as a look-up."""
    return threading.get_ident() in _inside


def outer() -> Observation | None:
    """Return the observed call around this one, None at the outermost.

    The threads of a pool count as the thread that made the pool: scikit-learn fits the parts of an estimator there.
    """
    if not _inside:
        return None
    thread: threading.Thread | None = threading.current_thread()
    while thread is not None:
        found = _inside.get(thread.ident or 0)
        if found is not None:
            return found
        thread = getattr(thread, "_parent", None)  # what multiprocessing.pool.ThreadPool notes of its threads
    return None


def enter(observation: Observation) -> None:
    """Begin an observed call in this thread."""
    _inside[threading.get_ident()] = observation


def leave(observation: Observation) -> None:
    """End it."""
    if _inside.get(threading.get_ident()) is observation:
        del _inside[threading.get_ident()]


def after_fork() -> None:
    """Be inside of nothing: what the parent observes is not the child's."""
    _inside.clear()
