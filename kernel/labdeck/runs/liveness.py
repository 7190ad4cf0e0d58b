"""Notices trials whose writer is dead, and brings their records up to date with the points they logged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labdeck.runs.announcer import Announcer
from labdeck.store.process import is_alive
from labdeck.wire.commands import MarkCrashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.store.session import Session
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.records import Liveness

SILENCE = 60.0
"""Seconds without a sign of life after which a writer on another machine is taken for dead."""


def mark_crashed(session: Session, complete: Callable[[str], None] | None = None) -> int:
    """Mark running trials whose writer is dead as crashed; return how many.

    A writer on this machine is looked up in the process table; one elsewhere is judged by its heartbeat. A trial that
    another process still writes lives, whoever started it. Points that were logged and not announced are counted first.
    A writer that was only thought dead takes the mark back with its next beat.

    Args:
        session: The way to the store.
        complete: Called with each trial whose writer is certainly dead, before its points are counted.
    """
    running = session.store.catalog.running()
    dead = [live for live in running if _is_dead(live) and not session.columns.is_written(live.trial_id)]
    for live in dead:
        if complete is not None and is_alive(live.writer) is False:
            complete(live.trial_id)
        commands: list[AnyCommand] = list(Announcer(session, live.trial_id).conclude())
        ended = max([live.heartbeat, *(m.last_time for c in commands for m in getattr(c, "metrics", ()))])
        commands.append(MarkCrashed(id=live.trial_id, heartbeat=live.heartbeat, ended=ended))
        session.store.catalog.apply(commands)
    return len(dead)


def _is_dead(live: Liveness) -> bool:
    alive = is_alive(live.writer)
    if alive is None:
        return time.time() - live.heartbeat > SILENCE
    return not alive
