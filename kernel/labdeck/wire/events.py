"""Events out: what changed, in the order in which it was committed.

`seq` rises by at least one from event to event. An event carries the whole new record, so a reader needs no memory of
the old one and may see an event twice without harm. A deletion is a change whose record has `deleted` set.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from labdeck.wire.commands import _kebab
from labdeck.wire.debugging import FindingRecord
from labdeck.wire.records import ExperimentRecord, MetricSummary, TrialRecord


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_kebab):
    """The base of every event; its tag is the class name in kebab case."""

    seq: int
    time: float


class ExperimentChanged(Event, frozen=True, kw_only=True):
    """An experiment was created, renamed, annotated, deleted or restored, or its counts changed."""

    experiment: ExperimentRecord


class TrialChanged(Event, frozen=True, kw_only=True):
    """A trial started, ended, was renamed, annotated, deleted or restored."""

    trial: TrialRecord


class DetailChanged(Event, frozen=True, kw_only=True):
    """Facts of a trial beyond its record changed; whoever shows them reads them anew."""

    trial_id: str
    experiment_id: str
    what: Literal["params", "components", "artifacts", "captures", "output"]


class MetricsAdvanced(Event, frozen=True, kw_only=True):
    """Series of a trial have grown.

    Attributes:
        points: Points in all series of the trial.
        objective: The summary that stands for the trial in lists.
        metrics: The summaries that changed, without sparks; at most 50, then `truncated` is set and the rest must be
            read.
    """

    trial_id: str
    experiment_id: str
    points: int
    objective: MetricSummary | None
    goal: Literal["max", "min"]
    metrics: tuple[MetricSummary, ...]
    truncated: bool = False


class ViewsChanged(Event, frozen=True, kw_only=True):
    """Saved comparisons were added, replaced or removed; whoever lists them reads them anew."""


class LineageChanged(Event, frozen=True, kw_only=True):
    """Nodes of the lineage or their associations changed.

    Attributes:
        ids: The nodes concerned, trials among them; at most 200, then `truncated` is set.
    """

    ids: tuple[str, ...]
    truncated: bool = False


class FindingChanged(Event, frozen=True, kw_only=True):
    """A rule found something, found it again, or a finding was dismissed."""

    experiment_id: str
    finding: FindingRecord


class DebuggerChanged(Event, frozen=True, kw_only=True):
    """The rules over a trial or its watching changed, or tensors were recorded; whoever shows them reads them anew."""

    trial_id: str
    experiment_id: str


class TrainingAsked(Event, frozen=True, kw_only=True):
    """Something was asked of a running training."""

    trial_id: str


AnyEvent = (
    ExperimentChanged
    | TrialChanged
    | DetailChanged
    | MetricsAdvanced
    | ViewsChanged
    | LineageChanged
    | FindingChanged
    | DebuggerChanged
    | TrainingAsked
)
