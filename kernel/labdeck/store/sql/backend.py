"""What differs between the databases, behind one small interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from labdeck.errors import StoreError
    from labdeck.store.contract import Watcher


class Backend(ABC):
    """One database: how to connect, lock, wake readers and read its errors."""

    @abstractmethod
    def engine(self) -> Engine:
        """Return a new engine; it connects when it is used."""

    @abstractmethod
    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state of the database."""

    @abstractmethod
    def begin_write(self, connection: Connection) -> None:
        """Start a transaction that no other writer overlaps, so that sequence order is commit order."""

    @abstractmethod
    def begin_set_up(self, connection: Connection) -> None:
        """Start a transaction in which tables may be built anew without losing the rows that refer to them."""

    @abstractmethod
    def announce(self, connection: Connection) -> None:
        """Make the commit of this transaction wake the watchers of all processes."""

    @abstractmethod
    def committed(self) -> None:
        """Wake the watchers of this process, after a commit."""

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes from creating or migrating the schema meanwhile."""

    @abstractmethod
    def explain(self, error: DBAPIError) -> StoreError:
        """Return what an error of the driver means to the user."""

    @abstractmethod
    def examine(self, connection: Connection) -> list[str]:
        """Return what the database's own check finds."""

    @abstractmethod
    def watch(self) -> Watcher:
        """Return a new watcher on commits."""

    @abstractmethod
    def close(self) -> None:
        """Let waiting watchers go."""
