"""Runs rules over the steps of one training, keeps what they find, and has done what is to be done about it."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.errors import LabdeckError, NotFound
from labdeck.findings.actions.choose import Given, to_actions
from labdeck.findings.actions.perform import Acting, Performer
from labdeck.findings.episodes import Episode, When, legible
from labdeck.findings.rule import Need, Rule
from labdeck.findings.samples import is_sample
from labdeck.findings.subject import NoSubject, NoSurroundings
from labdeck.findings.watched import Judge, Watched, begin
from labdeck.wire.commands import PutFinding, PutRules
from labdeck.wire.debugging import RuleRecord

if TYPE_CHECKING:
    from labdeck.findings.rule import Surroundings
    from labdeck.findings.subject import Subject
    from labdeck.findings.window import Window
    from labdeck.store.tensors.layout import Layout
    from labdeck.wire.commands import AnyCommand

EVERY = 1.0
"""Seconds between two tellings of what only goes on: counts, costs."""
_MOST_WARNED = 10
"""Flight recordings that are kept because of warnings: the others of a watch are for errors."""
_MOST_KINDS = 64
"""Kinds of steps that are remembered; a model that changes shape at every step has always new ones."""


class Runner:
    """Judges the steps of one training by rules.

    Nothing that a rule or an action does reaches the training, except that it is stopped or paused on purpose: a rule
    that raises is switched off, and its record says why. All methods may be called from any thread.

    Args:
        trial_id: The training's trial.
        post: Takes commands on their way to the store.
        subject: What actions act upon.
        surroundings: What rules may ask for beside the steps.
        recorder: Keeps what the flight recorder holds and returns the recording's id; default the subject's `record`.
            Called once at a step at which a rule finds an error, or the first warning for which it gets one.
        share: Of the time that a slow rule may take; it judges less often to keep it. None for any.
        alarm: Told of what is new and worse than "info", and whether it is an error.

    Example:
        >>> from dataclasses import dataclass
        >>> from labdeck.findings.rule import Finding
        >>> from labdeck.findings.window import window_of
        >>> @dataclass
        ... class LossAbove(Rule):
        ...     '''The loss is too high.'''
        ...     limit: float = 10.0
        ...     def needs(self):
        ...         return (Need(collection="losses"),)
        ...     def judge(self, window):
        ...         if window.value("loss") > self.limit:
        ...             yield Finding("the loss is too high", "loss", window.value("loss"), self.limit)
        >>> told = []
        >>> runner = Runner("0" * 32, lambda *commands: told.extend(commands))
        >>> runner.add(LossAbove(limit=1.0))
        'LossAbove'
        >>> for step, loss in enumerate([0.5, 2.0, 3.0]):
        ...     runner.judge(window_of({"loss": loss}, step))
        >>> runner.conclude()
        >>> finding = [each.finding for each in told if hasattr(each, "finding")][-1]
        >>> finding.rule, finding.step, finding.last_step, finding.count, finding.value
        ('LossAbove', 1, 2, 2, 2.0)
    """

    def __init__(
        self,
        trial_id: str,
        post: Callable[..., None],
        subject: Subject | None = None,
        surroundings: Surroundings | None = None,
        recorder: Callable[[], str] | None = None,
        share: float | None = None,
        alarm: Callable[[bool], None] | None = None,
    ) -> None:
        self.version = 0
        self._trial_id = trial_id
        self._post = post
        self._subject = subject or NoSubject()
        self._surroundings = surroundings or NoSurroundings()
        self._recorder = recorder or self._subject.record
        self._share, self._alarm = share, alarm or _ignore
        self._warned_recordings = 0
        self._lock = threading.RLock()
        self._performer = Performer(self._subject, self._lock, self._touch)
        self._watched: list[Watched] = []
        self._judging: dict[tuple[Any, ...], tuple[object, list[Watched]]] = {}
        self._latest = When("GLOBAL", 0, 0.0)
        self._told_at = 0.0
        self._warned = False
        self._is_over = False

    # -- rules -----------------------------------------------------------------------------------------------------

    def add(
        self, rule: Rule | type[Rule], actions: Given | Iterable[Given] | None = (), name: str | None = None
    ) -> str:
        """Have a rule judge from the next step on; return its name among the rules of the trial.

        Args:
            rule: The rule, or its class.
            actions: What is done because of its findings, see `to_actions`.
            name: Default its class; "-2" … is appended to one that is taken.

        Raises:
            UsageError: The rule cannot begin: a trial that it compares with does not exist, for example.
        """
        made = rule() if isinstance(rule, type) else rule
        with self._lock:
            name = self._free(name or type(made).__name__)
            acting = [Acting(action) for action in (*to_actions(actions), *to_actions(made.reactions))]
            self._watched.append(begin(made, name, self._trial_id, acting, self._surroundings))
            self._changed()
        return name

    def replace(self, name: str, rule: Rule) -> None:
        """Let another rule take the place of one, with its actions and a state begun anew; NotFound, UsageError."""
        with self._lock:
            old = self._find(name)
            new = begin(rule, old.name, self._trial_id, old.actions, self._surroundings)
            self._watched[self._watched.index(old)] = new
            self._changed()

    def renew(self) -> None:
        """Read rules anew whose file or notebook cell has changed; one that cannot be used leaves the old one at work.

        This happens by itself once a second.
        """
        with self._lock:
            for each in self._watched.copy():
                try:
                    rule = each.renewal.look()
                    if rule is not None:
                        self.replace(each.name, rule)
                except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule is foreign code
                    why = error if isinstance(error, LabdeckError) else f"{type(error).__name__}: {error}"
                    each.error = legible(f"it was changed, and cannot be used: {why}")

    def remove(self, name: str) -> None:
        """Let a rule judge no more, and forget it; its findings stay; NotFound."""
        with self._lock:
            self._watched.remove(self._find(name))
            self._changed()

    def switch(self, name: str, on: bool) -> None:
        """Switch a rule off, or on again; one that failed begins where it was; NotFound."""
        with self._lock:
            found = self._find(name)
            if found.is_on != on:
                found.state, found.error = ("watching" if on else "off"), ""
                self._changed()

    @property
    def names(self) -> tuple[str, ...]:
        """The rules, in the order in which they were added."""
        return tuple(each.name for each in self._watched)

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the rules that are on need, each need once."""
        return tuple(dict.fromkeys(need for each in self._watched if each.is_on for need in each.needs))

    def records(self) -> tuple[RuleRecord, ...]:
        """Return the rules as they are now."""
        with self._lock:
            on = sum(each.is_on for each in self._watched)
            made = tuple(each.record() for each in self._watched)
            if sum(each.is_on for each in self._watched) != on:
                self._changed()  # one could not even be described
            return made

    # -- judging ---------------------------------------------------------------------------------------------------

    def judge(self, window: Window) -> None:
        """Judge one step by all rules that it concerns.

        What is found is in the store's outbox when this returns.

        Raises:
            TrainingStopped, TrainingPaused: An action ends the training here.
        """
        with self._lock:
            when = When(window.mode, window.step, window.time)
            if not is_sample(window.mode, window.layout):
                self._latest = when  # what is found at the end is of a step
            concerned = [each for each in self._concerned(window) if each.is_on and each.may_judge()]
            judges = [(each, partial(each.rule.judge, window)) for each in concerned]
            ends = self._act(self._run(judges, when, window.origins, window.layout))
            self._tick()
        self._end(ends)

    def wait(self, idle: float, steps: int, now: float | None = None) -> None:
        """Have the rules look at a training of which nothing was heard for a while; called about once a second.

        Args:
            idle: Seconds since the latest step, or since the beginning.
            steps: Steps recorded so far.
            now: When this is, in seconds since 1970-01-01 UTC; default the present.
        """
        with self._lock:
            when = When("GLOBAL", self._latest.step, time.time() if now is None else now)
            asked = [each for each in self._watched if each.is_on and type(each.rule).wait is not Rule.wait]
            judges = [(each, partial(each.rule.wait, idle, steps)) for each in asked]
            ends = self._act(self._run(judges, when, {}))
            self._tick()
        self._end(ends, elsewhere=True)

    def conclude(self) -> None:
        """Have the rules say what can only be said at the end, and tell everything; never raises."""
        with self._lock:
            judges = [(each, each.rule.conclude) for each in self._watched if each.is_on]
            ends = self._act(self._run(judges, self._latest, {}))
        self._end(ends, elsewhere=True)
        self._performer.close()
        with self._lock:
            self._tell(urgent=False)
            self._is_over = True

    def _run(
        self,
        judges: Sequence[tuple[Watched, Judge]],
        when: When,
        origins: Mapping[str, str],
        layout: Layout | None = None,
    ) -> list[tuple[Watched, Episode]]:
        """Let rules judge, one after the other; return what is new."""
        new: list[tuple[Watched, Episode]] = []
        with np.errstate(all="ignore"):
            for each, judge in judges:
                new += [(each, episode) for episode in each.run(judge, when, origins, layout)]
                if layout is not None:
                    each.pay(self._share)
                if not each.is_on:
                    self._changed()
        return new

    def _concerned(self, window: Window) -> list[Watched]:
        """Return the rules that a step concerns; asked again for steps that look alike it is quick."""
        key = (id(window.layout), window.mode, tuple(window.arrays))
        known = self._judging.get(key)
        if known is None:
            if len(self._judging) >= _MOST_KINDS:
                self._judging.clear()
            found = [each for each in self._watched if each.is_on and each.concerns.has(window)]
            known = self._judging[key] = (window.layout, found)
        return known[1]

    # -- what follows ----------------------------------------------------------------------------------------------

    def _act(self, new: list[tuple[Watched, Episode]]) -> list[tuple[Acting, Episode]]:
        """Store what is new, keep the flight recording, do the actions; return those that end the training."""
        if not new:
            return []
        self._tell()
        worse = [each for each in new if each[1].first.severity != "info"]
        if worse:
            is_error = any(episode.first.severity == "error" for _, episode in worse)
            self._alarm(is_error)
            if is_error or (
                self._warned_recordings < _MOST_WARNED and not all(each.has_recording for each, _ in worse)
            ):
                self._warned_recordings += not is_error
                self._record(new)
        ends: list[tuple[Acting, Episode]] = []
        now = time.monotonic()
        for each, episode in new:
            for acting in each.actions:
                if not acting.is_due(episode, now):
                    continue
                if acting.action.ends:
                    ends.append((acting, episode))
                else:
                    self._performer.do(acting.action, episode)
        return ends

    def _record(self, new: list[tuple[Watched, Episode]]) -> None:
        try:
            recording = self._recorder()
        except Exception as error:  # noqa: BLE001 - a recording that cannot be kept must not end the training
            self._warn("the flight recording could not be kept", error)
            return
        for each, episode in new if recording else ():
            each.has_recording = True
            episode.recording = recording
            self._touch(episode)

    def _end(self, ends: Sequence[tuple[Acting, Episode]], *, elsewhere: bool = False) -> None:
        """Do what ends the training, everything else being stored; `elsewhere` than in the training's own thread."""
        for acting, episode in ends:
            self._performer.do(acting.action, episode)
        ending = self._performer.ending()
        with self._lock:
            self._tell()
        if ending is not None and not elsewhere:
            raise ending

    def _touch(self, episode: Episode) -> None:
        for each in self._watched:
            if each.name == episode.first.rule:
                each.episodes.touch(episode)
        if self._is_over:  # an action has outlived the training: nothing else will tell what came of it
            self._tell()

    # -- telling ---------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """The rules are others, or other ones are on."""
        self.version += 1
        self._judging.clear()
        self._told_at = 0.0

    def _tick(self) -> None:
        """Tell what goes on, now and then."""
        self._performer.settle()
        if time.monotonic() - self._told_at >= EVERY:
            self._told_at = time.monotonic()
            self.renew()
            self._tell(urgent=False)

    def _tell(self, *, urgent: bool = True) -> None:
        """Tell what is urgent, or everything that is not told."""
        episodes = [episode for each in self._watched for episode in each.episodes.changed(urgent=urgent)]
        commands: list[AnyCommand] = [PutFinding(finding=episode.record()) for episode in episodes]
        if not urgent:
            commands.append(PutRules(trial_id=self._trial_id, rules=self.records()))
        if commands and not self._posts(*commands, quiet=len(commands) > 1):
            for command in commands if len(commands) > 1 else ():  # what is wrong with one must not lose the others
                self._posts(command)

    def _posts(self, *commands: AnyCommand, quiet: bool = False) -> bool:
        try:
            self._post(*commands)
        except Exception as error:  # noqa: BLE001 - what cannot be stored must not end the training
            if not quiet:
                self._warn("findings cannot be stored", error)
            return False
        return True

    def _warn(self, what: str, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"labdeck: {what}: {error}", RuntimeWarning, stacklevel=3)

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> Watched:
        for each in self._watched:
            if each.name == name:
                return each
        raise NotFound(f"no rule is called {name!r} here", f"there are {', '.join(self.names) or 'none'}")

    def _free(self, wanted: str) -> str:
        found, number = wanted, 1
        while found in self.names:
            number += 1
            found = f"{wanted}-{number}"
        return found


def _ignore(is_error: bool) -> None:
    """Nobody is to be told of an alarm."""
