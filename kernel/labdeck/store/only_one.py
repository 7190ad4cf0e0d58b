"""One import at a time into a store."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labdeck.errors import StoreBusy
from labdeck.store.disk import disk_error
from labdeck.store.locks import try_hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdeck.store.contract import Location

LOCK = "import.lock"


@contextmanager
def only_import(location: Location) -> Iterator[None]:
    """Hold a store against other imports: two of the same would bring points twice.

    Raises:
        StoreBusy: Another one is going on.
        StoreFull, StoreUnreachable: The store cannot be written.
    """
    path = location.folder / "outbox" / LOCK
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(error, "the import cannot begin") from None
    try:
        if not try_hold(fd):
            raise StoreBusy("another import into this store is going on", "wait until it has ended")
        yield
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)
