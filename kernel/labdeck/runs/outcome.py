"""How a block of code ended, in the words of the store."""

from __future__ import annotations

import difflib
import sys
import traceback
from typing import TYPE_CHECKING

from labdeck.errors import TrainingEnded, UsageError
from labdeck.runs.redact import redact

if TYPE_CHECKING:
    from labdeck.wire.records import TrialState

MAX_TRACEBACK = 65_536
"""Most characters kept of a traceback; the middle goes first."""

_ENDS: tuple[TrialState, ...] = ("completed", "failed", "interrupted")
"""How a trial or component may be said to have ended; that it crashed is found out by others."""


def check_end(state: object) -> TrialState:
    """Return the state in which something ends; UsageError, with the nearest one, if nothing ends so.

    Example:
        >>> check_end("failed")
        'failed'
    """
    for end in _ENDS:
        if state == end:
            return end
    near = difflib.get_close_matches(str(state), _ENDS, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(_ENDS)}"
    raise UsageError(f"nothing ends in the state {state!r}", remedy)


def outcome_of(error: BaseException | None) -> TrialState:
    """Return the state in which a block ended that raised this, or nothing.

    Example:
        >>> outcome_of(None), outcome_of(KeyboardInterrupt()), outcome_of(ValueError()), outcome_of(SystemExit(0))
        ('completed', 'interrupted', 'failed', 'completed')
    """
    if error is None or (isinstance(error, SystemExit) and error.code in {None, 0}):
        return "completed"
    if isinstance(error, KeyboardInterrupt | GeneratorExit | TrainingEnded) or _is_cancelled(error):
        return "interrupted"
    return "failed"


def _is_cancelled(error: BaseException) -> bool:
    """Say whether a task was cancelled: so a notebook interrupts a cell that awaits."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def describe_error(error: BaseException | None) -> str:
    """Return the traceback as text, shortened in the middle and without secrets; "" for no error."""
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error)).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if len(text) > MAX_TRACEBACK:
        half = MAX_TRACEBACK // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return redact(text)
