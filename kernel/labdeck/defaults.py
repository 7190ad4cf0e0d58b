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
    """Return this process's studio: on the store of LABDECK_STORE, or of the user's data folder.

    Example:
        >>> import labdeck
        >>> labdeck.studio().status().version == labdeck.__version__
        True
    """
    return Studio()


def open(store: str | Path) -> Studio:  # noqa: A001 - read as `labdeck.open`
    """Return a studio on another store: a folder, or a PostgreSQL URL.

    Raises:
        StorePlace: A store may not live there.
        StoreUnreachable: Its folder can neither be found nor made.
    """
    return Studio(store)


def experiment(name: str, *, objective: str | None = None, goal: Goal = "max", note: str | None = None) -> Experiment:
    """Return the experiment of that name in the default store; see `Studio.experiment`."""
    return studio().experiment(name, objective=objective, goal=goal, note=note)
