"""The way from the server's event loop to the store: threads, never the loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from labdeck.errors import StoreBusy, StoreUnreachable
from labdeck.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

THREADS = 8
WAITING = 64
"""Calls that may be under way or wait for a thread; one more is refused, so that a slow store costs no memory."""
PATIENCE = 30.0
"""Seconds after which a call is answered with StoreBusy; its thread goes on, as nothing can stop it."""


class StoreGate:
    """Opens the store at the first call, keeps it, and runs every call on it in a bounded pool of threads.

    A store that cannot be opened is tried again at the next call; one that became unreachable is opened anew.

    Args:
        store: Where it is; None for the default place.
        patience: Seconds a caller waits at most.
    """

    def __init__(self, store: str | None, patience: float = PATIENCE) -> None:
        self._store = store
        self._patience = patience
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="labdeck-server")
        self._room = threading.BoundedSemaphore(WAITING)
        self._lock = threading.Lock()
        self._studio: Studio | None = None
        self._catalog: tuple[int, int] | None = None
        self._closed = False

    async def ask(self, call: Callable[[Studio], Answer]) -> Answer:
        """Run a call in a thread and return what it returns.

        Raises:
            StoreBusy: Too many calls wait, or this one took too long.
            LabdeckError: Whatever the call raises.
        """
        if not self._room.acquire(blocking=False):
            raise StoreBusy("too many requests wait for the store", "try again in a moment")
        try:
            future = self._pool.submit(self.run, call)
        except RuntimeError:
            self._room.release()
            raise StoreUnreachable("the server is stopping", "start it again") from None
        future.add_done_callback(lambda _: self._room.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._patience)
        except asyncio.TimeoutError:
            raise StoreBusy(
                f"the store did not answer within {self._patience:.0f} s", "try again in a moment"
            ) from None

    def run(self, call: Callable[[Studio], Answer]) -> Answer:
        """Run a call in this thread, which must not be the event loop's.

        Raises:
            LabdeckError: The store cannot be opened now, or whatever the call raises.
        """
        studio = self._opened()
        try:
            return call(studio)
        except StoreUnreachable:
            self._drop(studio)
            raise

    def _opened(self) -> Studio:
        with self._lock:
            if self._closed:
                raise StoreUnreachable("the server is stopping", "start it again")
            if self._studio is not None and not self.is_current(self._studio):
                self._studio.close()
                self._studio = None
            if self._studio is None:
                studio = Studio(self._store)
                # The first read opens the catalog: what is kept has answered once.
                studio.cursor()
                self._studio, self._catalog = studio, studio.session.catalog_identity()
            return self._studio

    def is_current(self, studio: Studio) -> bool:
        """Whether this is the open store and its catalog is still the file that was opened.

        A folder that was removed, or replaced by a backup, lives on unseen in whoever holds it open.
        """
        return studio is self._studio and studio.session.catalog_identity() == self._catalog

    @property
    def is_open(self) -> bool:
        """Whether the store has been opened."""
        return self._studio is not None

    def _drop(self, studio: Studio) -> None:
        with self._lock:
            if self._studio is not studio:
                return
            self._studio = None
        studio.close()

    def close(self) -> None:
        """Close the store; later calls raise StoreUnreachable, calls under way are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            studio, self._studio = self._studio, None
        if studio is not None:
            studio.close()
