"""Actions upon the training itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.errors import UsageError
from labdeck.findings.actions.base import Action, Policy, headline

if TYPE_CHECKING:
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord


@dataclass(kw_only=True)
class StopTraining(Action):
    """Stop the training at the end of the step, cleanly: what was recorded stays, the trial ends as interrupted."""

    policy: Policy = "each"
    ends = True

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Stop; raises TrainingStopped."""
        subject.stop(headline(finding))
        return "asked to stop at the next step"


@dataclass(kw_only=True)
class PauseTraining(Action):
    """Leave the training loop and hand over what is alive; a training in the background waits for a person instead."""

    policy: Policy = "each"
    ends = True

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Pause; raises TrainingPaused, or returns when a person lets it go on."""
        subject.pause(finding)
        return "a person let it go on"


@dataclass(kw_only=True)
class Checkpoint(Action):
    """Keep the state of the model and the optimizer as an artifact of the trial."""

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Keep it; return the artifact's name."""
        del finding
        return f"kept {subject.checkpoint()}"


@dataclass(kw_only=True)
class LowerLearningRate(Action):
    """Multiply the learning rates of all parameter groups.

    Args:
        factor: Between 0 and 1.
    """

    factor: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a factor that does not lower; UsageError."""
        super().__post_init__()
        if not 0 < self.factor < 1:
            raise UsageError(f"a factor of {self.factor} does not lower the learning rate", "give one between 0 and 1")

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Lower it; say what it is now."""
        del finding
        return subject.lower_learning_rate(self.factor)


@dataclass(kw_only=True)
class RecordFlight(Action):
    """Keep what the flight recorder holds, for findings that are no reason to do so by themselves ("info")."""

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Keep it."""
        if finding.recording or subject.record():
            return "kept the latest steps"
        return "there was nothing to keep"


@dataclass(kw_only=True)
class Notify(Action):
    """Show a notification in JupyterLab; it appears wherever the store is open, as the finding itself does."""

    def run(self, finding: FindingRecord, subject: Subject) -> str:
        """Leave it to JupyterLab, which shows findings that have this action."""
        del finding, subject
        return "shown in JupyterLab"
