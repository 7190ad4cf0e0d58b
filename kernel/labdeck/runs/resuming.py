"""Taking over a trial that has ended, so that one process goes on with it and no other does."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import msgspec

from labdeck.runs.liveness import mark_crashed
from labdeck.store.process import this_process
from labdeck.wire.commands import LogCapture, ResumeTrial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.session import Session
    from labdeck.wire.records import Capture

TURN = threading.Lock()
"""Held while a thread of this process resumes a trial: the catalog tells processes apart, not threads."""


def take_over(session: Session, trial_id: str) -> None:
    """Make this process the one that writes a trial.

    What its last writer left behind is delivered first, and a dead writer is noticed, so that neither a late end nor a
    trial that only seems to run stands in the way.

    Raises:
        NotFound: There is no such trial, or it was deleted.
        Conflict: It runs in another process.
    """
    session.flush()
    session.adopt_outboxes()
    mark_crashed(session)
    kept = _kept(session.catalog.detail(trial_id).captures)
    commands = [LogCapture(trial_id=trial_id, capture=capture) for capture in kept]
    session.catalog.apply([*commands, ResumeTrial(id=trial_id, time=time.time(), writer=this_process())])


def _kept(captures: Sequence[Capture]) -> list[Capture]:
    """Return what is known of the last run under names of its own; what the next one finds would replace it."""
    runs = [int(tail) for _, mark, tail in (item.kind.rpartition(":") for item in captures) if mark and tail.isdigit()]
    number = max(runs, default=0) + 1
    return [msgspec.structs.replace(item, kind=f"{item.kind}:{number}") for item in captures if ":" not in item.kind]
