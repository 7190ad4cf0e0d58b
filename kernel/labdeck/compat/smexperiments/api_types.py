"""The small values that SageMaker's API hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import overload


@dataclass
class TrialComponentArtifact:
    """Something that went into or came out of a trial component.

    Attributes:
        value: Where it is: a URI or path.
        media_type: As in HTTP, None if unknown.
    """

    value: str
    media_type: str | None = None


@dataclass
class TrialComponentStatus:
    """How a trial component stands.

    Attributes:
        primary_status: "InProgress", "Completed", "Failed", "Stopping" or "Stopped".
        message: More about it.
    """

    primary_status: str | None = None
    message: str | None = None


@dataclass
class TrialComponentMetricSummary:
    """The six statistics of a metric.

    Attributes:
        metric_name: Its name.
        source_arn: The component that logged it.
        time_stamp: When it was last logged.
        max, min, last, avg, std_dev: Over what was logged; NaN where there is no finite value.
        count: Points.
    """

    metric_name: str
    source_arn: str
    time_stamp: datetime
    max: float
    min: float
    last: float
    count: int
    avg: float
    std_dev: float


@dataclass
class TrialSummary:
    """A trial that a component belongs to.

    Attributes:
        trial_name, trial_arn, display_name, experiment_name: What it and its experiment are called.
        creation_time: In UTC.
        id: Its identity in the store.
    """

    trial_name: str
    trial_arn: str
    display_name: str
    experiment_name: str
    creation_time: datetime
    id: str


@overload
def to_datetime(seconds: float) -> datetime: ...
@overload
def to_datetime(seconds: None) -> None: ...
def to_datetime(seconds: float | None) -> datetime | None:
    """Return a time in UTC, None for none."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def to_seconds(when: datetime | float | None) -> float | None:
    """Return seconds since 1970-01-01 UTC; a datetime without a zone is local time, as Python has it."""
    return when.timestamp() if isinstance(when, datetime) else when
