"""What actions and people do to a running training: stop it, pause it, slow it down, keep what is in memory."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdeck.debugger.pausing import hand_over
from labdeck.errors import LabdeckError, NotFound, TrainingPaused, TrainingStopped
from labdeck.wire.commands import AnswerRequest

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.wire.debugging import FindingRecord, RequestRecord

LOWER = 0.1
"""What the learning rates are multiplied by when a person asks for lower ones."""


@dataclass
class Controls:
    """What a hook can do to its training; None for what it cannot.

    Attributes:
        checkpoint: Keeps the state of model and optimizer as an artifact; returns its name.
        lower_learning_rate: Multiplies the learning rates; says in words what they are now.
        live: Returns what is alive, by name: "model", "optimizer" …
        arrays: Returns whole arrays of the present, by the names that it is asked for, as far as it has them.
    """

    checkpoint: Callable[[], str] | None = None
    lower_learning_rate: Callable[[float], str] | None = None
    live: Callable[[], dict[str, Any]] | None = None
    arrays: Callable[[tuple[str, ...]], dict[str, Any]] | None = None


class Steering:
    """The training of one hub, as actions and people act upon it.

    What other threads ask takes effect when the training's own thread ends a step.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._asked: deque[RequestRecord | TrainingStopped | TrainingPaused] = deque()
        self._going_on = threading.Event()
        self.thread = 0
        """The training's own thread."""
        self.is_paused = False

    # -- what actions do: the runner's Subject ---------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """End the training at this step, or at its next one if another thread asks."""
        self._end(TrainingStopped(reason, trial_id=self._hub.trial.id))

    def pause(self, finding: FindingRecord) -> None:
        """Let a person look at the training."""
        reason = f"{finding.rule} at step {finding.step}: {finding.message}"
        self._end(TrainingPaused(reason, _LOOK, trial_id=finding.trial_id, finding_id=finding.id))

    def checkpoint(self) -> str:
        """Keep the state of model and optimizer; NotFound where the hook cannot."""
        keep = self._hub.controls.checkpoint
        if keep is None:
            raise NotFound(f"a checkpoint of {self._hub.name} cannot be kept", "watch the model and its optimizer")
        return keep()

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rates by a factor; NotFound where the hook knows none."""
        lower = self._hub.controls.lower_learning_rate
        if lower is None:
            raise NotFound(f"no optimizer of {self._hub.name} is known", "watch the model and its optimizer")
        return lower(factor)

    def record(self) -> str:
        """Keep what the flight recorder holds; "" if there is nothing."""
        return self._hub.record()

    # -- what people ask -------------------------------------------------------------------------------------------

    def ask(self, request: RequestRecord) -> None:
        """Take in what a person wants; called beside the training."""
        if request.wish == "go-on":
            self._going_on.set()
        elif request.wish in ("rule-on", "rule-off"):
            if request.argument not in self._hub.runner.names and not self._hub.is_alone:
                return  # it is a rule of another hub
            self._switch(request.argument, on=request.wish == "rule-on")
        elif request.wish == "record":
            self._hub.record()
        else:
            self._asked.append(request)
            self._going_on.set()  # a training that is paused looks at once
            return
        self._answer(request)

    def wait(self) -> None:
        """Have the rules look at a training of which nothing was heard for a while."""
        self._hub.wait()

    @property
    def is_asked(self) -> bool:
        """Something is to be done at the end of the step."""
        return bool(self._asked)

    def obey(self) -> None:
        """Do what was asked; called in the training's thread, at the end of a step.

        Raises:
            TrainingStopped, TrainingPaused: That was asked.
        """
        while self._asked:
            wanted = self._asked.popleft()
            if isinstance(wanted, (TrainingStopped, TrainingPaused)):
                self._end(wanted)
                continue
            self._answer(wanted)
            if wanted.wish == "stop":
                self.stop("a person stopped it")
            elif wanted.wish == "pause":
                self._end(TrainingPaused("a person paused it", _LOOK, trial_id=wanted.trial_id))
            elif wanted.wish == "lower-learning-rate":
                self._lower()

    def close(self) -> None:
        """Answer what comes too late."""
        self._going_on.set()
        while self._asked:
            wanted = self._asked.popleft()
            if not isinstance(wanted, (TrainingStopped, TrainingPaused)):
                self._answer(wanted)

    def _end(self, ending: TrainingStopped | TrainingPaused) -> None:
        if threading.get_ident() != self.thread:
            self._asked.append(ending)
            self._going_on.set()
        elif isinstance(ending, TrainingPaused) and not _somebody_types_here():
            self._hold(ending)
        else:
            if isinstance(ending, TrainingPaused):
                hand_over(self._hub, ending)
            raise ending

    def _hold(self, why: TrainingPaused) -> None:
        """Wait until a person lets the training go on; raises TrainingStopped if it is to end."""
        self._hub.say(f"the training is paused: {why.message}; let it go on in the sidebar or with %debug_rules")
        self.is_paused = True
        self._hub.clock.rest()
        try:
            self._going_on.clear()
            while not self._asked and self._hub.is_on and not self._going_on.wait(1.0):
                pass
        finally:
            self._hub.clock.go_on()
            self.is_paused = False
        self.obey()

    def _lower(self) -> None:
        try:
            self._hub.say(f"learning rates were lowered: {self.lower_learning_rate(LOWER)}")
        except Exception as error:  # noqa: BLE001 - what a person asks must not end the training by an error
            self._hub.say(f"the learning rate cannot be lowered: {error}")

    def _switch(self, name: str, *, on: bool) -> None:
        try:
            self._hub.runner.switch(name, on)
        except LabdeckError as error:
            self._hub.say(str(error))

    def _answer(self, request: RequestRecord) -> None:
        self._hub.session.post(AnswerRequest(id=request.id))


_LOOK = "labdeck.debugger.paused() hands over the model and the rest"


def _somebody_types_here() -> bool:
    """Say whether this is the thread in which a person works: there a pause gives the prompt back."""
    if threading.current_thread() is not threading.main_thread():
        return False
    ipython = sys.modules.get("IPython")
    return hasattr(sys, "ps1") or (ipython is not None and ipython.get_ipython() is not None)
