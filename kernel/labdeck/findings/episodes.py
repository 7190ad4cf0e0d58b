"""What a rule finds step after step is one finding, as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from labdeck.findings.actions.base import SEVERITIES
from labdeck.findings.by_layout import ByLayout
from labdeck.store.ids import new_id
from labdeck.wire.debugging import ActionRecord, FindingRecord, Mode
from labdeck.wire.numbers import Number, to_number

if TYPE_CHECKING:
    from labdeck.findings.rule import Finding, Rule
    from labdeck.store.tensors.layout import Layout

MOST = 200
"""Findings of a rule that are kept of one training."""
HEALTHY = 3
"""Judgements of a tensor that must find nothing before what is found of it is a new finding.

Twice as many for the next one, and so on: what hovers around its threshold is a few findings, not hundreds.
"""
_MOST_DOUBLINGS = 6
_MOST_KINDS = 64
"""Kinds of steps whose judgements are counted; a model that changes shape at every step has always new ones."""
_LONGEST = 2_000
"""Characters of a text of a finding that are kept."""


_Key = tuple[Mode, str, str, int]
"""Of what goes on: the mode, the tensor, what of it, and the how manieth of these in a judgement."""


class When(NamedTuple):
    """A moment that was judged: the mode, the step within it, the time in seconds since 1970-01-01 UTC."""

    mode: Mode
    step: int
    time: float


@dataclass(eq=False)
class _Kind:
    """Steps that look alike, and how many of them a rule has judged."""

    layout: Layout | None
    turns: int = 0

    @property
    def size(self) -> int:
        return 0 if self.layout is None else len(self.layout.tensors)

    def has(self, name: str, size: int) -> bool:
        """Say whether a tensor was looked at; of a name that no step has, a step with as many tensors tells."""
        return self.size >= size if self.layout is None or name not in self.layout.by_name else True


@dataclass
class Episode:
    """One finding, and how long it has lasted.

    Attributes:
        first: It as it was found first.
        count, last_step, last_time: Of how many steps, and of which latest one.
        turns: The judgements of the rule until it was found last, by kind of step.
        tensors: Tensors of the step at which it was found last.
        healthy: Judgements that must find nothing before it has ended.
        told: It is in the store as it is now.
        urgent: It must be told at once, because it is new or something was done.
        recording, actions: What was kept and done because of it.
    """

    first: FindingRecord
    count: int
    last_step: int
    last_time: float
    turns: dict[_Kind, int]
    tensors: int
    healthy: int = HEALTHY
    told: bool = False
    urgent: bool = True
    recording: str = ""
    actions: list[ActionRecord] = field(default_factory=list)

    def record(self) -> FindingRecord:
        """Return it as it is stored."""
        return msgspec.structs.replace(
            self.first,
            count=self.count,
            last_step=self.last_step,
            last_time=self.last_time,
            recording=self.recording,
            actions=tuple(self.actions),
        )


class Episodes:
    """The findings of one rule over one training.

    Args:
        trial_id: The training's trial.
        name: The rule's name among the rules of the trial.
        rule: The rule.
    """

    def __init__(self, trial_id: str, name: str, rule: Rule) -> None:
        self._trial_id = trial_id
        self._name = name
        self._rule = rule
        self._going: dict[_Key, Episode] = {}
        self._kinds: dict[Mode, ByLayout[_Kind]] = {}
        self._untold: list[Episode] = []
        self.kept = 0
        self.left_out = 0

    def take(
        self, found: list[Finding], when: When, origins: Mapping[str, str], layout: Layout | None = None
    ) -> list[Episode]:
        """Take in what one judgement found, nothing included; return those findings that are new.

        Args:
            found: It.
            when: What was judged.
            origins: The lines of source that made the tensors.
            layout: The tensors that the step has; None if no step was judged. A tensor that it lacks was not judged.
        """
        kind = self._kinds_of(when.mode)(layout)
        kind.turns += 1
        if not found:
            return []
        seen: dict[tuple[Mode, str, str], int] = {}
        new = []
        for finding in found:
            mode = finding.mode or when.mode
            kinds = self._kinds_of(mode)
            what = (mode, finding.tensor, finding.aspect)
            number = seen[what] = seen.get(what, -1) + 1
            key = (*what, number)
            going = self._going.get(key)
            if going is not None and self._lasts(going, kinds) and not self._is_worse(finding, going):
                self._extend(going, when, finding)
            elif self.kept < MOST:
                new.append(self._begin(key, self._record(finding, when, origins)))
            else:
                self.left_out += 1
                continue
            self._going[key].turns = {each: each.turns for each in kinds}
            self._going[key].tensors = kind.size
        if self.left_out and self.kept == MOST:
            new.append(self._begin((when.mode, "", "", -1), self._enough(when)))
        return new

    def _kinds_of(self, mode: Mode) -> ByLayout[_Kind]:
        return self._kinds.setdefault(mode, ByLayout(_Kind, _MOST_KINDS))

    def _lasts(self, going: Episode, kinds: Iterable[_Kind]) -> bool:
        """Say whether too few judgements that looked at the tensor found nothing since it was found last."""
        name = going.first.tensor
        judged = sum(
            kind.turns - going.turns.get(kind, 0)
            for kind in kinds
            if kind.turns > going.turns.get(kind, 0) and kind.has(name, going.tensors)
        )
        # A rule that looks at every tenth step only goes on finding the same when it finds it ten steps later.
        return judged <= going.healthy * max(1, self._rule.rhythm())

    def changed(self, *, urgent: bool) -> list[Episode]:
        """Return what is not in the store as it is now, or the urgent part of it; it counts as told from here on."""
        chosen = [episode for episode in self._untold if episode.urgent or not urgent]
        self._untold = [episode for episode in self._untold if urgent and not episode.urgent]
        for episode in chosen:
            episode.told, episode.urgent = True, False
        return chosen

    def touch(self, episode: Episode) -> None:
        """Have it told again, at once."""
        episode.urgent = True
        if episode.told:
            episode.told = False
            self._untold.append(episode)

    def _is_worse(self, finding: Finding, going: Episode) -> bool:
        """Say whether what goes on has become worse, so that it is told, and acted upon, anew."""
        severity = finding.severity or self._rule.severity
        return SEVERITIES.index(severity) > SEVERITIES.index(going.first.severity)

    def _begin(self, key: _Key, record: FindingRecord) -> Episode:
        before = self._going.get(key)
        episode = Episode(record, 1, record.step, record.time, {}, 0)
        if before is not None:
            episode.healthy = min(2 * before.healthy, HEALTHY << _MOST_DOUBLINGS)
        self._going[key] = episode
        self._untold.append(episode)
        self.kept += 1
        return episode

    def _extend(self, episode: Episode, when: When, finding: Finding) -> None:
        episode.count += 1
        episode.last_step = when.step if finding.step is None else finding.step
        episode.last_time = when.time
        if episode.told:
            episode.told = False
            self._untold.append(episode)

    def _record(self, finding: Finding, when: When, origins: Mapping[str, str]) -> FindingRecord:
        step = when.step if finding.step is None else int(finding.step)
        return FindingRecord(
            id=new_id(),
            trial_id=self._trial_id,
            rule=self._name,
            severity=finding.severity or self._rule.severity,
            mode=finding.mode or when.mode,
            step=step,
            last_step=step,
            time=when.time,
            last_time=when.time,
            tensor=legible(finding.tensor),
            value=_number(finding.value),
            threshold=_number(finding.threshold),
            message=legible(finding.message),
            remedy=legible(finding.remedy or self._rule.remedy),
            origin=legible(finding.origin or origins.get(finding.tensor, "")),
        )

    def _enough(self, when: When) -> FindingRecord:
        return FindingRecord(
            id=new_id(), trial_id=self._trial_id, rule=self._name, severity="info", mode=when.mode, step=when.step,
            last_step=when.step, time=when.time, last_time=when.time,
            message=f"there are more than {MOST} findings of this rule; further ones are not kept",
            remedy="raise its threshold, or have it look at fewer tensors",
        )  # fmt: skip


def legible(text: object) -> str:
    """Return text that every store can hold, bounded in length."""
    plain = str(text).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _number(value: float | None) -> Number | None:
    return None if value is None else to_number(float(value))
