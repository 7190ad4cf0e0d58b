"""Ends trials that were started by hand when their process ends without having finished them."""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING

from labdeck.runs.outcome import describe_error, outcome_of

if TYPE_CHECKING:
    from types import TracebackType

    from labdeck.runs.trial import Trial
    from labdeck.wire.records import TrialState

_open: dict[str, tuple[int, Trial]] = {}
_uncaught: list[BaseException] = []
_hooked = False


def watch(trial: Trial) -> None:
    """Finish this trial at the end of the process unless it was finished before."""
    _hook()
    _open[trial.id] = (os.getpid(), trial)


def forget(trial: Trial) -> None:
    """The trial has been finished."""
    _open.pop(trial.id, None)


def _hook() -> None:
    """Learn of the exception that ends a script.

    Installed with the first trial, before which there is nothing to end.
    """
    global _hooked  # noqa: PLW0603 - one hook per process
    if _hooked:
        return
    _hooked = True
    previous = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _uncaught.append(error)
        previous(kind, error, trace)

    sys.excepthook = remember
    atexit.register(_finish_all)


def _finish_all() -> None:
    error = _uncaught[-1] if _uncaught else None
    state: TrialState = "interrupted" if error is None and _in_notebook() else outcome_of(error)
    for pid, trial in list(_open.values()):
        # A forked child inherits the list but not the duty.
        if pid == os.getpid():
            trial.finish(state, describe_error(error) if state == "failed" else "")


def _in_notebook() -> bool:
    """Say whether a kernel runs this: its end is a person's decision, not the end of a script."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
