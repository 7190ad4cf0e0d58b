"""Every reduction of one tensor over the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.curves import mode_of
from labdeck_ui.palette import SERIES_COLOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck import TensorCurves

GROUPS = (
    ("value", ("value",)),
    ("range", ("max", "p95", "p75", "mean", "median", "p50", "p25", "p5", "min")),
    ("magnitude", ("abs_max", "abs_mean", "abs_min", "std", "abs_std", "variance", "abs_variance")),
    ("norm", ("l2", "l1", "abs_l2", "abs_l1")),
    ("sum", ("sum", "abs_sum", "prod", "abs_prod")),
    ("count", ("nan_count", "inf_count", "zero_count")),
)
"""Reductions that share an axis; those of a row are of one order of magnitude."""
_LEGEND_ROW = 18
"""Pixels of a row of the legend."""


def tensor_curves(reading: TensorCurves) -> go.Figure:
    """Draw every reduction of a tensor over the steps, those of like magnitude in one row, findings as marked steps.

    Args:
        reading: The curves.
    """
    rows = _rows(reading.curves)
    if not rows or not len(reading.steps):
        return layouts.empty("nothing was recorded of this", usual=True)
    layout = layouts.base_layout()
    layout["showlegend"] = True
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}, "entrywidth": 60}
    layout["margin"] = {"l": 64, "r": 16, "t": 8 + _LEGEND_ROW * 3, "b": 44}
    layout["meta"] = {"legend": True}  # the page shows it: no other place says which line is which
    layout["hovermode"] = "x unified"
    thinned = f"   {len(reading.steps):,} of {reading.total:,} steps" if reading.total > len(reading.steps) else ""
    layout["xaxis"] |= {"title": {"text": f"step{thinned}"}, "anchor": _axis("y", len(rows) - 1)}
    traces: list[dict[str, Any]] = []
    gap, count = 0.08 / len(rows), len(rows)
    for place, (title, members) in enumerate(rows):
        top = 1 - place / count
        name = "yaxis" if place == 0 else f"yaxis{place + 1}"
        domain = [max(0.0, top - 1 / count + gap), top]
        several = len(members) > 1  # a single line is named by its axis
        axis = {**layouts.axis(), "title": {"text": title if several else members[0]}}
        layout[name] = {**axis, "exponentformat": "e", "domain": domain, "anchor": "x"}
        traces += [_line(reading, member, place, len(traces) + i, legend=several) for i, member in enumerate(members)]
    layout["shapes"] = [_mark(found.step, found.severity) for found in reading.findings]
    return go.Figure(data=traces, layout=layout)


def _rows(curves: dict[str, NDArray[np.float64]]) -> list[tuple[str, list[str]]]:
    found = [(title, [name for name in names if name in curves]) for title, names in GROUPS]
    return [(title, names) for title, names in found if names]


def _axis(letter: str, place: int) -> str:
    return letter if place == 0 else f"{letter}{place + 1}"


def _line(reading: TensorCurves, name: str, place: int, number: int, *, legend: bool) -> dict[str, Any]:
    values = reading.curves[name]
    shown = np.where(np.isfinite(values), values, np.nan)
    lost = reading.lost.get(name, 0)
    return {
        "type": "scatter",
        "x": reading.steps,
        "y": shown,
        "mode": mode_of(shown),
        "yaxis": _axis("y", place),
        "name": name,
        "showlegend": legend,
        "line": {"color": SERIES_COLOURS[number % len(SERIES_COLOURS)], "width": 1.5},
        "hovertemplate": f"{name}: %{{y:.4g}}" + (f" ({lost:,} not finite)" if lost else "") + "<extra></extra>",
    }


def _mark(step: int, severity: str) -> dict[str, Any]:
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": step, "x1": step, "y0": 0, "y1": 1,
        "line": {"width": 1, "dash": "dot", "color": layouts.INK if severity == "info" else "#d55e00"},
    }  # fmt: skip
