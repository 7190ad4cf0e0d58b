"""Two fields of trials against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import Column, column, hover, left_out, remark
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.wire.comparing import FieldTable

MARKER = {"size": 9, "line": {"width": 1, "color": layouts.GRID}}


def scatter(
    table: FieldTable, x: str, y: str, color: str | None = None, *, log_x: bool = False, log_y: bool = False
) -> go.Figure:
    """Draw a point per trial, and a line of least squares where both fields are numbers.

    The line is fitted to what is drawn, so on a log scale to the logarithms; hovering it tells Pearson's r. It takes
    three points at two different places. A field that is not all numbers stands at whole numbers, in the order of its
    texts. Trials without a finite value of x or y are left out and counted. Points have the trials' colours, or those
    of a field. `customdata` is the trial's id.

    Args:
        table: Has the fields as columns; from `studio.comparing.table` or `experiment.table`.
        x: Field of the horizontal axis.
        y: Field of the vertical axis.
        color: Field that colours the points; trials without a value are grey.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.

    Raises:
        ValueError: The table has no such field.

    Example:
        >>> import labdeck
        >>> experiment = labdeck.experiment("digits")  # doctest: +SKIP
        >>> table = experiment.table("params.lr", "metrics.acc.best")  # doctest: +SKIP
        >>> scatter(table, "params.lr", "metrics.acc.best", log_x=True)  # doctest: +SKIP
    """
    across, up = column(table, x), column(table, y)
    tint = column(table, color) if color else None
    there = drawn_on(across, log=log_x) & drawn_on(up, log=log_y)
    if not there.any():
        return layouts.empty(f"no trial has both {x} and {y}")
    coloured = there if tint is None else there & ~np.isnan(tint.places)
    columns = [across, up, *([tint] if tint else [])]
    traces = []
    for chosen in (there & ~coloured, coloured):
        if chosen.any():
            marker = _marker(table, tint if chosen is coloured else None, chosen, grey=chosen is not coloured)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": across.on_axis(log=log_x)[chosen],
                    "y": up.on_axis(log=log_y)[chosen],
                    "marker": marker,
                    "hovertext": hover(table.rows, columns, chosen),
                    "hoverinfo": "text",
                    "customdata": [table.rows[place].trial_id for place in np.flatnonzero(chosen)],
                }
            )
    traces += _trend(across, up, there, log_x=log_x, log_y=log_y)
    layout = layouts.base_layout() | {"xaxis": across.axis(log=log_x), "yaxis": up.axis(log=log_y)}
    said = left_out(len(table.rows), int(there.sum()), "without a place here")
    return go.Figure(data=traces, layout=layout | remark(said))


def drawn_on(column: Column, *, log: bool) -> NDArray[np.bool_]:
    """Say which trials have a place on a field's axis."""
    there: NDArray[np.bool_] = ~np.isnan(column.places)
    return there & (column.places > 0) if log and not column.is_text and not column.is_time else there


def _marker(table: FieldTable, tint: Column | None, chosen: NDArray[np.bool_], *, grey: bool) -> dict[str, Any]:
    if grey:
        return {**MARKER, "color": layouts.INK}
    if tint is None:
        return {**MARKER, "color": [trial_colour(table.rows[place].trial_number) for place in np.flatnonzero(chosen)]}
    return {**MARKER, **tint.marker(), "color": tint.places[chosen]}


def _trend(across: Column, up: Column, there: NDArray[np.bool_], *, log_x: bool, log_y: bool) -> list[dict[str, Any]]:
    """Return the line of least squares, or nothing."""
    if across.is_text or up.is_text or up.is_time:
        return []
    log_x = log_x and not across.is_time
    x, y = across.places[there], up.places[there]
    x, y = np.log10(x) if log_x else x, np.log10(y) if log_y else y
    found = least_squares(x, y)
    if found is None:
        return []
    slope, offset, r = found
    ends = np.linspace(float(x.min()), float(x.max()), 2)
    line = slope * ends + offset
    places = layouts.local_dates(ends) if across.is_time else 10.0**ends if log_x else ends
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": places,
            "y": 10.0**line if log_y else line,
            "line": {"color": layouts.INK, "dash": "dot", "width": 2},
            "hovertext": f"least squares, r = {r:.2f}",
            "hoverinfo": "text",
            "meta": {"trend": True, "slope": slope, "offset": offset, "r": r},
        }
    ]


def least_squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Return slope, offset and Pearson's r of the line of least squares; None for fewer than 3 points or one place."""
    if len(x) < 3 or x.min() == x.max():  # noqa: PLR2004 (two points always lie on a line)
        return None
    dx, dy = x - x.mean(), y - y.mean()
    # Scaled, because squares of numbers near 1e200 would overflow.
    wide, high = float(np.abs(dx).max()), float(np.abs(dy).max()) or 1.0
    dx, dy = dx / wide, dy / high
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    slope = xy / xx * (high / wide)
    return slope, float(y.mean() - slope * x.mean()), xy / (xx * yy) ** 0.5 if yy else 0.0
