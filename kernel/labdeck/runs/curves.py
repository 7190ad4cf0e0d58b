"""Curves of several trials, thinned to what a chart can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from labdeck.errors import InvalidQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.store.contract import Series, SeriesKey
    from labdeck.store.session import Session

XAxis = Literal["step", "time", "relative"]
MIN_POINTS, MAX_POINTS = 10, 2000
"""Fewest and most points of one curve that can be asked for."""


@dataclass(frozen=True)
class CurveReading:
    """One curve of a chart.

    Attributes:
        trial_id, trial_name, trial_number: The trial; see `TrialRecord`.
        component: The component that logged it; "" is the trial itself.
        metric: The metric's name.
        x: float64 (n,): steps, seconds since 1970 UTC, or seconds since the trial's start.
        y: float64 (n,): values, NaN and infinities included.
        total: Points logged; n is smaller if the curve was thinned.
    """

    trial_id: str
    trial_name: str
    trial_number: int
    component: str
    metric: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    total: int


def read_curves(
    session: Session, trial_ids: Sequence[str], keys: Sequence[SeriesKey], x: XAxis, points: int
) -> list[CurveReading]:
    """Return the curve of every series that exists, trial by trial.

    Args:
        session: The store.
        trial_ids: Whose curves; unknown ones are left out.
        keys: Which series.
        x: What the horizontal axis shows.
        points: Most points of one curve, 10 to 2,000.

    Raises:
        InvalidQuery: `x` or `points` is out of range.
    """
    if x not in {"step", "time", "relative"}:
        raise InvalidQuery(f"the horizontal axis is {x!r}", "ask for step, time or relative")
    if not MIN_POINTS <= points <= MAX_POINTS:
        raise InvalidQuery(f"{points} points a curve were asked for", f"ask for {MIN_POINTS} to {MAX_POINTS:,}")
    readings = []
    for trial in (fact.trial for fact in session.catalog.facts(trial_ids=trial_ids)):
        for key in keys:
            series = session.columns.series(trial.id, key)
            if len(series):
                xs, ys = thin(axis(series, x, trial.started), series.values, points)
                readings.append(
                    CurveReading(trial.id, trial.name, trial.number, key.component, key.name, xs, ys, len(series))
                )
    return readings


def axis(series: Series, x: XAxis, started: float) -> NDArray[np.float64]:
    """Return where a series' points stand: float64 (n,), of a trial that started then."""
    if x == "step":
        return series.steps.astype(np.float64)
    return series.times - started if x == "relative" else series.times.astype(np.float64)


def thin(
    x: NDArray[np.float64], y: NDArray[np.float64], points: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return at most `points` points with the same look: extremes, ends, NaN and infinities are kept.

    The smallest and the greatest value of each stretch are picked, by their place in the order of logging, so steps
    that repeat or go back do no harm. (MinMaxLTTB is smoother still, but drops a spike now and then.) Values that are
    not finite are picked first, evenly thinned if they alone are too many, because the algorithm knows none.
    """
    if len(x) <= points:
        return x, y
    from tsdownsample import MinMaxDownsampler

    finite = np.isfinite(y)
    places = np.flatnonzero(finite)
    odd = np.flatnonzero(~finite)
    odd = odd[:: max(1, -(-len(odd) // (points // 4)))] if len(odd) else odd
    room = points - len(odd)
    if len(places) > room:
        values = np.ascontiguousarray(y[places], dtype=np.float64)
        downsampler = MinMaxDownsampler()  # type: ignore[no-untyped-call]
        extremes = downsampler.downsample(values, n_out=(room - 2) // 2 * 2).astype(np.int64)
        places = places[np.concatenate([[0], extremes, [-1]])]
    chosen = np.unique(np.concatenate([places, odd]))
    return x[chosen], y[chosen]
