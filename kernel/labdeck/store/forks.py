"""Keeps a fork from falling into an import of one of our threads.

A child that is forked while another thread imports a module inherits the module half made and its lock held for ever:
importing it there never returns. So our threads import what is slow to import under `unforked`, and a fork waits.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.RLock()


@contextmanager
def unforked() -> Iterator[None]:
    """Hold back forks of other threads meanwhile; for imports only, which end soon.

    Example:
        >>> with unforked():
        ...     import json
    """
    with _lock:
        yield


def _hold() -> None:
    _lock.acquire()


def _let_go() -> None:
    _lock.release()


def _after_in_child() -> None:
    global _lock  # noqa: PLW0603 - whoever else waited for it is not in the child
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_after_in_child)
