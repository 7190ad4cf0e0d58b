"""Metric curves: colour tells the trial, dash tells the metric."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go

from labdeck_ui import words
from labdeck_ui.figures.smoothing import smooth
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck import CurveReading

XAxis = Literal["step", "time", "relative"]

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_INK = "#808080"
"""Text that can be read on white and on JupyterLab's dark background; the shell replaces it by the theme's own."""
_GRID = "rgba(128,128,128,0.25)"
_UNITS = (
    (3 * 86_400.0, 86_400.0, "days"),
    (3 * 3_600.0, 3_600.0, "hours"),
    (180.0, 60.0, "minutes"),
    (0.0, 1.0, "seconds"),
)
_UNIFIED_LIMIT = 8
"""Up to this many lines one hover box lists them all; beyond it the box would cover the chart."""
_LEGEND_LIMIT = 20
"""Beyond so many lines the legend would be taller than the chart; hovering still names each line."""
_INT32_END = 2**31
_LAST_DATE = 32_503_680_000.0
"""The year 3000: a clock may have been read wrongly, a calendar has an end."""


def curves(
    readings: Sequence[CurveReading], x: XAxis = "step", smoothing: float = 0.0, *, log: bool = False
) -> go.Figure:
    """Draw metric curves as lines.

    Each trial has its colour (`labdeck_ui.palette`), each metric its dash. Values that are not finite, and on a log
    scale those that are not positive, are gaps; the legend counts the former. With smoothing, the raw line stays
    visible, faint, behind. Every trace carries `meta = {"trial": id, "component": name, "metric": name, "raw": bool}`,
    so that a page can hide or recolour a trial without asking again.

    Args:
        readings: One per line; x is float64 (n,): steps, seconds since 1970-01-01 UTC, or seconds since the start.
        x: What the readings' x means. "time" is drawn in the local time of this machine.
        smoothing: Weight in [0, 1) of the moving average, over the points given; see `labdeck_ui.figures.smooth`.
        log: Draw y on a logarithmic scale.

    Returns:
        A figure with transparent backgrounds; an annotation instead of lines when no reading has points.

    Raises:
        ValueError: The smoothing weight is outside [0, 1).

    Example:
        >>> import labdeck
        >>> studio = labdeck.open()  # doctest: +SKIP
        >>> curves(studio.curves([trial.id], [key], "step"), smoothing=0.6)  # doctest: +SKIP
    """
    drawn = [reading for reading in readings if len(reading.x)]
    if not drawn:
        return go.Figure(layout={**_layout(lines=0), **_notice("no points yet")})
    divisor, unit = _unit(drawn) if x == "relative" else (1.0, "")
    metrics = list(dict.fromkeys((reading.component, reading.metric) for reading in readings))
    # Traces are built as dictionaries and checked by plotly once: adding them one by one takes five times as long.
    traces: list[dict[str, Any]] = []
    for reading in drawn:
        dash = _DASHES[metrics.index((reading.component, reading.metric)) % len(_DASHES)]
        line = {"color": trial_colour(reading.trial_number), "dash": dash, "width": 2}
        horizontal = _local_dates(reading.x) if x == "time" else _compact(reading.x / divisor)
        label = _label(reading, single=len(metrics) == 1)
        traces += _lines(reading, label, horizontal, line, smoothing, log=log)
    layout = _layout(lines=len(drawn))
    layout["xaxis"]["title"]["text"] = f"{unit} since the start" if x == "relative" else x
    layout["yaxis"]["title"]["text"] = _text(metrics[0][1]) if len(metrics) == 1 else ""
    layout["yaxis"]["type"] = "log" if log else "linear"
    return go.Figure(data=traces, layout=layout)


def _lines(
    reading: CurveReading,
    label: str,
    horizontal: NDArray[Any],
    line: dict[str, Any],
    smoothing: float,
    *,
    log: bool,
) -> list[dict[str, Any]]:
    """Return the line of a reading, and behind it the raw one if it is smoothed."""
    values = np.where(np.isfinite(reading.y), reading.y, np.nan)
    shown = _drawable(smooth(values, smoothing), log=log)
    meta = {"trial": reading.trial_id, "component": reading.component, "metric": reading.metric}
    common = {
        "type": "scatter",
        "x": horizontal,
        "name": label,
        "legendgroup": f"{reading.trial_id} {reading.component} {reading.metric}",
    }
    front = {
        **common,
        "y": shown,
        "mode": _mode(shown),
        "line": line,
        "showlegend": True,
        "hovertemplate": "%{fullData.name}: %{y:.4g}<extra></extra>",
        "meta": {**meta, "raw": False},
    }
    if smoothing == 0:
        return [front]
    raw = {
        **common,
        "y": _drawable(values, log=log),
        "mode": "lines",
        "line": {**line, "width": 1},
        "opacity": 0.3,
        "showlegend": False,
        "hoverinfo": "skip",
        "meta": {**meta, "raw": True},
    }
    return [raw, front]


def _compact(x: NDArray[np.float64]) -> NDArray[Any]:
    """Return whole numbers, as steps are, in half the bytes."""
    if np.abs(x).max() >= _INT32_END or (x != np.rint(x)).any():
        return x
    return x.astype(np.int32)


def _drawable(values: NDArray[np.float64], *, log: bool) -> NDArray[np.float64]:
    return np.where(values > 0, values, np.nan) if log else values


def _mode(values: NDArray[np.float64]) -> str:
    """Say how to draw a line so that a point between two gaps is seen."""
    there = np.isfinite(values)
    neighbours = np.zeros_like(there)
    neighbours[1:] |= there[:-1]
    neighbours[:-1] |= there[1:]
    return "lines+markers" if bool((there & ~neighbours).any()) else "lines"


def _label(reading: CurveReading, *, single: bool) -> str:
    parts = [words.name(reading.trial_name)]
    if reading.component:
        parts.append(words.name(reading.component))
    if not single:
        parts.append(words.name(reading.metric))
    label = " · ".join(parts)
    gaps = int((~np.isfinite(reading.y)).sum())
    return html.escape(f"{label} ({gaps:,} not finite)" if gaps else label)


def _text(text: str) -> str:
    """Return a name as plotly's texts want it, where a few HTML tags have a meaning."""
    return html.escape(words.name(text))


def _unit(readings: Sequence[CurveReading]) -> tuple[float, str]:
    longest = max(float(reading.x.max()) for reading in readings)
    return next((divisor, name) for least, divisor, name in _UNITS if longest >= least or name == "seconds")


def _local_dates(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Return local wall-clock times: plotly draws dates as they are written, without a zone."""
    seconds = np.clip(seconds, 0.0, _LAST_DATE)
    offset = datetime.fromtimestamp(float(seconds[0])).astimezone().utcoffset() or timedelta()
    milliseconds = np.round((seconds + offset.total_seconds()) * 1000)
    return milliseconds.astype("int64").astype("datetime64[ms]")


def _layout(*, lines: int) -> dict[str, Any]:
    axis = {"gridcolor": _GRID, "linecolor": _GRID, "zerolinecolor": _GRID, "automargin": True}
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK, "size": 12},
        "margin": {"l": 56, "r": 16, "t": 16, "b": 44},
        "hovermode": "x unified" if lines <= _UNIFIED_LIMIT else "closest",
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "showlegend": 0 < lines <= _LEGEND_LIMIT,
        # The same value in every answer, so that a refreshed chart keeps the reader's zoom.
        "uirevision": "labdeck",
        "xaxis": {**axis, "title": {"standoff": 8}},
        "yaxis": {**axis, "title": {"standoff": 8}, "exponentformat": "e"},
    }


def _notice(text: str) -> dict[str, Any]:
    """Return a layout that says something in place of axes."""
    note = {"text": text, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    return {"annotations": [note], "xaxis": {"visible": False}, "yaxis": {"visible": False}}
