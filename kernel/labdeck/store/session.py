"""One process's way to a store: writes through the outbox, reads from the catalog when somebody asks."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import warnings
import weakref
from functools import cached_property
from typing import TYPE_CHECKING

from labdeck.store.forks import unforked
from labdeck.store.open import prepare
from labdeck.store.outbox import Outbox, Source, adopt

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.store.artifacts import ArtifactFiles
    from labdeck.store.columns.files import FileColumns
    from labdeck.store.contract import Catalog, Location
    from labdeck.store.open import Store
    from labdeck.store.outputs import OutputFiles
    from labdeck.store.tensors.files import TensorFiles
    from labdeck.wire.commands import AnyCommand

_log = logging.getLogger("labdeck.store")
_sessions: weakref.WeakSet[Session] = weakref.WeakSet()


class Session:
    """Writes to and reads from one store.

    Nothing here opens the database until something is read; `post` and the file parts never do.

    Args:
        location: Where the store is.
        on_open: Called once the database has been opened, in the thread that opened it; its failure is only logged.

    Raises:
        StorePlace: SQLite on a network file system.
        StoreUnreachable, StoreFull: The store's folder can neither be found nor made.
    """

    def __init__(self, location: Location, on_open: Callable[[], None] = lambda: None) -> None:
        prepare(location)
        self.location = location
        self._on_open = on_open
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._identity: tuple[int, int] | None = None
        self._outbox = Outbox(location.folder / "outbox", self._open_catalog)
        _sessions.add(self)

    @cached_property
    def columns(self) -> FileColumns:
        """Metric points."""
        from labdeck.store.columns.files import FileColumns

        return FileColumns(self.location.folder / "columns")

    @cached_property
    def tensors(self) -> TensorFiles:
        """Tensors over steps."""
        from labdeck.store.tensors.files import TensorFiles

        return TensorFiles(self.location.folder / "tensors")

    @cached_property
    def artifacts(self) -> ArtifactFiles:
        """Files by content."""
        from labdeck.store.artifacts import ArtifactFiles

        return ArtifactFiles(self.location.folder / "artifacts")

    @cached_property
    def outputs(self) -> OutputFiles:
        """What was printed."""
        from labdeck.store.outputs import OutputFiles

        return OutputFiles(self.location.folder / "outputs")

    def post(self, *commands: AnyCommand) -> None:
        """Record facts; returns when SIGKILL cannot lose them, before they are in the catalog."""
        self._outbox.post(*commands)

    def flush(self) -> None:
        """Wait until what was posted is in the catalog; StoreError if that cannot be."""
        self._outbox.flush()

    def add_source(self, source: Source) -> None:
        """Ask a source for further commands a few times a second."""
        self._outbox.add_source(source)

    def remove_source(self, source: Source) -> None:
        """Do not ask it any more."""
        self._outbox.remove_source(source)

    @property
    def catalog(self) -> Catalog:
        """The catalog, with everything posted so far in it."""
        self.flush()
        return self._open_catalog()

    def adopt_outboxes(self) -> int:
        """Apply what dead processes left behind; return how many commands that were."""
        return adopt(self.location.folder / "outbox", self._open_catalog())

    @property
    def store(self) -> Store:
        """The open store, without waiting for what was posted."""
        with self._lock:
            opened = self._store
            if opened is not None and self._identity == self.catalog_identity():
                return opened
            if opened is not None:
                self._let_go(opened)
            with unforked():  # it imports the database library, in pieces
                from labdeck.store.open import open_store

                opened = self._store = open_store(self.location)
            self._identity = self.catalog_identity()
        try:
            self._on_open()
        except Exception:  # noqa: BLE001 - upkeep must not stand between a user and the store
            _log.warning("the store's upkeep failed", exc_info=True)
        return opened

    def catalog_identity(self) -> tuple[int, int] | None:
        """Return what identifies the file of the catalog; None if there is none, as with PostgreSQL."""
        try:
            status = (self.location.folder / "catalog.sqlite").stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _let_go(self, opened: Store) -> None:
        """Leave a store that was removed or replaced while it was open: what goes there is seen by nobody."""
        warnings.warn(
            f"Labdeck: the store {self.location.display} was removed or replaced while it was in use; what was recorded"
            " in it is not in the new one",
            UserWarning,
            stacklevel=4,
        )
        self._store = None
        opened.close()

    def _open_catalog(self) -> Catalog:
        return self.store.catalog

    def close(self) -> None:
        """Deliver what is waiting and release everything; the session opens again when it is used again."""
        self._outbox.close()
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def after_fork(self) -> None:
        """Let go of the parent's connections and threads without touching them."""
        self._lock = threading.Lock()
        self._store = None
        self._outbox.after_fork()


def _close_all() -> None:
    for session in list(_sessions):
        session.close()


def _after_fork() -> None:
    for session in list(_sessions):
        session.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
