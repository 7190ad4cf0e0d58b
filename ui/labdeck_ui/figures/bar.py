"""Fields of trials as bars, one chart a field: their scales have nothing to do with each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from labdeck.wire.numbers import to_float
from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import category_ticks, column, hover
from labdeck_ui.figures.scatter import drawn_on
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.comparing import FieldTable, Groups

MOST_BARS = 12
"""Fields of one figure."""
_ACROSS = 3
_GAP = 0.12
"""Between charts side by side, as a part of the figure: room for the numbers of the right one."""
_HIGH = 0.62
"""The part of its row that a chart fills where there are several rows: the rest is for names."""
_MOST_TICKS = 45


def bar(table: FieldTable, fields: Sequence[str], *, log: bool = False) -> go.Figure:
    """Draw a bar per trial, in its colour, for each field.

    Args:
        table: Has the fields as columns.
        fields: At most 12; each has axes of its own, side by side. Text is refused.
        log: Logarithmic vertical axes.

    Raises:
        ValueError: There are more than 12 fields, or the table lacks one.
    """
    _check(fields)
    columns = [column(table, field) for field in fields]
    texts = [one.field for one in columns if one.is_text]
    if texts:
        return layouts.empty(f"a bar needs numbers, and {texts[0]} is text")
    if not any(drawn_on(one, log=log).any() for one in columns):
        return layouts.empty("no trial has a number there")
    names = [row.trial_name for row in table.rows]
    layout = layouts.base_layout()
    traces = []
    for number, one in enumerate(columns):
        there = drawn_on(one, log=log)
        places = there.nonzero()[0]
        traces.append(
            {
                "type": "bar",
                "x": places,
                "y": one.places[there],
                "marker": {"color": [trial_colour(table.rows[place].trial_number) for place in places]},
                "hovertext": hover(table.rows, [one], there),
                "hoverinfo": "text",
                "customdata": [table.rows[place].trial_id for place in places],
                "meta": {"field": one.field},
                **_place(layout, number, len(columns), one.field, names, log=log),
            }
        )
    return go.Figure(data=traces, layout=layout)


def grouped_bar(groups: Groups, *, log: bool = False) -> go.Figure:
    """Draw a bar per group for each field: the mean, with the population deviation as a whisker.

    Args:
        groups: From `studio.comparing.groups`; at most 12 fields.
        log: Logarithmic vertical axes.

    Raises:
        ValueError: There are more than 12 fields.
    """
    _check(groups.fields)
    if not any(one.count for group in groups.groups for one in group.statistics):
        return layouts.empty("no trial has a number there")
    labels = [group.label for group in groups.groups]
    layout = layouts.base_layout()
    traces = []
    for number, field in enumerate(groups.fields):
        found = [(place, group.statistics[number]) for place, group in enumerate(groups.groups)]
        found = [(place, one) for place, one in found if one.count and not (log and to_float(one.mean) <= 0)]
        said = [
            f"<b>{layouts.label(labels[place])}</b><br>{layouts.label(field)}: {words.number(one.mean)} ± "
            f"{words.number(one.std)}<br>{words.count(one.count, 'trial')}, {words.number(one.min)} to "
            f"{words.number(one.max)}"
            for place, one in found
        ]
        deviations = [to_float(one.std) for _, one in found]
        traces.append(
            {
                "type": "bar",
                "x": [place for place, _ in found],
                "y": [to_float(one.mean) for _, one in found],
                "error_y": {"type": "data", "array": deviations, "color": layouts.INK, "thickness": 1.5},
                "marker": {"color": [trial_colour(place + 1) for place, _ in found]},
                "hovertext": said,
                "hoverinfo": "text",
                "meta": {"field": field},
                **_place(layout, number, len(groups.fields), field, labels, log=log),
            }
        )
    return go.Figure(data=traces, layout=layout)


def _check(fields: Sequence[str]) -> None:
    if len(fields) > MOST_BARS:
        raise ValueError(f"{len(fields)} fields are too many for one figure: give at most {MOST_BARS}")


def _place(
    layout: dict[str, Any], number: int, total: int, field: str, labels: Sequence[str], *, log: bool
) -> dict[str, str]:
    """Add the axes of one chart to a layout, and return which they are: rows of at most three, from the top."""
    across = min(total, _ACROSS)
    row, place = divmod(number, across)
    wide, high = 1 / across, 1 / math.ceil(total / across)
    left = place * wide + (_GAP / 2 if place else 0)
    right = (place + 1) * wide - (_GAP / 2 if place < across - 1 else 0)
    top = 1 - row * high
    bottom = top - high * (1.0 if total <= across else _HIGH)
    suffix = "" if number == 0 else str(number + 1)
    ticks = category_ticks(labels, _MOST_TICKS // across, 14)
    horizontal = layouts.axis() | ticks | {"zeroline": False, "showgrid": False, "anchor": f"y{suffix}"}
    layout[f"xaxis{suffix}"] = horizontal | {"domain": [left, right], "range": [-0.6, len(labels) - 0.4]}
    vertical = layouts.axis() | {"exponentformat": "e", "anchor": f"x{suffix}", "domain": [bottom, top]}
    layout[f"yaxis{suffix}"] = vertical | {"type": "log" if log else "linear"}
    # Above its chart, not beside it, where it would stand in the neighbour's.
    name = {"text": layouts.label(field), "x": left, "y": top, "xref": "paper", "yref": "paper", "showarrow": False}
    layout.setdefault("annotations", []).append({**name, "xanchor": "left", "yanchor": "bottom"})
    layout["margin"] = {"l": 56, "r": 16, "t": 32, "b": 44}
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
