"""PostgreSQL: one server for a team; writers in turn by an advisory lock, readers woken by NOTIFY."""

from __future__ import annotations

import os
import select
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.event import listen as listen_for
from sqlalchemy.exc import DBAPIError

from labdeck.errors import (
    MissingExtra,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StorePlace,
    StoreUnreachable,
)
from labdeck.store.contract import Watcher
from labdeck.store.sql.backend import Backend

try:
    import psycopg
except ImportError as error:
    raise MissingExtra("a store on PostgreSQL needs the package psycopg", "pip install 'labdeck[postgres]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_WRITE_LOCK = 7_020_533_011_001  # arbitrary, but the same in every Labdeck
_SETUP_LOCK = 7_020_533_011_002
_CHANNEL = "labdeck"
_LOCK_SECONDS = 60
_CONNECT_SECONDS = 10


class PostgresBackend(Backend):
    """A database on a PostgreSQL server.

    Args:
        url: With its password, as `locate` gives it.
        display: The same without, for messages.
    """

    def __init__(self, url: str, display: str) -> None:
        self._url = make_url(url)
        self._display = display
        self._watchers: weakref.WeakSet[PostgresWatcher] = weakref.WeakSet()

    def engine(self) -> Engine:
        """Return a new engine; it connects when it is used."""
        arguments = {"connect_timeout": _CONNECT_SECONDS, "client_encoding": "UTF8", "application_name": "labdeck"}
        engine = create_engine(self._url, connect_args=arguments, max_overflow=-1)
        listen_for(engine, "connect", _limit_waiting)
        return engine

    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state of the database."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def begin_write(self, connection: Connection) -> None:
        """Wait for our turn: with one writer at a time, sequence order is commit order."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    def begin_set_up(self, connection: Connection) -> None:
        """Take the writers' lock: PostgreSQL alters tables in place."""
        self.begin_write(connection)

    def announce(self, connection: Connection) -> None:
        """Send NOTIFY, which the server delivers when this transaction commits."""
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")

    def committed(self) -> None:
        """Nothing to do: NOTIFY reaches the watchers of this process too."""

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold an advisory lock of the session, beside which the schema is made."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
                if encoding != "UTF8":
                    raise StorePlace(
                        f"the database {self._display} stores text as {encoding}", "create one WITH ENCODING 'UTF8'"
                    )
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({_SETUP_LOCK})")
                connection.commit()  # the lock is the session's; an open transaction would only hold back clean-up
                yield
        except DBAPIError as error:
            raise self.explain(error) from error
        finally:
            engine.dispose()  # ends the session, and with it the lock

    def explain(self, error: DBAPIError) -> StoreError:
        """Return what an error of the server means to the user."""
        return _meaning(error.orig or error, self._display)

    def examine(self, connection: Connection) -> list[str]:
        """Return the indices that the server calls invalid; it verifies pages itself when it reads them."""
        query = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
        return [f"the index {row[0]} is invalid" for row in connection.exec_driver_sql(query)]

    def watch(self) -> Watcher:
        """Return a watcher with a connection of its own."""
        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        watcher = PostgresWatcher(address, self._display)
        self._watchers.add(watcher)
        return watcher

    def close(self) -> None:
        """Let waiting watchers go."""
        for watcher in list(self._watchers):
            watcher.close()


class PostgresWatcher(Watcher):
    """LISTENs; connects again when the server was restarted.

    Raises:
        StoreUnreachable: The server cannot be reached, now or in a later `wait`.
    """

    def __init__(self, url: str, display: str) -> None:
        self._url = url
        self._display = display
        self._closed = False
        self._reading = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        try:
            self._connection = self._connect()
        except StoreError:
            os.close(self._wake_read)
            os.close(self._wake_write)
            raise

    def wait(self, timeout: float) -> bool:
        """Block until there may be new events, at most `timeout` seconds; True if there may be."""
        with self._reading:
            deadline = time.monotonic() + timeout
            while not self._closed:
                try:
                    if any(True for _ in self._connection.notifies(timeout=0)):
                        return True
                except psycopg.Error:
                    self._connection.close()
                    self._connection = self._connect()
                    return True  # what was announced meanwhile went past us
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return False
                select.select([self._connection.fileno(), self._wake_read], [], [], remaining)
            return False

    def close(self) -> None:
        """Release the connection; a `wait` in another thread returns."""
        if self._closed:
            return
        self._closed = True
        os.write(self._wake_write, b"x")
        with self._reading:
            self._connection.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _connect(self) -> psycopg.Connection:
        try:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
            connection.execute(f"LISTEN {_CHANNEL}")
        except psycopg.Error as error:
            raise _meaning(error, self._display) from error
        return connection


def _limit_waiting(connection: psycopg.Connection, _record: object) -> None:
    """Do not wait for a lock for ever; set here and not in the URL, where it would replace the user's options."""
    connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
    connection.commit()


def _meaning(error: BaseException, display: str) -> StoreError:
    """Classify by SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    code = getattr(error, "sqlstate", None) or ""
    first = str(error).strip().partition("\n")[0]
    if code == "53100":
        return StoreFull("the disk of the database server is full", "free some space there")
    if code in ("55P03", "40001", "40P01", "57014"):
        return StoreBusy("another process has held the store's database for too long", "look for a hanging process")
    if code in ("XX001", "XX002", "42P01", "42703"):
        return StoreCorrupt(f"the database {display} is damaged: {first}", "restore it from a backup")
    if code in ("25006", "42501"):
        return StoreUnreachable(f"the database {display} cannot be written: {first}", "ask for write permission")
    if isinstance(error, psycopg.OperationalError) or code[:2] in ("08", "28", "3D", "57"):
        return StoreUnreachable(
            f"the database {display} cannot be reached: {first}", "check that the server runs and the URL is right"
        )
    return StoreError(f"the database {display} failed: {first}")
