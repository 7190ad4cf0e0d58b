"""Mean curves of groups of trials: colour tells the group, dash tells the metric, a band tells the deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.clipping import clipped_range
from labdeck_ui.figures.curves import DASHES, curves_layout, drawable, horizontal_scale, mode_of
from labdeck_ui.figures.smoothing import smooth
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck import GroupedCurve
    from labdeck_ui.figures.curves import Scale, XAxis


def grouped_curves(
    groups: Sequence[GroupedCurve],
    x: XAxis = "step",
    smoothing: float = 0.0,
    *,
    log: bool = False,
    log_x: bool = False,
    clip: bool = False,
) -> go.Figure:
    """Draw the mean curve of each group, and behind it a band from one deviation below it to one above.

    Where only one trial reaches, the band has no width; hovering tells how many there are. With smoothing, mean and
    band are smoothed alike. Every trace carries `meta = {"group": label, "trials": ids, "component": name,
    "metric": name, "band": bool, "raw": False}`.

    Args:
        groups: From `studio.comparing.grouped_curves`.
        x: What the curves' x means; "time" is drawn in the local time of this machine.
        smoothing: Weight in [0, 1) of the moving average.
        log: Draw y on a logarithmic scale.
        log_x: Draw x on a logarithmic scale.
        clip: Leave outliers outside of the y axis, as `labdeck_ui.figures.curves` does.

    Raises:
        ValueError: The smoothing weight is outside [0, 1).
    """
    if not groups:
        return layouts.empty("no points yet", usual=True)
    scale = horizontal_scale(x, max(float(group.x[-1]) for group in groups))
    metrics = list(dict.fromkeys((group.component, group.metric) for group in groups))
    bands: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for group in groups:
        dash = DASHES[metrics.index((group.component, group.metric)) % len(DASHES)]
        band, line = _traces(group, scale, smoothing, dash, single=len(metrics) == 1, log=log)
        bands.append(band)
        lines.append(line)
    layout = curves_layout(len(groups), scale, metrics, log=log, log_x=log_x)
    if clip:
        layout["yaxis"].update(clipped_range([line["y"] for line in lines], log=log))
    # All bands first: none may cover the line of another group.
    return go.Figure(data=[*bands, *lines], layout=layout)


def _traces(
    group: GroupedCurve, scale: Scale, smoothing: float, dash: str, *, single: bool, log: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the band of a group's curve and its line."""
    colour = trial_colour(group.number)
    mean = drawable(smooth(group.mean, smoothing), log=log)
    places = scale.places(group.x)
    parts = [words.name(group.label)]
    parts += [words.name(group.component)] if group.component else []
    parts += [] if single else [words.name(group.metric)]
    label = layouts.label(" · ".join(parts), 160)
    meta = {
        "group": group.label,
        "trials": list(group.trials),
        "component": group.component,
        "metric": group.metric,
        "raw": False,
    }
    common = {"type": "scatter", "name": label, "legendgroup": f"{group.number} {group.component} {group.metric}"}
    line = {
        **common,
        "x": places,
        "y": mean,
        "mode": mode_of(mean),
        "line": {"color": colour, "dash": dash, "width": 2},
        "showlegend": True,
        "customdata": np.stack([group.std, group.count], axis=1),
        "hovertemplate": "%{fullData.name}: %{y:.4g} ± %{customdata[0]:.2g} (n = %{customdata[1]})<extra></extra>",
        "meta": {**meta, "band": False},
    }
    return _band(common, places, group, smoothing, colour, log=log) | {"meta": {**meta, "band": True}}, line


def _band(
    common: dict[str, Any], places: NDArray[Any], group: GroupedCurve, smoothing: float, colour: str, *, log: bool
) -> dict[str, Any]:
    """Return one closed outline: up along the upper edge, back along the lower."""
    low, high = smooth(group.mean - group.std, smoothing), smooth(group.mean + group.std, smoothing)
    if log:
        # What goes below zero has no place there: the band then ends where the least that can be shown is.
        positive = [edge[edge > 0] for edge in (low, high, group.mean)]
        least = min((float(edge.min()) for edge in positive if len(edge)), default=np.nan)
        low, high = np.where(low > 0, low, least), np.where(high > 0, high, least)
    return {
        **common,
        "x": np.concatenate([places, places[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "mode": "lines",
        "line": {"width": 0, "color": colour},
        "fill": "toself",
        "fillcolor": f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},0.18)",
        "showlegend": False,
        "hoverinfo": "skip",
    }
