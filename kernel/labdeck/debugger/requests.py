"""What a person asks of a running training, listened for beside it; and what rules say when nothing is heard of it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from labdeck.errors import LabdeckError

if TYPE_CHECKING:
    from labdeck.store.contract import Catalog
    from labdeck.store.session import Session
    from labdeck.wire.debugging import RequestRecord

FIRST = 1.0
"""Seconds until it is listened for the first time: a short training is over before a person sees it."""
EVERY = 0.5
"""Seconds from one look to the next."""
_PAUSE = 10.0
"""Seconds until the next look after the store could not be read."""

_log = logging.getLogger("labdeck.debugger")


class Asked(Protocol):
    """Somebody who can be asked."""

    def ask(self, request: RequestRecord) -> None:
        """Take in what is wanted; each request comes once."""

    def wait(self) -> None:
        """Look whether anything was heard of the training; called about once a second."""


class Listener:
    """A thread that looks for requests to one trial.

    It reads only after something was written to the store, and opens the store only when the training has lasted a
    moment, so that it costs next to nothing.

    Args:
        session: The way to the store.
        trial_id: The trial.
        asked: Who is to be told.
    """

    def __init__(self, session: Session, trial_id: str, asked: Asked) -> None:
        self._session = session
        self._trial_id = trial_id
        self._asked = asked
        self._ending = threading.Event()
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="labdeck-requests", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Listen no more; returns soon, without waiting for a look that is under way."""
        self._ending.set()

    def _run(self) -> None:
        pause = FIRST
        while not self._ending.wait(pause):
            try:
                self._listen()
            except LabdeckError as error:
                _log.info("requests cannot be read: %s", error)
            except Exception:  # noqa: BLE001 - a thread of ours must not show a traceback to the user
                if not self._ending.is_set():
                    _log.warning("requests cannot be read", exc_info=True)
            pause = _PAUSE

    def _listen(self) -> None:
        """Look again and again, until the end or an error."""
        catalog = self._session.store.catalog
        with catalog.watch() as watcher:
            self._look(catalog)
            turn = 0
            while not self._ending.wait(EVERY):
                if watcher.wait(0):
                    self._look(catalog)
                turn += 1
                if turn % 2 == 0:
                    self._asked.wait()

    def _look(self, catalog: Catalog) -> None:
        for request in catalog.requests(self._trial_id):
            if request.id not in self._told and not self._ending.is_set():
                self._told.add(request.id)
                self._asked.ask(request)
