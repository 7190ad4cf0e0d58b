"""Every error Labdeck raises, in one tree.

LabdeckError
├── UsageError             something to change in the call: one line, never a traceback
│   ├── InvalidName        a name that cannot be stored
│   ├── InvalidMetric      a metric value or step that is not a number
│   ├── InvalidParameter   a parameter mapping that cannot be stored
│   ├── InvalidQuery       a request whose arguments do not fit
│   │   └── MalformedQuery a search that cannot be read, and where
│   └── TrialClosed        a write to a trial that has ended
├── NotFound               no such experiment, trial, metric or artifact
├── Conflict               the change would break something that holds (a taken name, say)
├── TooLarge               more than a route accepts or returns at once
├── MissingExtra           an optional dependency is not installed
└── StoreError             the place where facts are kept
    ├── StorePlace         a store may not live there
    ├── StoreUnreachable   the database or folder cannot be opened
    ├── StoreBusy          another process held the store for too long
    ├── StoreFull          the disk is full
    ├── StoreCorrupt       a file is not what was written
    ├── StoreTooNew        the store was written by a newer Labdeck
    └── CursorExpired      the event log no longer reaches back that far

Beside the tree, because `except Exception` in a training loop must not swallow them:

TrainingEnded              a training was ended on purpose at the end of a step
├── TrainingStopped        for good
└── TrainingPaused         to be looked at: `labdeck.debugger.paused()` hands over what is alive
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

_SHOWN, _SHOWN_BEFORE = 100, 60
"""Characters of a malformed query that are shown, and how many of them at most before the mistake."""


class LabdeckError(Exception):
    """The root of all Labdeck errors: what happened, and what to do about it.

    Args:
        message: What happened, one sentence without a full stop at the end.
        remedy: What the reader can do, one sentence; empty if there is nothing to do.

    Example:
        >>> str(NotFound("no trial is called 'cnn-7'", "list them with %experiment show"))
        "no trial is called 'cnn-7' (list them with %experiment show)"
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message with its remedy in brackets."""
        return f"{self.message} ({self.remedy})" if self.remedy else self.message

    def _render_traceback_(self) -> list[str]:
        """Give IPython the one line to print in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(LabdeckError, ValueError):
    """The call asks for something that cannot be done as written."""

    code = "usage"


class InvalidName(UsageError):
    """A name that cannot be stored: empty, too long, or not text."""

    code = "invalid-name"


class InvalidMetric(UsageError):
    """A metric value that is not a real number, or a step that is not an integer."""

    code = "invalid-metric"


class InvalidParameter(UsageError):
    """Parameters that cannot be stored."""

    code = "invalid-parameter"


class InvalidQuery(UsageError):
    """A request whose arguments do not fit together."""

    code = "invalid-query"


class MalformedQuery(InvalidQuery):
    """A search that cannot be read.

    Args:
        message, remedy: As of every error.
        query: What was to be read.
        position: The character at which it went wrong, from 0 to the length of the query.

    Example:
        >>> print(MalformedQuery("a value is missing", "write one", query="name =", position=6))
        a value is missing (write one)
        name =
              ^
    """

    code = "malformed-query"

    def __init__(self, message: str, remedy: str = "", *, query: str, position: int) -> None:
        super().__init__(message, remedy)
        self.query = query
        self.position = position

    def __str__(self) -> str:
        """Return the message, and below it the query with a mark under the character."""
        start = max(0, self.position - _SHOWN_BEFORE)
        cut = self.query[start : start + _SHOWN]
        shown = "".join(char if char.isprintable() else " " for char in cut)
        return f"{super().__str__()}\n{shown}\n{' ' * (self.position - start)}^"

    def _render_traceback_(self) -> list[str]:
        return f"{type(self).__name__}: {self}".splitlines()

    def __reduce__(self) -> tuple[Callable[[], MalformedQuery], tuple[()]]:
        """Be handed to other processes; keyword arguments are not, by default."""
        make = partial(MalformedQuery, self.message, self.remedy, query=self.query, position=self.position)
        return make, ()


class TrialClosed(UsageError):
    """A write to a trial that has ended."""

    code = "trial-closed"


class NotFound(LabdeckError, LookupError):
    """No such experiment, trial, metric or artifact."""

    code = "not-found"


class Conflict(LabdeckError):
    """The change would break something that holds, such as a name that is taken."""

    code = "conflict"


class TooLarge(LabdeckError):
    """More than a route accepts or returns at once."""

    code = "too-large"


class MissingExtra(LabdeckError, ImportError):
    """An optional dependency is not installed."""

    code = "missing-extra"


class StoreError(LabdeckError):
    """Something is wrong with the place where facts are kept."""

    code = "store"


class StorePlace(StoreError):
    """A store may not live there."""

    code = "store-place"


class StoreUnreachable(StoreError):
    """The database or the folder cannot be opened."""

    code = "store-unreachable"


class StoreBusy(StoreError):
    """Another process held the store for longer than we wait."""

    code = "store-busy"


class StoreFull(StoreError):
    """The disk that holds the store is full."""

    code = "store-full"


class StoreCorrupt(StoreError):
    """A file of the store is not what was written."""

    code = "store-corrupt"


class StoreTooNew(StoreError):
    """The store was written by a newer Labdeck than this one."""

    code = "store-too-new"


class CursorExpired(StoreError):
    """The event log no longer reaches back to the cursor; read everything anew."""

    code = "cursor-expired"


class TrainingEnded(BaseException):
    """A training was ended on purpose, at the end of a step.

    It is no `Exception`, so that a training loop that survives its errors does not survive this.

    Args:
        message: Why, one sentence without a full stop at the end.
        remedy: What the reader can do now, one sentence; empty if there is nothing to do.
        trial_id: The trial that was trained in, "" if that is not known.
        finding_id: The finding that is the reason, "" for none.

    Example:
        >>> str(TrainingStopped("VanishingGradient at step 7"))
        'VanishingGradient at step 7'
    """

    def __init__(self, message: str, remedy: str = "", *, trial_id: str = "", finding_id: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy
        self.trial_id = trial_id
        self.finding_id = finding_id

    def __str__(self) -> str:
        """Return the message with its remedy in brackets."""
        return f"{self.message} ({self.remedy})" if self.remedy else self.message

    def _render_traceback_(self) -> list[str]:
        """Give IPython the one line to print in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[Callable[[], TrainingEnded], tuple[()]]:
        """Be handed to other processes; keyword arguments are not, by default."""
        make = partial(type(self), self.message, self.remedy, trial_id=self.trial_id, finding_id=self.finding_id)
        return make, ()


class TrainingStopped(TrainingEnded):
    """A training was stopped for good: by a rule's action, or by a person."""


class TrainingPaused(TrainingEnded):
    """A training loop was left so that a person can look at what is alive; `labdeck.debugger.paused()` has it."""
