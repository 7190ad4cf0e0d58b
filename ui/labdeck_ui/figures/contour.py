"""A third field over two others, filled in between the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import SCALE, Column, column, hover, left_out, remark
from labdeck_ui.figures.scatter import MARKER, drawn_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.wire.comparing import FieldTable

GRID = 60
"""Places across and up at which the field between the trials is reckoned."""
LEAST = 4
"""Different places that it takes."""


def contour(table: FieldTable, x: str, y: str, z: str, *, log_x: bool = False, log_y: bool = False) -> go.Figure:
    """Draw z over x and y as contours, and the trials as points.

    Between the trials z is interpolated linearly over Delaunay's triangles, on a log axis over the logarithms; outside
    of their hull nothing is drawn. Trials at one place count with their mean. With fewer than four places, or all on
    one line, only the points are drawn, and the figure says so.

    Args:
        table: Has the fields as columns.
        x: A field of numbers, for the horizontal axis.
        y: A field of numbers, for the vertical axis.
        z: A field of numbers, told by colour.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.

    Raises:
        ValueError: The table has no such field.
    """
    across, up, over = (column(table, field) for field in (x, y, z))
    for one in (across, up, over):
        if one.is_text:
            return layouts.empty(f"a contour needs numbers, and {one.field} is text")
    there = drawn_on(across, log=log_x) & drawn_on(up, log=log_y) & drawn_on(over, log=False)
    if not there.any():
        return layouts.empty(f"no trial has all of {x}, {y} and {z}")
    grid = _grid(across, up, over, there, log_x=log_x, log_y=log_y)
    values = over.places[there]
    ends = {"cmin": float(values.min()), "cmax": float(values.max())}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": across.on_axis(log=log_x)[there],
        "y": up.on_axis(log=log_y)[there],
        "marker": {**over.marker(), **MARKER, **ends, "color": values, "line": {"width": 1, "color": "white"}},
        "hovertext": hover(table.rows, [across, up, over], there),
        "hoverinfo": "text",
        "customdata": [table.rows[place].trial_id for place in np.flatnonzero(there)],
    }
    traces: list[dict[str, Any]] = [points]
    said = left_out(len(table.rows), int(there.sum()), "without a place here")
    if grid is None:
        few = "too few places for contours"
        said = f"{few}; {said}" if said else few
    else:
        traces = [{**grid, "zmin": ends["cmin"], "zmax": ends["cmax"]}, points]
    layout = layouts.base_layout() | {"xaxis": across.axis(log=log_x), "yaxis": up.axis(log=log_y)}
    return go.Figure(data=traces, layout=layout | remark(said))


def _grid(
    across: Column, up: Column, over: Column, there: NDArray[np.bool_], *, log_x: bool, log_y: bool
) -> dict[str, Any] | None:
    """Return the contours as a trace, None where there are too few places."""
    sides = [(across, log_x and not across.is_time), (up, log_y and not up.is_time)]
    axes = [np.log10(one.places[there]) if log else one.places[there] for one, log in sides]
    lows, spans = [axis.min() for axis in axes], [float(np.ptp(axis)) for axis in axes]
    if not all(spans):
        return None
    # From 0 to 1 on both axes: triangles would be slivers where one field is a thousand times the other.
    places = np.stack([(axis - low) / span for axis, low, span in zip(axes, lows, spans, strict=True)], axis=1)
    unique, first = np.unique(places, axis=0, return_inverse=True)
    means = np.bincount(first.ravel(), weights=over.places[there]) / np.bincount(first.ravel())
    values = interpolate(unique, means)
    if values is None:
        return None
    line = np.linspace(0, 1, GRID)
    shown = []
    for (one, log), low, span in zip(sides, lows, spans, strict=True):
        ticks = line * span + low
        shown.append(layouts.local_dates(ticks) if one.is_time else 10.0**ticks if log else ticks)
    return {
        "type": "contour",
        "x": shown[0],
        "y": shown[1],
        "z": values,
        "colorscale": SCALE,
        "showscale": False,
        "opacity": 0.75,
        "contours": {"coloring": "fill"},
        "line": {"width": 0.5, "color": layouts.INK},
        "hoverinfo": "skip",
        "connectgaps": False,
    }


def interpolate(places: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return values on a grid of 60 × 60 over the unit square, NaN outside of the hull; None if there is no triangle.

    Args:
        places: float64 (n, 2), all different, within the unit square.
        values: float64 (n,).
    """
    from scipy.interpolate import LinearNDInterpolator  # type: ignore[import-untyped]
    from scipy.spatial import QhullError  # type: ignore[import-untyped]

    if len(places) < LEAST:
        return None
    line = np.linspace(0, 1, GRID)
    try:
        found: NDArray[np.float64] = LinearNDInterpolator(places, values)(*np.meshgrid(line, line))
    except QhullError:
        return None
    return found
