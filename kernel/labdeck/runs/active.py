"""Which trial is running where: the innermost of a thread is the one that what happens there belongs to."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.runs.trial import Trial


@dataclass(frozen=True)
class _Entry:
    trial: Trial
    thread: object
    in_main: bool


_entries: list[_Entry] = []
_last: weakref.WeakKeyDictionary[Trial, list[Callable[[], None]]] = weakref.WeakKeyDictionary()
_local = threading.local()


def enter(trial: Trial) -> None:
    """The trial has begun to be written in this thread."""
    in_main = threading.current_thread() is threading.main_thread()
    _entries.append(_Entry(trial, _token(), in_main))


def leave(trial: Trial) -> None:
    """The trial is about to be written no more, whichever thread says so: what waits for that is done first."""
    hide(trial)
    for action in _last.pop(trial, ()):
        action()


def hide(trial: Trial) -> None:
    """The trial goes on, but what happens in its thread does not belong to it."""
    _entries[:] = [entry for entry in _entries if entry.trial is not trial]


def before_leaving(trial: Trial, action: Callable[[], None]) -> None:
    """Do something while the trial can still be written, right before it ends; it must not raise."""
    _last.setdefault(trial, []).append(action)


def innermost() -> Trial | None:
    """Return the trial that was begun last in this thread, else in the main thread, else none.

    A trial of some other thread is not a candidate: that thread does work of its own.
    """
    if not _entries:
        return None
    token = _token()
    outer = None
    for entry in reversed(_entries.copy()):
        if entry.thread is token:
            return entry.trial
        if outer is None and entry.in_main:
            outer = entry.trial
    return outer


def _token() -> object:
    """Return what identifies this thread for ever; the numbers of threads are used again."""
    try:
        return _local.token
    except AttributeError:
        _local.token = object()
        return _local.token
