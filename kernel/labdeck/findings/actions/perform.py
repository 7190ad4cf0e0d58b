"""Does what is to be done because of findings: how often, in which thread, and what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError, TrainingEnded
from labdeck.findings.episodes import Episode, legible
from labdeck.wire.debugging import ActionRecord

if TYPE_CHECKING:
    from labdeck.findings.actions.base import Action
    from labdeck.findings.subject import Subject
    from labdeck.wire.debugging import FindingRecord

MOST_AT_ONCE = 16
"""Actions under way; further ones are refused, for they wait for something that does not come."""


@dataclass
class Acting:
    """One action of one rule, and when it was done last.

    Attributes:
        action: What is done.
        last: When, by the monotonic clock; None before the first time.
    """

    action: Action
    last: float | None = None

    def is_due(self, episode: Episode, now: float) -> bool:
        """Say whether it is to be done because of a new finding; then it counts as done."""
        action = self.action
        if not action.wants(episode.first.severity):
            return False
        if self.last is not None:
            if action.cooldown > 0 and now - self.last < action.cooldown:
                return False
            if action.cooldown == 0 and action.policy == "once":
                return False
        self.last = now
        return True


@dataclass
class _Job:
    """An action under way in a thread of its own."""

    action: Action
    episode: Episode
    deadline: float
    over: threading.Event = field(default_factory=threading.Event)
    settled: bool = False


class Performer:
    """Does actions, and writes down what came of them.

    Args:
        subject: What they act upon.
        lock: Held by whoever changes episodes.
        tell: Called, with the lock held, when an episode has changed.
    """

    def __init__(self, subject: Subject, lock: threading.RLock, tell: Callable[[Episode], None]) -> None:
        self._subject = subject
        self._lock = lock
        self._tell = tell
        self._jobs: list[_Job] = []
        self.ended: TrainingEnded | None = None

    def do(self, action: Action, episode: Episode) -> None:
        """Do an action that does not end the training; it never raises."""
        if not action.may_hang:
            self._note(action, episode, *self._attempt(action, episode.record()))
            return
        if len(self._jobs) >= MOST_AT_ONCE:
            self._note(action, episode, False, f"{MOST_AT_ONCE} actions are still under way")
            return
        job = _Job(action, episode, time.monotonic() + action.timeout)
        self._jobs.append(job)
        name = f"labdeck-{action.name}"
        threading.Thread(target=self._work, args=(job, episode.record()), name=name, daemon=True).start()

    def settle(self, *, wait: bool = False) -> None:
        """Give up what has taken too long; `wait` waits until everything is done or given up."""
        for job in self._jobs.copy():
            if wait:
                job.over.wait(max(0.0, job.deadline - time.monotonic()))
            if not job.over.is_set() and time.monotonic() >= job.deadline:
                with self._lock:
                    self._settle(job, False, f"no answer within {job.action.timeout:g} s; it may still come")

    def grace(self, seconds: float) -> None:
        """Wait a moment for what is under way, so that a function sees the training as it was at the finding."""
        until = time.monotonic() + seconds
        for job in self._jobs.copy():
            job.over.wait(max(0.0, until - time.monotonic()))

    def _work(self, job: _Job, finding: FindingRecord) -> None:
        done, message = self._attempt(job.action, finding)
        with self._lock:
            self._settle(job, done, message)
        job.over.set()

    def _settle(self, job: _Job, done: bool, message: str) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        if job.settled:  # it was given up, and is over now all the same
            job.episode.actions = [each for each in job.episode.actions if each.name != job.action.name or each.done]
        job.settled = True
        self._note(job.action, job.episode, done, message)

    def _attempt(self, action: Action, finding: FindingRecord) -> tuple[bool, str]:
        try:
            return True, action.run(finding, self._subject)
        except TrainingEnded as ended:
            self.ended = ended
            return True, str(ended)
        except LabdeckError as error:
            return False, str(error)
        except Exception as error:  # noqa: BLE001 - whatever a function of the user's raises
            return False, f"{type(error).__name__}: {error}"

    def _note(self, action: Action, episode: Episode, done: bool, message: str) -> None:
        outcome = ActionRecord(name=action.name, time=time.time(), done=done, message=legible(message))
        with self._lock:
            episode.actions.append(outcome)
            self._tell(episode)
