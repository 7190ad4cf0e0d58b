"""SQLite: one file in WAL mode, writers in turn, readers never blocked."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from labdeck.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreUnreachable
from labdeck.store.contract import Watcher
from labdeck.store.forks import unforked
from labdeck.store.locks import hold
from labdeck.store.sql.backend import Backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

_BUSY_SECONDS = 2.0  # within SQLite; the transaction as a whole is repeated for longer
_POLL_SECONDS = 0.05
_PATIENCE = 60.0
"""Seconds to wait for another process that sets up the store."""
_LOW_DISK = 256 * 1024
_CHECK_RIGHTS = (
    "check that the folder exists and that you may write to it: reading needs it, too; else copy it and open the copy"
)


class SqliteBackend(Backend):
    """The catalog file of a store's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "catalog.sqlite"
        self._watchers: weakref.WeakSet[SqliteWatcher] = weakref.WeakSet()
        # SQLite would make the file readable by all; its other files take over the rights of this one.
        with suppress(OSError):
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def engine(self) -> Engine:
        """Return a new engine; it connects when it is used."""
        return create_engine("sqlite://", creator=self._connect, poolclass=QueuePool, max_overflow=-1)

    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state of the database."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: Connection) -> None:
        """Take SQLite's write lock at once: upgrading a read lock later could fail."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def begin_set_up(self, connection: Connection) -> None:
        """Switch foreign keys off: dropping the old form of a table would delete what refers to it."""
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def announce(self, connection: Connection) -> None:
        """Nothing to do: watchers see PRAGMA data_version change."""

    def committed(self) -> None:
        """Wake the watchers of this process, after a commit."""
        for watcher in list(self._watchers):
            watcher.nudge()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold a file lock: the first open switches to WAL, which no transaction protects."""
        try:
            with hold(self._folder / "catalog.lock", _PATIENCE) as held:
                if not held:
                    raise StoreBusy(
                        "another process has been setting up the store for a minute", "look for a hanging process"
                    )
                mode = self._connect()
                try:
                    mode.execute("PRAGMA journal_mode=WAL")
                finally:
                    mode.close()
                yield
        except sqlite3.Error as error:
            raise self._meaning(error) from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise _full() from error
            raise StoreUnreachable(f"the store cannot be set up: {error.strerror}", _CHECK_RIGHTS) from error

    def explain(self, error: DBAPIError) -> StoreError:
        """Return what an error of SQLite means to the user."""
        return self._meaning(error.orig or error)

    def examine(self, connection: Connection) -> list[str]:
        """Return what PRAGMA integrity_check and foreign_key_check find."""
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        if found != ["ok"]:
            return found
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [f"{row[0]}: a row refers to a missing {row[2]}" for row in orphans]

    def watch(self) -> Watcher:
        """Return a watcher with a connection of its own."""
        try:
            watcher = SqliteWatcher(self._connect())
        except sqlite3.Error as error:
            raise self._meaning(error) from error
        self._watchers.add(watcher)
        return watcher

    def close(self) -> None:
        """Let waiting watchers go."""
        for watcher in list(self._watchers):
            watcher.close()

    def _connect(self) -> sqlite3.Connection:
        # Transactions are begun by hand (isolation_level None): the driver's own way begins them too late.
        connection = sqlite3.connect(
            self._file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _meaning(self, error: BaseException) -> StoreError:
        text = str(error)
        if "locked" in text or "busy" in text:
            return StoreBusy("another process has held the store's database for too long", "look for a hanging process")
        if "disk is full" in text or ("disk I/O error" in text and self._nearly_full()):
            return _full()
        if (
            "not a database" in text
            or "malformed" in text
            or "decode" in text
            or "no such table" in text
            or "no such column" in text
        ):
            return StoreCorrupt(
                f"{self._file} is damaged: {text}", "restore it from a backup, or move the folder away to start anew"
            )
        if "unable to open" in text or "readonly" in text or "disk I/O error" in text:
            return StoreUnreachable(f"{self._file} cannot be opened: {text}", _CHECK_RIGHTS)
        return StoreError(f"the store's database failed: {text}")

    def _nearly_full(self) -> bool:
        try:
            if not os.access(self._folder, os.W_OK):
                return False  # an image that can only be read has no free space either
            return shutil.disk_usage(self._folder).free < _LOW_DISK
        except OSError:
            return False


class SqliteWatcher(Watcher):
    """Compares PRAGMA data_version, which changes with every commit of any other connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._lock = threading.Lock()
        self._nudged = threading.Event()
        self._version: int | None = 0
        self._version = self._read()

    def wait(self, timeout: float) -> bool:
        """Block until there may be new events, at most `timeout` seconds; True if there may be."""
        deadline = time.monotonic() + timeout
        while True:
            version = self._read()
            if version != self._version:
                self._version = version
                return version is not None
            remaining = deadline - time.monotonic()
            if version is None or remaining <= 0:
                return False
            self._nudged.wait(min(_POLL_SECONDS, remaining))
            self._nudged.clear()

    def nudge(self) -> None:
        """Look again now."""
        self._nudged.set()

    def close(self) -> None:
        """Release the connection; a `wait` in another thread returns."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
        self._nudged.set()

    def _read(self) -> int | None:
        with self._lock:
            if self._connection is None:
                return None
            try:
                with unforked():
                    return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error:
                return self._version  # whoever reads the events meets the same error, and can say so


def _full() -> StoreFull:
    return StoreFull("the disk that holds the store is full", "free some space")
