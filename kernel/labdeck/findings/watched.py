"""One rule over one training: the rule, its findings, its state, and what it costs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np

from labdeck.errors import LabdeckError, TrainingEnded, UsageError
from labdeck.findings.actions.base import SEVERITIES
from labdeck.findings.actions.perform import Acting
from labdeck.findings.concerns import Concerns
from labdeck.findings.custom import Renewal
from labdeck.findings.episodes import Episode, Episodes, When, legible
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.wire.debugging import RuleRecord, RuleState

if TYPE_CHECKING:
    from labdeck.findings.rule import Surroundings
    from labdeck.store.tensors.layout import Layout
    from labdeck.wire.records import ParamValue

Answer = TypeVar("Answer")
_taken: WeakValueDictionary[int, Rule] = WeakValueDictionary()
Judge = Callable[[], "Iterator[Finding] | None"]
"""One judgement of a rule."""
_MOST_AT_ONCE = 20_000
"""Findings of one judgement that are taken; a rule that yields for ever must not hold the training."""
_SLOW, _SEEN = 1e-3, 3
"""Seconds from which a rule is slow, and judgements of which the quickest tells: the first ones are slow anyway."""


@dataclass
class Watched:
    """One rule over the training.

    Attributes:
        name: Unique among the rules of the trial.
        rule: The rule.
        needs: What it needs, as it said when it was added.
        actions: What is done because of its findings.
        episodes: Its findings.
        concerns: Which steps are for it.
        renewal: Looks whether its author has changed it.
        state, error: As in `RuleRecord`.
        evaluations, spent: Steps it judged, and seconds that took.
        latest: Seconds that its latest judgements took.
        rests: When a slow rule may judge again, by `time.perf_counter`.
        passed, every: Steps since its latest judgement, and how many there were from that before to it.
        has_recording: A flight recording was kept because of it.
    """

    name: str
    rule: Rule
    needs: tuple[Need, ...]
    actions: list[Acting]
    episodes: Episodes
    concerns: Concerns
    renewal: Renewal
    state: RuleState = "watching"
    error: str = ""
    evaluations: int = 0
    spent: float = 0.0
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=_SEEN))
    rests: float = 0.0
    passed: int = 0
    every: int = 1
    has_recording: bool = False
    report: dict[str, ParamValue] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """It judges."""
        return self.state in ("watching", "firing")

    def may_judge(self) -> bool:
        """Say whether it judges this step: a slow rule rests until it is within its share of the time again."""
        self.passed += 1
        if self.rests and time.perf_counter() < self.rests:
            return False
        self.every, self.passed = self.passed, 0
        return True

    def pay(self, share: float | None) -> None:
        """Have a rule rest that took more than its share of the time; None for any."""
        cost = min(self.latest, default=0.0)
        slow = share is not None and cost > _SLOW and len(self.latest) == _SEEN
        self.rests = time.perf_counter() + cost / share if slow and share else 0.0

    def fail(self, error: BaseException) -> None:
        """Judge no more, and remember why."""
        self.state = "failed"
        self.error = legible(error if isinstance(error, LabdeckError) else f"{type(error).__name__}: {error}")

    def record(self) -> RuleRecord:
        """Return it as it is stored."""
        report = self._report()
        return RuleRecord(
            name=self.name,
            rule=type(self.rule).__name__,
            state=self.state,
            params=self._guarded(lambda: {name: plain(value) for name, value in self.rule.params().items()}, {}),
            description=self._guarded(lambda: legible(type(self.rule).describe()), ""),
            findings=self.episodes.kept,
            evaluations=self.evaluations,
            cost=1000 * self.spent / self.evaluations if self.evaluations else 0.0,
            missing=legible(self.concerns.missing()) if self.is_on else "",
            error=self.error,
            report=report,
        )

    def _report(self) -> dict[str, ParamValue]:
        figures = self._guarded(lambda: {str(name): plain(value) for name, value in self.rule.report().items()}, None)
        if figures is not None:
            self.report = figures
        return {**self.report, "judged every (steps)": max(self.every, self.passed)} if self.rests else self.report

    def _guarded(self, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Ask a rule something; one that raises is switched off."""
        try:
            return ask()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule is foreign code
            self.fail(error)
            return otherwise

    def run(self, judge: Judge, when: When, origins: Mapping[str, str], layout: Layout | None = None) -> list[Episode]:
        """Let the rule judge, and return what is new; one that raises is switched off.

        Args:
            judge: Its judgement.
            when: What is judged.
            origins: The lines of source that made the tensors.
            layout: What the step holds that is judged; None if none is.
        """
        new: list[Episode] = []
        begun = time.perf_counter()
        try:
            judgement = judge()
            found = [] if judgement is None else [_checked(each) for each in islice(judgement, _MOST_AT_ONCE)]
            new = self.episodes.take(found, when, origins, layout)
            if found or layout is not None:
                self.state = "firing" if found else "watching"
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule is foreign code, and may call sys.exit
            self.fail(error)
        if layout is not None:
            self.latest.append(time.perf_counter() - begun)
            self.spent += self.latest[-1]
            self.evaluations += 1
        return new


def begin(rule: Rule, name: str, trial_id: str, actions: list[Acting], surroundings: Surroundings) -> Watched:
    """Return a rule that is ready for the first step; UsageError if it cannot begin.

    A rule that watches already, or did, has a state: then another one with its parameters is taken.
    """
    with _as_usage(rule):
        if _taken.get(id(rule)) is rule:
            rule = type(rule)(**rule.params())
        _taken[id(rule)] = rule
        needs = tuple(rule.needs())
        rule.begin(surroundings)
    return Watched(name, rule, needs, actions, Episodes(trial_id, name, rule), Concerns(needs), Renewal(rule))


@contextmanager
def _as_usage(rule: Rule) -> Iterator[None]:
    try:
        yield
    except TrainingEnded:
        raise
    except LabdeckError as error:
        raise UsageError(f"{type(rule).__name__} cannot begin: {error.message}", error.remedy) from None
    except (Exception, SystemExit) as error:
        what = f"{type(rule).__name__} cannot begin: {type(error).__name__}: {error}"
        raise UsageError(what, "correct the rule") from error


def _checked(finding: Any) -> Finding:
    if not isinstance(finding, Finding):
        raise UsageError(f"it yielded {type(finding).__name__}", "have it yield Finding(message, …)")
    if finding.severity is not None and finding.severity not in SEVERITIES:
        raise UsageError(f"there is no severity {finding.severity!r}", f"write one of {', '.join(SEVERITIES)}")
    return finding


def plain(value: Any) -> ParamValue:
    """Return a value of a parameter or a report as records hold it.

    Example:
        >>> plain(0.5), plain(("a", "b")), plain(float("inf")), plain(None)
        (0.5, 'a, b', 'inf', None)
    """
    item = getattr(value, "item", None)
    if getattr(value, "shape", None) == () and callable(item):
        value = item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 1 << 63:
        return int(value)
    if isinstance(value, float) and np.isfinite(value):
        return float(value)
    if isinstance(value, (tuple, list, set, frozenset)):
        return legible(", ".join(str(each) for each in value))
    return legible(value)
