"""Where what rules found belongs on the curves of a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.runs.curves import XAxis
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.store.session import Session
    from labdeck.wire.debugging import FindingRecord, Mode, Severity

MOST_MARKS = 50
"""Marks of one figure; more could not be told apart."""
_MOST_FINDINGS = 500
_GRAVITY = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class CurveMark:
    """One place on the horizontal axis at which a rule found something.

    Attributes:
        x: The place: a step, seconds since 1970-01-01 UTC, or seconds since the trial's start.
        rule: The rule.
        severity: The worst of what it found there.
        mode, step: The step in the rule's own counting.
        tensors: The tensors concerned, each once.
        count: Findings at this place.
        message: What was found first.
    """

    x: float
    rule: str
    severity: Severity
    mode: Mode
    step: int
    tensors: tuple[str, ...]
    count: int
    message: str


def read_marks(session: Session, trial_id: str, keys: Sequence[SeriesKey], x: XAxis) -> list[CurveMark]:
    """Return where a trial's findings stand on the axis of some of its series; those that were dismissed are left out.

    Rules count the steps of the optimizer, a metric may be logged once an epoch. A finding therefore stands at its own
    step where a series counts the same steps, else where the series was when it was made: between its points, by time.
    Only the latest 500 findings and the first 50 places are marked.
    """
    from labdeck.errors import NotFound

    try:
        started = session.catalog.trial(trial_id).started
    except NotFound:
        return []
    found = session.catalog.findings(trial_id=trial_id, limit=_MOST_FINDINGS).findings
    if not found:
        return []
    series = [one for key in keys if len(one := session.columns.series(trial_id, key))] if x == "step" else []
    return gather(found, [_place(record, x, started, series) for record in found])


def gather(found: Sequence[FindingRecord], places: Sequence[float]) -> list[CurveMark]:
    """Return one mark for all findings of one rule at one step, from left to right."""
    groups: dict[tuple[str, Mode, int], list[tuple[float, FindingRecord]]] = {}
    ordered = sorted(zip(places, found, strict=True), key=lambda pair: (pair[0], pair[1].time, pair[1].id))
    for place, record in ordered:
        groups.setdefault((record.rule, record.mode, record.step), []).append((place, record))
    return [_mark(group) for group in list(groups.values())[:MOST_MARKS]]


def _mark(group: Sequence[tuple[float, FindingRecord]]) -> CurveMark:
    place, first = group[0]
    records = [record for _, record in group]
    return CurveMark(
        x=place,
        rule=first.rule,
        severity=min((record.severity for record in records), key=_GRAVITY.__getitem__),
        mode=first.mode,
        step=first.step,
        tensors=tuple(dict.fromkeys(record.tensor for record in records if record.tensor)),
        count=len(records),
        message=first.message,
    )


def _place(record: FindingRecord, x: XAxis, started: float, series: Sequence[Series]) -> float:
    if x == "time":
        return record.time
    if x == "relative":
        return record.time - started
    return step_at(series[0], record.time, record.step) if series else float(record.step)


def step_at(series: Series, time: float, step: int) -> float:
    """Return the step at which a series was at a time; `step` itself if the series may have been there just then."""
    after = int(np.searchsorted(np.maximum.accumulate(series.times), time, side="right"))
    before, behind = max(after - 1, 0), min(after, len(series) - 1)
    # A metric is logged before or after the rules judge the same step: either neighbour may be that step.
    near = series.steps[max(before - 1, 0) : behind + 2]
    # What was judged when the series had ended, a recorded trial for example, has no place in time, but its step.
    ended = time > series.times.max() and series.steps.min() <= step <= series.steps.max()
    if ended or near.min() <= step <= near.max():
        return float(step)
    if before == behind or series.times[behind] <= series.times[before]:
        return float(series.steps[before])
    share = (time - series.times[before]) / (series.times[behind] - series.times[before])
    share = min(max(share, 0.0), 1.0)
    return float(series.steps[before] + share * (series.steps[behind] - series.steps[before]))
