"""Upkeep of the store while the server runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError
from labdeck.studio import Studio

if TYPE_CHECKING:
    from logging import Logger

    from labdeck.server.gate import StoreGate
    from labdeck.server.tail import Tail

WATCHED_EVERY = 2.0
"""Seconds between two rounds while somebody looks: a dead training process shows within this time."""
UNWATCHED_EVERY = 30.0


class Housekeeper:
    """Calls `Studio.housekeep` again and again, in a thread that ends with the server.

    It never opens the store: without a first request there is nobody to keep house for.
    """

    def __init__(self, gate: StoreGate, tail: Tail, log: Logger) -> None:
        self._gate = gate
        self._tail = tail
        self._log = log
        self._stopped = threading.Event()
        self._complaint = ""
        threading.Thread(target=self._run, name="labdeck-housekeeping", daemon=True).start()

    def close(self) -> None:
        """Stop for good; returns at once."""
        self._stopped.set()

    def _run(self) -> None:
        waited = 0.0
        # A look every two seconds costs nothing, and lets the first client find a tidy store soon.
        while not self._stopped.wait(WATCHED_EVERY):
            waited += WATCHED_EVERY
            if self._gate.is_open and (self._tail.busy or waited >= UNWATCHED_EVERY):
                waited = 0.0
                self._tidy()

    def _tidy(self) -> None:
        try:
            self._gate.run(Studio.housekeep)
        except LabdeckError as error:
            self._complain(str(error))
        except Exception:  # noqa: BLE001 - a thread that must outlive whatever one round meets
            self._log.exception("Labdeck's housekeeping failed; it goes on")
        else:
            self._complaint = ""

    def _complain(self, text: str) -> None:
        """Log a complaint once, not every two seconds."""
        if text != self._complaint:
            self._log.warning("Labdeck's housekeeping: %s", text)
        self._complaint = text
