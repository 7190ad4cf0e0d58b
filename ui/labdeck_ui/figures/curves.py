"""Metric curves: colour tells the trial, dash tells the metric."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go

from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.clipping import clipped_range
from labdeck_ui.figures.marks import mark_layout
from labdeck_ui.figures.smoothing import smooth
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck import CurveMark, CurveReading

XAxis = Literal["step", "time", "relative"]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
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
_LEGEND = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "xanchor": "left"}


def curves(
    readings: Sequence[CurveReading],
    x: XAxis = "step",
    smoothing: float = 0.0,
    *,
    log: bool = False,
    log_x: bool = False,
    clip: bool = False,
    marks: Sequence[CurveMark] = (),
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
        log_x: Draw x on a logarithmic scale, where a step of 0 has no place; no effect on "time".
        clip: Leave outliers outside of the y axis; see `labdeck_ui.figures.clipped_range`. Nothing is removed: zooming
            out shows them.
        marks: Where rules found something, drawn as vertical lines; see `labdeck_ui.figures.marks`.

    Returns:
        A figure with transparent backgrounds; an annotation instead of lines when no reading has points.

    Raises:
        ValueError: The smoothing weight is outside [0, 1).

    Example:
        >>> import labdeck
        >>> studio = labdeck.open()
        >>> with studio.experiment("digits").trial("cnn-32") as trial:
        ...     for step in range(3):
        ...         trial.log(loss=1 / (step + 1), step=step)
        >>> readings = studio.curves([trial.id], [labdeck.SeriesKey("", "loss")], "step")
        >>> [line.meta["raw"] for line in curves(readings, smoothing=0.6).data]
        [True, False]
    """
    drawn = [reading for reading in readings if len(reading.x)]
    if not drawn:
        return layouts.empty("no points yet", usual=True)
    scale = horizontal_scale(x, max(float(reading.x.max()) for reading in drawn))
    metrics = list(dict.fromkeys((reading.component, reading.metric) for reading in readings))
    # Traces are built as dictionaries and checked by plotly once: adding them one by one takes five times as long.
    traces: list[dict[str, Any]] = []
    for reading in drawn:
        dash = DASHES[metrics.index((reading.component, reading.metric)) % len(DASHES)]
        line = {"color": trial_colour(reading.trial_number), "dash": dash, "width": 2}
        label = _label(reading, single=len(metrics) == 1)
        traces += _lines(reading, label, scale.places(reading.x), line, smoothing, log=log)
    shown = [trace["y"] for trace in traces if not trace["meta"]["raw"]]
    layout = curves_layout(len(drawn), scale, metrics, log=log, log_x=log_x)
    if clip:
        layout["yaxis"].update(clipped_range(shown, log=log))
    layout.update(mark_layout(marks, scale, log_x=log_x))
    return go.Figure(data=traces, layout=layout)


@dataclass(frozen=True)
class Scale:
    """What a horizontal axis shows, and in which unit: seconds since the start, or steps, or dates."""

    x: XAxis
    divisor: float
    title: str

    def places(self, x: NDArray[np.float64]) -> NDArray[Any]:
        """Return where points stand, in the form that takes the fewest bytes."""
        return layouts.local_dates(x) if self.x == "time" else _compact(x / self.divisor)


def horizontal_scale(x: XAxis, longest: float) -> Scale:
    """Return the scale for an axis that reaches up to `longest`, in seconds or steps."""
    if x != "relative":
        return Scale(x, 1.0, x)
    divisor, unit = next((size, name) for least, size, name in _UNITS if longest >= least or name == "seconds")
    return Scale(x, divisor, f"{unit} since the start")


def curves_layout(
    lines: int, scale: Scale, metrics: Sequence[tuple[str, str]], *, log: bool, log_x: bool
) -> dict[str, Any]:
    """Return the layout for so many lines; a single metric is the title of the vertical axis."""
    layout = layouts.base_layout()
    layout["hovermode"] = "x unified" if lines <= _UNIFIED_LIMIT else "closest"
    layout["legend"] = dict(_LEGEND)
    layout["showlegend"] = 0 < lines <= _LEGEND_LIMIT
    layout["xaxis"]["title"]["text"] = scale.title
    layout["yaxis"]["title"]["text"] = layouts.label(metrics[0][1]) if len(metrics) == 1 else ""
    layout["yaxis"]["type"] = "log" if log else "linear"
    if log_x and scale.x != "time":
        layout["xaxis"]["type"] = "log"
    return layout


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
    shown = drawable(smooth(values, smoothing), log=log)
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
        "mode": mode_of(shown),
        "line": line,
        "showlegend": True,
        "hovertemplate": "%{fullData.name}: %{y:.4g}<extra></extra>",
        "meta": {**meta, "raw": False},
    }
    if smoothing == 0:
        return [front]
    raw = {
        **common,
        "y": drawable(values, log=log),
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


def drawable(values: NDArray[np.float64], *, log: bool) -> NDArray[np.float64]:
    """Return values with gaps for those that a log scale cannot show."""
    return np.where(values > 0, values, np.nan) if log else values


def mode_of(values: NDArray[np.float64]) -> str:
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
