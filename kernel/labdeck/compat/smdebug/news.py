"""Wakes those in this process who wait for a step, when one was saved."""

from __future__ import annotations

import threading

_changed = threading.Condition()


def announce() -> None:
    """Something was saved, or a training has ended."""
    with _changed:
        _changed.notify_all()


def wait(seconds: float) -> None:
    """Return at the next announcement, at the latest after so many seconds."""
    with _changed:
        _changed.wait(seconds)
