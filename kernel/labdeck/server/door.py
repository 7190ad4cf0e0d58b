"""What one server holds of Labdeck: the way to its store, and the two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.server.gate import StoreGate
from labdeck.server.housekeeping import Housekeeper
from labdeck.server.reports import ReportMaker
from labdeck.server.tail import Tail

if TYPE_CHECKING:
    from logging import Logger


class Door:
    """Everything the handlers need.

    Args:
        store: Where the store is; None for the default place. It is opened by the first request.
        log: The server's logger.
    """

    def __init__(self, store: str | None, log: Logger) -> None:
        self.gate = StoreGate(store)
        self.tail = Tail(self.gate, log)
        self.reports = ReportMaker(self.gate)
        self.housekeeper = Housekeeper(self.gate, self.tail, log)

    def close(self) -> None:
        """Stop the threads and close the store; waits for neither."""
        self.housekeeper.close()
        self.tail.close()
        self.gate.close()
