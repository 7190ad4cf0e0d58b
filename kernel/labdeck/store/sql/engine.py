"""Transactions: begun the way the database needs, repeated while it is locked, errors translated."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from labdeck.errors import InvalidQuery, StoreBusy, StoreUnreachable
from labdeck.store.forks import unforked

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from labdeck.store.sql.backend import Backend

PATIENCE = 60.0
"""Seconds a transaction waits for other processes before it raises StoreBusy."""

T = TypeVar("T")

_open_engines: set[Engine] = set()
"""Kept alive, so that a forked child never collects (and thereby closes) the connections of its parent."""


class Database:
    """A connection pool that runs whole transactions; safe to use from any thread and after a fork."""

    def __init__(self, backend: Backend, patience: float = PATIENCE) -> None:
        self.backend = backend
        self._patience = patience
        self._fork_lock = threading.Lock()
        self._closed = False
        self._pid = os.getpid()
        self._engine = backend.engine()
        _open_engines.add(self._engine)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that sees one state of the database."""
        return self._run(self._usable_engine(), work, self.backend.begin_read)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that excludes other writers; it may run more than once, and commits once."""
        result = self._run(self._usable_engine(), work, self.backend.begin_write)
        self.backend.committed()
        return result

    def set_up(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which may alter tables, on a connection of its own."""
        engine = self.backend.engine()
        try:
            return self._run(engine, work, self.backend.begin_set_up)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close all connections."""
        self._closed = True
        self.backend.close()
        if self._pid == os.getpid():
            self._engine.dispose()
            _open_engines.discard(self._engine)

    def _run(self, engine: Engine, work: Callable[[Connection], T], begin: Callable[[Connection], None]) -> T:
        deadline = time.monotonic() + self._patience
        reconnected = False
        while True:
            try:
                with unforked(), engine.connect() as connection:
                    begin(connection)
                    result = work(connection)
                    connection.commit()
                    return result
            except (IntegrityError, DataError, OverflowError) as error:
                raise InvalidQuery(f"the database cannot hold this: {error}", "correct the command") from error
            except DBAPIError as error:
                fault = self.backend.explain(error)
                if error.connection_invalidated and not reconnected:
                    reconnected = True  # the server was restarted: every command may safely be applied again
                elif not isinstance(fault, StoreBusy) or time.monotonic() > deadline:
                    raise fault from error
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - spreads writers, hides nothing

    def _usable_engine(self) -> Engine:
        if self._closed:
            raise StoreUnreachable("the store was closed", "open it again")
        if self._pid == os.getpid():
            return self._engine
        with self._fork_lock:
            if self._pid != os.getpid():
                self._engine = self.backend.engine()
                _open_engines.add(self._engine)
                self._pid = os.getpid()
            return self._engine
