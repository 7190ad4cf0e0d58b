"""What is handed over when a training is paused: the model, the optimizer, the finding, the tensors of that step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdeck.debugger import registry
from labdeck.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.debugger.hub import Hub
    from labdeck.errors import TrainingPaused
    from labdeck.store.session import Session
    from labdeck.wire.debugging import FindingRecord, Mode


@dataclass(frozen=True)
class Paused:
    """A training that was left so that a person can look; made by `paused`.

    Attributes:
        reason: Why.
        name: What is trained.
        trial_id: The trial.
        finding_id: The finding that is the reason, "" if a person paused it.
        steps: Steps taken so far, by mode.
        live: What is alive, by name: "model", "optimizer" …; the objects themselves.
    """

    reason: str
    name: str
    trial_id: str
    finding_id: str
    steps: dict[Mode, int]
    live: dict[str, Any] = field(repr=False)
    _session: Session = field(repr=False)
    _arrays: Callable[[tuple[str, ...]], dict[str, Any]] | None = field(repr=False)

    @property
    def model(self) -> Any:
        """The model, None if it is not known."""
        return self.live.get("model")

    @property
    def optimizer(self) -> Any:
        """The optimizer, None if it is not known."""
        return self.live.get("optimizer")

    @property
    def step(self) -> int:
        """The latest step of training, counted from 0."""
        return max(0, self.steps.get("TRAIN", 0) - 1)

    @property
    def finding(self) -> FindingRecord | None:
        """The finding that is the reason, None if a person paused it."""
        found = self._session.catalog.findings(trial_id=self.trial_id, dismissed=True).findings
        return next((each for each in found if each.id == self.finding_id), None)

    def tensor(self, name: str) -> Any:
        """Return a tensor as it is now: a weight, a gradient, what is in the optimizer; NotFound."""
        found = self._arrays((name,)) if self._arrays is not None else {}
        if name not in found:
            raise NotFound(f"there is no tensor {name!r} at hand", "labdeck.debugger.tree(model) shows the names")
        return found[name]


_latest: list[Paused] = []


def hand_over(hub: Hub, why: TrainingPaused) -> None:
    """Keep what is alive for whoever looks; called right before the training is left."""
    _latest[:] = [_paused(hub, why.message, why.finding_id)]


def paused() -> Paused:
    """Return the training of this process that was paused last, with what is alive of it.

    In the thread in which a person works, a pause leaves the training loop: look, change what you want, and run the
    loop again to go on. A training in the background waits, and goes on when it is told to.

    Raises:
        NotFound: None was paused.
    """
    for hub in registry.live():
        if hub.steering.is_paused:
            return _paused(hub, "it waits for a person", "")
    if not _latest:
        raise NotFound("no training of this process is paused", "pause one in the sidebar, or with actions=['pause']")
    return _latest[0]


def forget() -> None:
    """Let go of what was handed over, so that its memory is free."""
    _latest.clear()


def _paused(hub: Hub, reason: str, finding_id: str) -> Paused:
    controls = hub.controls
    return Paused(
        reason=reason,
        name=hub.name,
        trial_id=hub.trial.id,
        finding_id=finding_id,
        steps=dict(hub.steps),
        live=controls.live() if controls.live is not None else {},
        _session=hub.session,
        _arrays=controls.arrays,
    )
