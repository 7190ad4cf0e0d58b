"""Tells the catalog how far the series of a running trial have come, and that their writer lives."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from labdeck.wire.commands import AdvanceMetrics, Beat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.runs.summary import RunningSummary
    from labdeck.store.contract import Follower, SeriesKey
    from labdeck.store.session import Session
    from labdeck.wire.commands import AnyCommand

BEAT_EVERY = 5.0
"""Seconds between two signs of life."""


class Announcer:
    """Turns new points of one trial, whichever process logged them, into announcements.

    It is a source of the session's outbox: called a few times a second in the background, and once more when the trial
    ends.
    """

    def __init__(self, session: Session, trial_id: str) -> None:
        self._session = session
        self._trial_id = trial_id
        self._lock = threading.Lock()
        self._follower: Follower | None = None
        self._summaries: dict[SeriesKey, RunningSummary] = {}
        self._points = 0
        self._next_beat = 0.0

    def __call__(self) -> Sequence[AnyCommand]:
        """Return what is new since the last call."""
        commands: list[AnyCommand] = list(self.announce())
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_EVERY
            commands.append(Beat(trial_ids=(self._trial_id,), time=time.time()))
        return commands

    def announce(self) -> Sequence[AdvanceMetrics]:
        """Return the summaries of the series that have grown, nothing if none has."""
        with self._lock:
            if self._follower is None:
                self._follower = self._session.columns.follow(self._trial_id)
            changed = self._take_in(self._follower)
            if not changed:
                return ()
            metrics = tuple(self._summaries[key].record(key) for key in changed)
            return (AdvanceMetrics(trial_id=self._trial_id, points=self._points, metrics=metrics),)

    def _take_in(self, follower: Follower) -> list[SeriesKey]:
        changed = []
        for key, series in follower.read().items():
            if not len(series):
                continue
            if key not in self._summaries:
                from labdeck.runs.summary import RunningSummary

                self._summaries[key] = RunningSummary()
            self._summaries[key].add(series)
            self._points += len(series)
            changed.append(key)
        return changed
