"""Trials that share a value: statistics of each group, and its mean curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdeck.errors import UsageError
from labdeck.runs.curves import axis
from labdeck.runs.field_table import read_table
from labdeck.wire.comparing import Group, Groups, GroupStatistics
from labdeck.wire.numbers import to_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.runs.curves import XAxis
    from labdeck.store.contract import Columns, SeriesKey
    from labdeck.wire.comparing import FieldRow, FieldTable
    from labdeck.wire.records import ParamValue, TrialFacts, TrialRecord


@dataclass(frozen=True)
class GroupedCurve:
    """The mean of a metric over the trials of a group.

    Attributes:
        label: The group, as text.
        number: The group's place among all groups, from 1.
        trials: Ids of the trials that have points of the metric.
        component: The component that logged it; "" is the trial itself.
        metric: The metric's name.
        x: float64 (n,), rising: steps, seconds since 1970 UTC, or seconds since the trials' starts.
        mean: float64 (n,): mean over the trials that reach across that place.
        std: float64 (n,): their population deviation; 0 where there is one.
        count: int64 (n,): how many those are.
    """

    label: str
    number: int
    trials: tuple[str, ...]
    component: str
    metric: str
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    count: NDArray[np.int64]


def is_number(value: ParamValue) -> bool:
    """Say whether a field's value is a number; truth values are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def group_by(facts: Sequence[TrialFacts], by: str | Sequence[str], fields: str | Sequence[str]) -> Groups:
    """Return trials grouped by fields, with statistics of others; each may be one text or several.

    Raises:
        MalformedQuery: A field is none.
        UsageError: There is nothing to group by.
    """
    by, fields = ([by] if isinstance(by, str) else list(by)), ([fields] if isinstance(fields, str) else list(fields))
    if not by:
        raise UsageError("no field is named to group by", "name one, params.lr for example")
    return group_trials(read_table(facts, [*by, *fields]), by, fields)


def group_trials(table: FieldTable, by: Sequence[str], fields: Sequence[str]) -> Groups:
    """Return the trials of a table grouped by some of its columns, with statistics of others.

    Args:
        table: Columns: all of `by`, then all of `fields`.
        by: What to group by; trials without a value form a group of their own.
        fields: What to summarise: only finite numbers count.
    """
    members: dict[tuple[tuple[int, float, str], ...], list[FieldRow]] = {}
    for row in table.rows:
        members.setdefault(tuple(_order(value) for value in row.values[: len(by)]), []).append(row)
    groups = []
    for key in sorted(members):
        rows = members[key]
        values = rows[0].values[: len(by)]
        statistics = tuple(
            _statistics(field, [row.values[len(by) + place] for row in rows]) for place, field in enumerate(fields)
        )
        groups.append(
            Group(
                values=values,
                label=_label(by, values),
                trials=tuple(row.trial_id for row in rows),
                statistics=statistics,
            )
        )
    return Groups(by=tuple(by), fields=tuple(fields), groups=tuple(groups))


def _order(value: ParamValue) -> tuple[int, float, str]:
    """Return what values are sorted and told apart by: numbers, then truth values, texts, NaN, none."""
    if value is None:
        return (4, 0.0, "")
    if isinstance(value, bool):
        return (1, float(value), "")
    if isinstance(value, str):
        return (2, 0.0, value)
    # Whole numbers beyond 2^53 would run together as floats: their digits tell them apart.
    return (3, 0.0, "") if math.isnan(value) else (0, float(value), str(value) if value != float(value) else "")


def _label(by: Sequence[str], values: Sequence[ParamValue]) -> str:
    texts = [_text(value) for value in values]
    if len(by) == 1:
        return texts[0]
    return " · ".join(f"{field} = {text}" for field, text in zip(by, texts, strict=True))


def _text(value: ParamValue) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _statistics(field: str, values: Sequence[ParamValue]) -> GroupStatistics:
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
    if not numbers:
        nothing = to_number(math.nan)
        return GroupStatistics(field=field, count=0, mean=nothing, std=nothing, min=nothing, max=nothing)
    low, high = min(numbers), max(numbers)
    mean, std = _moments(np.array(numbers))
    return GroupStatistics(
        field=field,
        count=len(numbers),
        mean=to_number(mean),
        std=to_number(std),
        min=to_number(low),
        max=to_number(high),
    )


def _moments(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and population deviation, scaled so that numbers near 1e308 do not overflow."""
    scale = float(np.abs(values).max()) or 1.0
    scaled = values / scale
    return float(scaled.mean()) * scale, float(scaled.std()) * scale


def grouped_curves(
    columns: Columns,
    trials: Sequence[TrialRecord],
    keys: Sequence[SeriesKey],
    groups: Groups,
    x: XAxis,
    points: int,
) -> list[GroupedCurve]:
    """Return one mean curve per group and series that has a point.

    Each trial's curve is interpolated linearly between its finite points, and takes part from its first to its last;
    of several points at one place the one logged last counts. The places are those of all trials of the group
    together; if there are more than `points`, evenly chosen ones among them, the first and the last included.
    """
    by_id = {trial.id: trial for trial in trials}
    curves = []
    for number, group in enumerate(groups.groups, 1):
        members = [by_id[trial_id] for trial_id in group.trials if trial_id in by_id]
        for key in keys:
            lines = {trial.id: _line(columns, trial, key, x) for trial in members}
            lines = {trial_id: line for trial_id, line in lines.items() if len(line[0])}
            if lines:
                grid, mean, std, count = mean_curve(list(lines.values()), points)
                curves.append(
                    GroupedCurve(group.label, number, tuple(lines), key.component, key.name, grid, mean, std, count)
                )
    return curves


def _line(
    columns: Columns, trial: TrialRecord, key: SeriesKey, x: XAxis
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the finite points of a series by rising place, one per place."""
    series = columns.series(trial.id, key)
    finite = np.isfinite(series.values)
    places, values = axis(series, x, trial.started)[finite], series.values[finite]
    # The first of what is turned round is the last of what was logged.
    unique, first = np.unique(places[::-1], return_index=True)
    return unique, values[::-1][first]


def mean_curve(
    lines: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], points: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return places, mean, population deviation and count of some curves; see `grouped_curves`.

    Args:
        lines: x and y of each, float64 (n,), x rising, y finite, at least one point.
        points: Most places.
    """
    grid = np.unique(np.concatenate([x for x, _ in lines]))
    if len(grid) > points:
        grid = grid[np.unique(np.linspace(0, len(grid) - 1, points).round().astype(np.int64))]
    count = np.zeros(len(grid), dtype=np.int64)
    mean = np.zeros(len(grid))
    squares = np.zeros(len(grid))
    for x, y in lines:
        there = (grid >= x[0]) & (grid <= x[-1])
        values = np.interp(grid[there], x, y)
        # One curve after the other, by the method that Welford gave in 1962: no table of all curves is held.
        count[there] += 1
        delta = values - mean[there]
        mean[there] += delta / count[there]
        squares[there] += delta * (values - mean[there])
    return grid, mean, np.sqrt(squares / count), count
