"""What rules ask and what actions act upon: the training itself, as whoever runs it shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from labdeck.errors import NotFound, TrainingPaused, TrainingStopped
from labdeck.findings.rule import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdeck.store.session import Session
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import FindingRecord


class Subject(Protocol):
    """A training that can be acted upon.

    All of these are called in the training's thread, at the end of a step, except that `stop` and `pause` may come from
    another thread when nothing was heard of the training for a while: then they take effect at its next step.
    """

    def stop(self, reason: str) -> None:
        """End the training at this step; raises TrainingStopped where the training's own thread calls it."""

    def pause(self, finding: FindingRecord) -> None:
        """Let a person look at the training; raises TrainingPaused, or returns when the training may go on."""

    def checkpoint(self) -> str:
        """Keep the state of the model and the optimizer; return the artifact's name."""

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rates by a factor; say in words what they are now."""

    def record(self) -> str:
        """Keep what the flight recorder holds; return the recording's id, "" if there is nothing to keep."""


class NoSubject:
    """What actions act upon where no hub is: a training that only its own thread can end."""

    def stop(self, reason: str) -> None:
        """End the training."""
        raise TrainingStopped(reason)

    def pause(self, finding: FindingRecord) -> None:
        """End the training so that somebody can look."""
        raise TrainingPaused(f"{finding.rule} at step {finding.step}", trial_id=finding.trial_id, finding_id=finding.id)

    def checkpoint(self) -> str:
        """Refuse."""
        raise NotFound("no model is known here that could be kept", "watch it with labdeck.watch(model, optimizer)")

    def lower_learning_rate(self, factor: float) -> str:
        """Refuse."""
        del factor
        raise NotFound("no optimizer is known here", "watch it with labdeck.watch(model, optimizer)")

    def record(self) -> str:
        """Keep nothing."""
        return ""


class StoredSurroundings(Surroundings):
    """The other trials of a store, and given facts.

    Args:
        session: The store.
        facts: What is known of the training.
    """

    def __init__(self, session: Session, facts: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._facts = dict(facts or {})

    def other_trial(self, ref: str) -> TensorReader:
        """Return the tensors of another trial, by name or id; NotFound."""
        return self._session.tensors.reader(self._session.catalog.trial(ref).id)

    def facts(self) -> dict[str, Any]:
        """Return what is known of the training."""
        return dict(self._facts)


class NoSurroundings(Surroundings):
    """Nothing beside the steps."""

    def other_trial(self, ref: str) -> TensorReader:
        """Find none."""
        raise NotFound(f"there is no trial {ref!r} to compare with", "judge a trial that is stored")

    def facts(self) -> dict[str, Any]:
        """Know nothing."""
        return {}
