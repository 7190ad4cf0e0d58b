"""An action of the user's own: any function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError
from labdeck.findings.actions.base import Action

if TYPE_CHECKING:
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord


@dataclass
class Call(Action):
    """Call a function with the finding.

    It runs in a thread of its own. The training waits half a second for it, so that a quick one sees the model as it
    was at the finding; then it goes on, and does not wait again for a function that took longer once. It may raise
    TrainingStopped. What it returns is kept with the finding as text.

    Args:
        function: Takes the finding, or nothing.
        wait: Seconds that the training waits for it; give more to one that keeps the model as it is, 0 not to wait.
        timeout: Seconds after which it is said to hang.

    Example:
        >>> Call(lambda finding: print(finding.message), policy="each").policy
        'each'
    """

    function: Callable[..., Any]
    wait: float = field(default=0.5, kw_only=True)
    timeout: float = field(default=60.0, kw_only=True)

    may_hang = True

    def __post_init__(self) -> None:
        """Refuse what cannot be called; UsageError."""
        super().__post_init__()
        if not callable(self.function):
            raise UsageError(f"{type(self.function).__name__} cannot be called", "give a function of the finding")

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Call it; return what it returned, as text."""
        del subject
        came = self.function(finding) if _takes_finding(self.function) else self.function()
        return "" if came is None else str(came)


def _takes_finding(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind is not parameter.KEYWORD_ONLY for parameter in parameters)
