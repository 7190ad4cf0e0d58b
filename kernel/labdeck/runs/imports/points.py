"""Which points of a run are not here yet, and their way into the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labdeck.errors import StoreFull
from labdeck.runs.summary import RunningSummary
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.series import cut, rows, same_beginning
from labdeck.wire.commands import AdvanceMetrics

if TYPE_CHECKING:
    from labdeck.store.session import Session


def complete_points(
    session: Session, trial_id: str, wanted: Mapping[SeriesKey, Series], known: int
) -> tuple[int, list[AdvanceMetrics]]:
    """Append the points that a trial does not have yet.

    Args:
        session: The store.
        trial_id: The trial; it need not be in the catalog.
        wanted: What it is to have.
        known: How many points the catalog says it has; an import may have been killed before it said so.

    Returns:
        How many points were appended, and the command that announces them.

    Raises:
        StoreFull: The disk has no room for them.
    """
    here = session.columns.all_series(trial_id)
    new = {key: missing(series, here.get(key)) for key, series in wanted.items()}
    new = {key: series for key, series in new.items() if len(series)}
    if new:
        _append(session, trial_id, new)
    count = sum(map(len, new.values()))
    total = count + sum(map(len, here.values()))
    if total == known:
        return count, []
    found = session.columns.all_series(trial_id) if here else new
    return count, [_announcement(trial_id, found)]


def missing(wanted: Series, here: Series | None) -> Series:
    """Return the points of a series that another one lacks, in their order; a point that is there twice counts twice.

    Example:
        >>> from labdeck.runs.imports.source import to_series
        >>> wanted = to_series([(1, 0.0, 0.5), (2, 0.0, 0.25), (2, 0.0, 0.25)])
        >>> missing(wanted, to_series([(2, 0.0, 0.25)])).steps.tolist()
        [1, 2]
    """
    if here is None or not len(here):
        return wanted
    n = len(here)
    if n <= len(wanted) and same_beginning(wanted, here):
        return cut(wanted, slice(n, None))
    left = Counter(row.tobytes() for row in rows(here))
    keep = []
    for place, row in enumerate(rows(wanted)):
        same = row.tobytes()
        if left[same]:
            left[same] -= 1
        else:
            keep.append(place)
    return cut(wanted, np.array(keep, np.int64))


def _append(session: Session, trial_id: str, new: Mapping[SeriesKey, Series]) -> None:
    writer = session.columns.writer(trial_id)
    try:
        for key, series in new.items():
            writer.extend(key, series)
    finally:
        writer.close()
    if writer.dropped:
        raise StoreFull(f"{writer.dropped:,} points cannot be kept", "free some space and import again")


def _announcement(trial_id: str, found: Mapping[SeriesKey, Series]) -> AdvanceMetrics:
    summaries = []
    for key, series in found.items():
        if len(series):
            summary = RunningSummary()
            summary.add(series)
            summaries.append(summary.record(key))
    return AdvanceMetrics(trial_id=trial_id, points=sum(s.count for s in summaries), metrics=tuple(summaries))
