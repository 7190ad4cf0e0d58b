"""The value of a metric at a chosen step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdeck.wire.comparing import StepValue, StepValues
from labdeck.wire.numbers import to_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.contract import Columns, Series, SeriesKey

_ALL_AT_ONCE = 4
"""From so many series on, reading all of a trial in one pass is the shorter way."""


def values_at_step(columns: Columns, trial_ids: Sequence[str], keys: Sequence[SeriesKey], step: int) -> StepValues:
    """Return, per trial and series, the point at the greatest step that is not beyond `step`.

    Of several points at that step the one that was logged last counts. What has no such point is left out.
    """
    found = []
    for trial_id in trial_ids:
        every = columns.all_series(trial_id) if len(keys) > _ALL_AT_ONCE else None
        for key in keys:
            series = columns.series(trial_id, key) if every is None else every.get(key)
            place = None if series is None else latest(series, step)
            if series is not None and place is not None:
                found.append(
                    StepValue(
                        trial_id=trial_id,
                        component=key.component,
                        metric=key.name,
                        step=int(series.steps[place]),
                        value=to_number(float(series.values[place])),
                    )
                )
    return StepValues(step=step, values=tuple(found))


def latest(series: Series, step: int) -> int | None:
    """Return the place of the last point at the greatest step up to `step`; steps may repeat and go back."""
    reached = np.flatnonzero(series.steps <= step)
    if not len(reached):
        return None
    steps = series.steps[reached]
    return int(reached[np.flatnonzero(steps == steps.max())[-1]])
