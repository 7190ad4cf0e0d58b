"""Locks that a process holds on a file for as long as it lives, however it dies.

`flock` belongs to the open file: the system lets go of it when the last process that shares it is gone, whatever became
of process ids and clocks meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL = 0.02


def try_hold(fd: int) -> bool:
    """Hold an open file; False if somebody else does. Held until it is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def hold(path: Path, patience: float) -> Iterator[bool]:
    """Hold a file, made if there is none, while the block runs.

    Gives False if somebody else held it for `patience` seconds; OSError if it cannot be made. No lock of a library: one
    that waits for forks to end would wait for ever where a fork waits for us, see `labdeck.store.forks`.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not (held := try_hold(fd)) and time.monotonic() < deadline:
            time.sleep(_POLL)
        yield held
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Say whether somebody holds a file; False if there is no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_hold(fd)
    finally:
        os.close(fd)
