"""Which fields made the difference, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import remark
from labdeck_ui.palette import SERIES_COLOURS

if TYPE_CHECKING:
    from labdeck.wire.comparing import Importance

MOST_ROWS = 30
"""Fields that are drawn; the record has all."""
_UP, _DOWN = SERIES_COLOURS[2], SERIES_COLOURS[1]


def importance(record: Importance) -> go.Figure:
    """Draw the share of each field in what is explained, and beside it the rank correlation with the target.

    The thirty most important fields are drawn, the first one on top. The record's warning stands above.

    Args:
        record: From `experiment.importance` or `studio.comparing.importance`.
    """
    rows = record.rows[:MOST_ROWS]
    if all(not row.importance and row.correlation is None for row in rows):
        return layouts.empty(record.warning or "no field differs between the trials")
    places = list(range(len(rows)))
    names = [layouts.label(row.field, 40) for row in rows]
    shares = [
        f"<b>{name}</b><br>importance {row.importance:.1%}<br>{row.count:,} of {record.trials:,} trials have it"
        for name, row in zip(names, rows, strict=True)
    ]
    linked = [(place, row.correlation) for place, row in enumerate(rows) if row.correlation is not None]
    common: dict[str, Any] = {"type": "bar", "orientation": "h", "hoverinfo": "text"}
    traces = [
        {
            **common,
            "x": [row.importance for row in rows],
            "y": places,
            "marker": {"color": SERIES_COLOURS[0]},
            "hovertext": shares,
            "meta": {"what": "importance"},
        },
        {
            **common,
            "x": [correlation for _, correlation in linked],
            "y": [place for place, _ in linked],
            "marker": {"color": [_UP if correlation >= 0 else _DOWN for _, correlation in linked]},
            "hovertext": [f"<b>{names[place]}</b><br>correlation {value:+.2f}" for place, value in linked],
            "xaxis": "x2",
            "meta": {"what": "correlation"},
        },
    ]
    layout = layouts.base_layout()
    fields = layouts.axis() | {"tickmode": "array", "tickvals": places, "ticktext": names, "zeroline": False}
    layout["yaxis"] = fields | {"range": [len(rows) - 0.5, -0.5], "showgrid": False}
    layout["xaxis"] |= {"domain": [0, 0.6], "rangemode": "tozero", "tickformat": ".0%"}
    layout["xaxis"]["title"]["text"] = "importance"
    layout["xaxis2"] = layouts.axis() | {"domain": [0.68, 1], "range": [-1.05, 1.05], "anchor": "y"}
    layout["xaxis2"]["title"]["text"] = "rank correlation"
    return go.Figure(data=traces, layout=layout | remark(record.warning))
