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


def current() -> Options:
    """Return the options of now; where autolog was never switched on, those that it would have by default."""
    if not _current:
        defaults = importlib.import_module("labdeck.defaults")  # by name: it stands above, as for `labdeck.experiment`
        return Options(lambda: defaults.experiment(default_name()))
    return _current[0]


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
