"""The studio that scripts and notebooks use when they name none."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labdeck.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

    from labdeck.runs.experiment import Experiment
    from labdeck.wire.records import Goal


@functools.lru_cache(maxsize=1)
def studio() -> Studio:
    """Return this process's studio on the default store; to users it is `labdeck.open()`."""
    return Studio()


def open(store: str | Path | None = None) -> Studio:  # noqa: A001 - read as `labdeck.open`
    """Return a studio on a store: a folder, or a PostgreSQL URL.

    Without an argument it is the one that `labdeck.experiment` uses: the store of LABDECK_STORE, else of the user's
    data folder, opened once a process.

    Raises:
        StorePlace: A store may not live there.
        StoreUnreachable: Its folder can neither be found nor made.

    Example:
        >>> import labdeck
        >>> labdeck.open().status().version == labdeck.__version__
        True
    """
    return studio() if store is None else Studio(store)


def experiment(name: str, *, objective: str | None = None, goal: Goal = "max", note: str | None = None) -> Experiment:
    """Return the experiment of that name in the default store; see `Studio.experiment`."""
    return studio().experiment(name, objective=objective, goal=goal, note=note)
