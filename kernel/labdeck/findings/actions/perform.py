"""Does what is to be done because of findings: how often, in which thread, and what came of it."""

from __future__ import annotations

import atexit
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
PATIENCE = 1.0
"""Seconds that the end of a training waits for actions under way, all together."""
STILL = "still running when the training ended"


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
    outcome: tuple[bool, str] = (False, "")
    given_up: ActionRecord | None = None


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
        self._late: list[_Job] = []
        self._ended: TrainingEnded | None = None
        self._wish = ""
        self._slow: list[Action] = []

    def do(self, action: Action, episode: Episode) -> None:
        """Do an action; it never raises, see `ending`."""
        if not action.may_hang:
            self._note(action, episode, *self._attempt(action, episode.record()))
            return
        if len(self._jobs) + len(self._late) >= MOST_AT_ONCE:
            self._note(action, episode, False, f"{MOST_AT_ONCE} actions are still under way")
            return
        job = _Job(action, episode, time.monotonic() + action.timeout)
        self._jobs.append(job)
        name = f"labdeck-{action.name}"
        threading.Thread(target=self._work, args=(job, episode.record()), name=name, daemon=True).start()
        if action.wait > 0 and not any(slow is action for slow in self._slow):
            if not job.over.wait(min(action.wait, action.timeout)):
                self._slow.append(action)
            self.settle()

    def settle(self) -> None:
        """Write down what is done, and give up what takes too long."""
        for job in [*self._jobs, *self._late]:
            with self._lock:
                if job.over.is_set():
                    self._collect(job)
                elif job.given_up is None and time.monotonic() >= job.deadline:
                    self._give_up(job, f"no answer within {job.action.timeout:g} s")

    def close(self) -> None:
        """Wait a moment for what is under way, and leave the rest to its threads.

        What comes of that later is written down as long as the process lives; at its end messages are waited for.
        """
        end = time.monotonic() + PATIENCE
        for job in self._jobs.copy():
            job.over.wait(max(0.0, min(end, job.deadline) - time.monotonic()))
        self.settle()
        for job in self._jobs.copy():
            with self._lock:
                if job in self._jobs:  # its thread may be quicker
                    self._give_up(job, STILL)
            if job.action.must_arrive:
                atexit.register(job.over.wait, max(0.0, job.deadline - time.monotonic()))

    def ending(self) -> TrainingEnded | None:
        """Return what ends the training because of what was done, once; None if it goes on."""
        wish, self._wish = self._wish, ""
        if wish:
            try:
                self._subject.stop(wish)
            except TrainingEnded as error:
                self._ended = self._ended or error
        ended, self._ended = self._ended, None
        return ended

    def _work(self, job: _Job, finding: FindingRecord) -> None:
        job.outcome = self._attempt(job.action, finding)
        job.over.set()
        with self._lock:
            self._collect(job)

    def _collect(self, job: _Job) -> None:
        """Write down what came of an action that is over, once."""
        for waiting in (self._jobs, self._late):
            if job in waiting:
                waiting.remove(job)
                job.episode.actions = [each for each in job.episode.actions if each is not job.given_up]
                self._note(job.action, job.episode, *job.outcome)

    def _give_up(self, job: _Job, why: str) -> None:
        self._jobs.remove(job)
        self._late.append(job)
        job.given_up = self._note(job.action, job.episode, False, why)

    def _attempt(self, action: Action, finding: FindingRecord) -> tuple[bool, str]:
        try:
            return True, action.run(finding, self._subject)
        except TrainingEnded as ended:
            if action.ends:
                self._ended = ended
            else:  # a function wants the training to end; only the training's own thread can
                self._wish = str(ended)
            return True, str(ended)
        except LabdeckError as error:
            return False, str(error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a function of the user's raises
            return False, f"{type(error).__name__}: {error}"

    def _note(self, action: Action, episode: Episode, done: bool, message: str) -> ActionRecord:
        outcome = ActionRecord(name=action.name, time=time.time(), done=done, message=legible(message))
        with self._lock:
            episode.actions.append(outcome)
            self._tell(episode)
        return outcome
