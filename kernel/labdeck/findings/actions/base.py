"""What an action is: something that is done because of a finding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from labdeck.errors import UsageError
from labdeck.wire.debugging import Severity

if TYPE_CHECKING:
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord

Policy = Literal["once", "each"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


@dataclass(kw_only=True)
class Action(ABC):
    """Something that is done when a rule finds something new.

    Args:
        policy: "once" in a training and rule, or for "each" new finding of it.
        cooldown: At most once in so many seconds; more than 0 replaces the policy.
        least: The severity a finding must have at least.
        timeout: Seconds after which an action in a thread of its own is given up.
        wait: Seconds that the training waits for an action in a thread of its own before it goes on; not again for one
            that took longer once.
    """

    policy: Policy = "once"
    cooldown: float = 0.0
    least: Severity = "info"

    ends: ClassVar[bool] = False
    """It ends the training, so it is done after everything else."""
    may_hang: ClassVar[bool] = False
    """It is done in a thread of its own, and given up after `timeout` seconds."""
    must_arrive: ClassVar[bool] = False
    """Of those: at its end the process waits for it, until its time is over."""
    timeout: float = field(default=10.0, repr=False)
    wait: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        """Refuse what makes no sense; UsageError."""
        if self.policy not in ("once", "each"):
            raise UsageError(
                f"there is no policy {self.policy!r}", 'write policy="once" or "each", or cooldown=SECONDS'
            )
        if self.least not in SEVERITIES:
            raise UsageError(f"there is no severity {self.least!r}", f"write one of {', '.join(SEVERITIES)}")
        if not (self.cooldown >= 0 and self.timeout > 0 and self.wait >= 0):
            raise UsageError("a time is negative or no number", "give seconds")

    @property
    def name(self) -> str:
        """What it is called in findings."""
        return type(self).__name__

    @abstractmethod
    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Do it, and say in words what came of it; whatever it raises is told as its failure."""

    def wants(self, severity: Severity) -> bool:
        """Say whether it is meant for findings of this severity."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.least)


def headline(finding: FindingRecord) -> str:
    """Return a finding in one sentence: the rule, what, where, when.

    Example:
        >>> from labdeck.wire.debugging import FindingRecord
        >>> headline(FindingRecord(id="", trial_id="", rule="VanishingGradient", severity="warning", mode="TRAIN",
        ...     step=7, last_step=7, time=0.0, last_time=0.0, tensor="gradient/fc.weight", message="it is tiny"))
        'VanishingGradient at step 7 in gradient/fc.weight: it is tiny'
    """
    where = f" in {finding.tensor}" if finding.tensor else ""
    mode = "" if finding.mode == "TRAIN" else f"{finding.mode} "
    return f"{finding.rule} at {mode}step {finding.step}{where}: {finding.message}"
