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
_uncaught: tuple[TrialState, str] | None = None
_hooked = False


def watch(trial: Trial) -> None:
    """Finish this trial at the end of the process unless it was finished before."""
    _hook()
    _open[trial.id] = (os.getpid(), trial)


def forget(trial: Trial) -> None:
    """The trial has been finished."""
    _open.pop(trial.id, None)


def is_watched(trial_id: str) -> bool:
    """Say whether this process began a trial and has not finished it."""
    pid, _ = _open.get(trial_id, (0, None))
    return pid == os.getpid()


def _hook() -> None:
    """Learn of the exception that ends a script, all but SystemExit, of which nobody is told.

    Installed with the first trial, before which there is nothing to end.
    """
    global _hooked  # noqa: PLW0603 - one hook per process
    if _hooked:
        return
    _hooked = True
    previous = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _uncaught  # noqa: PLW0603 - only the last one can have ended the script
        if not _is_interactive():
            _uncaught = _ending_of(error)
        previous(kind, error, trace)

    sys.excepthook = remember
    atexit.register(_finish_all)


def _finish_all() -> None:
    state, error = _uncaught or ("interrupted" if _is_interactive() else "completed", "")
    for pid, trial in list(_open.values()):
        # A forked child inherits the list but not the duty.
        if pid == os.getpid():
            trial.finish(state, error)


def _ending_of(error: BaseException) -> tuple[TrialState, str]:
    """Return how it ends a trial: in words, because the exception would keep alive all that its frames hold."""
    state = outcome_of(error)
    return state, describe_error(error) if state == "failed" else ""


def _is_interactive() -> bool:
    """Say whether a kernel or a prompt runs this: an exception is not its end, and its end a person's decision."""
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return True
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None
