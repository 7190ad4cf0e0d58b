"""Tells the catalog how far the series of a running trial have come, and that their writer lives."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError
from labdeck.store.forks import unforked
from labdeck.wire.commands import AdvanceMetrics, Beat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdeck.runs.summary import RunningSummary
    from labdeck.store.columns.follow import SegmentFollower
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.store.session import Session
    from labdeck.wire.commands import AnyCommand

BEAT_EVERY = 5.0
"""Seconds between two signs of life."""

_log = logging.getLogger("labdeck.store")
_announcers: weakref.WeakSet[Announcer] = weakref.WeakSet()


class Announcer:
    """Turns new points of one trial, whichever process logged them, into announcements.

    It is a source of the session's outbox: called a few times a second in the background, and once more when the trial
    ends. An announcement says how far a series has come, not what was added, so it may be repeated.
    """

    def __init__(self, session: Session, trial_id: str) -> None:
        self._session = session
        self._trial_id = trial_id
        self._reset()
        _announcers.add(self)

    def _reset(self) -> None:
        """Know nothing: in a new object, and in a forked child, whose parent may have been half way through a call."""
        self._lock = threading.Lock()
        self._follower: SegmentFollower | None = None
        self._summaries: dict[SeriesKey, RunningSummary] = {}
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
            return self._announcement(self._follow())

    def last_steps(self) -> dict[SeriesKey, int]:
        """Return the step of the latest point of each series that the trial has."""
        with self._lock:
            self._follow()
            return {key: summary.record(key).last_step for key, summary in self._summaries.items()}

    def conclude(self) -> Sequence[AdvanceMetrics]:
        """Return the summaries of all series when nobody logs any more: they agree with the points, whatever happened.

        Points are counted anew if they were not followed from the beginning, or if the follower cannot vouch for
        having seen each of them.
        """
        with self._lock:
            if self._follower is not None:
                self._follow()
            if self._follower is None or self._follower.unsure():
                self._count_anew()
            return self._announcement(list(self._summaries))

    def _follow(self) -> list[SeriesKey]:
        with unforked():  # the first reading imports numpy
            if self._follower is None:
                self._follower = self._session.columns.follow(self._trial_id)
            return _add(self._summaries, self._follower.read())

    def _count_anew(self) -> None:
        summaries: dict[SeriesKey, RunningSummary] = {}
        try:
            with unforked():
                _add(summaries, self._session.columns.all_series(self._trial_id))
        except (OSError, LabdeckError) as error:
            _log.warning("the points of trial %s cannot be counted: %s", self._trial_id, error)
        else:
            self._summaries = summaries

    def _announcement(self, keys: Sequence[SeriesKey]) -> Sequence[AdvanceMetrics]:
        if not keys:
            return ()
        points = sum(summary.count for summary in self._summaries.values())
        metrics = tuple(self._summaries[key].record(key) for key in keys)
        return (AdvanceMetrics(trial_id=self._trial_id, points=points, metrics=metrics),)


def _add(summaries: dict[SeriesKey, RunningSummary], found: Mapping[SeriesKey, Series]) -> list[SeriesKey]:
    """Take points into summaries; return the series that have grown."""
    grown = []
    for key, series in found.items():
        if not len(series):
            continue
        if key not in summaries:
            from labdeck.runs.summary import RunningSummary

            summaries[key] = RunningSummary()
        summaries[key].add(series)
        grown.append(key)
    return grown


def _after_fork() -> None:
    for announcer in list(_announcers):
        announcer._reset()  # noqa: SLF001 - the hook of the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
