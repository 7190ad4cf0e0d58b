"""What autolog was switched on with."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.runs.experiment import Experiment

MOST_PARAMS = 300
"""Parameters kept of one fit; what is more is counted, not kept."""
LONGEST = 500
"""Characters kept of a parameter's text form."""
MOST_CHILDREN = 200
"""Candidates of a search that become trials of their own: the best ones."""


@dataclass(frozen=True)
class Options:
    """What `labdeck.autolog` was called with.

    Attributes:
        open_experiment: Returns the experiment that gets the trials which autolog starts.
        log_models: Keep fitted models.
        every: Steps, iterations or batches from one point to the next.
    """

    open_experiment: Callable[[], Experiment]
    log_models: bool = False
    every: int = 1


_current: list[Options] = []
_in_use: list[Callable[[], Experiment | None]] = []


def current() -> Options:
    """Return the options of now; where autolog was never switched on, those that it would have by default."""
    return _current[0] if _current else Options(open_unnamed)


def open_unnamed() -> Experiment:
    """Return the experiment for trainings that name none: the one in use, else that of the notebook or script."""
    defaults = importlib.import_module("labdeck.defaults")  # by name: it stands above, as for `labdeck.experiment`
    for find in _in_use:
        found = find()
        if found is not None and found.session is defaults.studio().session:
            return found
    opened: Experiment = defaults.experiment(default_name())
    return opened


def follow(find: Callable[[], Experiment | None]) -> None:
    """Have trainings that name no experiment go to the one that a notebook has in use, None if it has none."""
    _in_use[:] = [find]


def choose(options: Options) -> None:
    """Let these options count from now on."""
    _current[:] = [options]


def default_name() -> str:
    """Return the name of the notebook or script that runs, "autolog" where there is none."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    if not path:
        path = getattr(sys.modules.get("__main__"), "__file__", "") or ""
    stem = Path(path).stem
    return stem if stem and not stem.startswith("__") else "autolog"
