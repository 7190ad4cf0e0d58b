"""How a field is spread over trials, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import category_ticks, column, hover, left_out, remark
from labdeck_ui.figures.scatter import drawn_on
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from labdeck.wire.comparing import FieldTable, Groups

_ALL_POINTS = 500
"""Up to so many trials each is drawn beside its box; beyond, only those outside of the whiskers."""


def box(table: FieldTable, y: str, groups: Groups | None = None, *, log: bool = False) -> go.Figure:
    """Draw a box per group: quartiles, median, whiskers to the last trial within 1.5 times the box, and the trials.

    Args:
        table: Has the field as a column.
        y: A field of numbers.
        groups: From `studio.comparing.groups`; None makes one box of all trials.
        log: Logarithmic vertical axis.

    Raises:
        ValueError: The table has no such field.
    """
    up = column(table, y)
    if up.is_text:
        return layouts.empty(f"a box needs numbers, and {y} is text")
    there = drawn_on(up, log=log)
    if not there.any():
        return layouts.empty(f"no trial has a number as {y}")
    place_of = {row.trial_id: place for place, row in enumerate(table.rows)}
    members = [("all trials", list(range(len(table.rows))))]
    if groups is not None:
        members = [(group.label, [place_of[i] for i in group.trials if i in place_of]) for group in groups.groups]
    traces: list[dict[str, Any]] = []
    for number, (label, places) in enumerate(members):
        chosen = np.zeros(len(table.rows), dtype=bool)
        chosen[places] = True
        chosen &= there
        if chosen.any():
            colour = trial_colour(number + 1)
            traces.append(
                {
                    "type": "box",
                    "x": np.full(int(chosen.sum()), number),
                    "y": up.on_axis(log=log)[chosen],
                    "name": f"{layouts.label(label)} ({words.count(int(chosen.sum()), 'trial')})",
                    "boxpoints": "all" if len(table.rows) <= _ALL_POINTS else "outliers",
                    "jitter": 0.4,
                    "pointpos": 0,
                    "width": 0.5,
                    "line": {"color": colour},
                    "marker": {"color": colour, "size": 6, "opacity": 0.7},
                    "hovertext": hover(table.rows, [up], chosen),
                    "hoverinfo": "text+y",
                    "customdata": [table.rows[place].trial_id for place in np.flatnonzero(chosen)],
                }
            )
    across = layouts.axis() | {"range": [-0.6, len(members) - 0.4], "zeroline": False}
    across |= category_ticks([label for label, _ in members])
    across["title"] = {"text": layouts.label(" · ".join(groups.by), 96) if groups else "", "standoff": 8}
    layout = layouts.base_layout() | {"xaxis": across, "yaxis": up.axis(log=log)}
    return go.Figure(data=traces, layout=layout | remark(left_out(len(table.rows), int(there.sum()), f"without {y}")))
