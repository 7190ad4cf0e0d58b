"""Locks that a process holds on a file for as long as it lives, however it dies.

`flock` belongs to the open file: the system lets go of it when the last process that shares it is gone, whatever became
of process ids and clocks meanwhile.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_hold(fd: int) -> bool:
    """Hold an open file; False if somebody else does. Held until it is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
