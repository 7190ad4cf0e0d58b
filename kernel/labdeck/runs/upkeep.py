"""What keeps a store true: delivered, honest about who died, packed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.store.session import Session

COMPACT_AFTER = 600.0
"""Seconds after its end at which a trial's points are packed into Parquet."""
PACK_EVERY = 3600.0
"""Seconds between two rounds of packing and pruning."""


def settle(session: Session, complete: Callable[[str], None] | None = None) -> None:
    """Deliver what dead processes left, and mark their trials crashed; see `mark_crashed` for `complete`."""
    from labdeck.runs.liveness import mark_crashed

    session.adopt_outboxes()
    mark_crashed(session, complete)


class Upkeep:
    """Settles a store whenever it is asked to, and packs it now and then."""

    def __init__(self, session: Session, complete: Callable[[str], None] | None = None) -> None:
        self._session = session
        self._complete = complete
        self._packed = 0.0
        self._lock = threading.Lock()

    def run(self) -> None:
        """Do what is due."""
        with self._lock:
            settle(self._session, self._complete)
            if time.monotonic() - self._packed >= PACK_EVERY or not self._packed:
                self._packed = time.monotonic()
                self._pack()

    def _pack(self) -> None:
        from labdeck.store.maintenance import KEEP_EVENTS

        store = self._session.store
        running = {live.trial_id for live in store.catalog.running()}
        for trial_id in store.columns.trial_ids() - running:
            if store.columns.age(trial_id) >= COMPACT_AFTER:
                store.columns.compact(trial_id)
        store.catalog.prune(KEEP_EVENTS)
