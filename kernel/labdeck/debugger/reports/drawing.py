"""What the figures of reports share: one layout, one list of colours, names as plotly wants them."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.reports.parts import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

COLOURS = (
    "#1e5aff", "#b44b00", "#3c784b", "#ff3cd2", "#a59600", "#a578ff", "#f06978", "#1e96c3", "#b40fd2", "#875a96"
)  # fmt: skip
"""Those of the series in the sidebar."""
INK, GRID = "#808080", "rgba(128,128,128,0.25)"
HEIGHT = 320
MOST_POINTS = 2000
"""Points of a line: more cannot be told apart on a screen."""
_LONGEST = 60


def label(text: object, limit: int = _LONGEST) -> str:
    """Return a name as plotly's texts want it, where a few HTML tags have a meaning; too long ones are cut inside."""
    plain = " ".join(str(text).split())
    if len(plain) > limit:
        head = (limit - 1) // 2
        plain = f"{plain[:head]}…{plain[-(limit - 1 - head) :]}"
    return html.escape(plain)


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis."""
    lines = {"gridcolor": GRID, "linecolor": GRID, "zerolinecolor": GRID, "automargin": True}
    return {**lines, "title": {"text": title, "standoff": 8}, **more}


def layout(x: str = "", y: str = "", **more: Any) -> dict[str, Any]:
    """Return the layout of a figure with these titles of its axes."""
    return {"xaxis": axis(x), "yaxis": axis(y), **more}


def line(x: Any, y: Any, name: str, number: int = 0, **more: Any) -> dict[str, Any]:
    """Return a line; what is not finite leaves a gap, one of many points is thinned with its extremes kept.

    Args:
        x: Numbers, shape (n,).
        y: Numbers, shape (n,).
        name: Plain text.
        number: Which of the figure's lines, for its colour.
        more: What else plotly is told.
    """
    across, up = thin(np.asarray(x), np.asarray(y, np.float64))
    return {
        "type": "scatter",
        "mode": "lines" if len(up) > 1 else "markers",
        "x": across,
        "y": np.where(np.isfinite(up), up, np.nan),
        "name": label(name),
        "line": {"color": COLOURS[number % len(COLOURS)], "width": 1.5},
        **more,
    }


def thin(x: NDArray[Any], y: NDArray[np.float64], most: int = MOST_POINTS) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return at most about `most` points of a line: of each stretch its lowest and its highest one.

    Example:
        >>> x, y = thin(np.arange(100), np.where(np.arange(100) == 57, 9.0, 0.0), most=10)
        >>> len(x) <= 12, 57 in x
        (True, True)
    """
    if len(y) <= most:
        return x, y
    edges = np.linspace(0, len(y), most // 2 + 1).round().astype(int)
    kept = {0, len(y) - 1}
    for start, end in pairwise(edges):
        stretch = y[start:end]
        if np.isfinite(stretch).any():
            kept |= {start + int(np.nanargmin(stretch)), start + int(np.nanargmax(stretch))}
        else:
            kept.add(int(start))
    places = np.array(sorted(kept))
    return x[places], y[places]


def bars(names: Sequence[object], values: Sequence[float], title: str, **more: Any) -> Figure:
    """Return lying bars, the first one at the top.

    Args:
        names: Plain texts; equal ones are told apart by a number.
        values: One a name.
        title: What the values are.
        more: What else plotly is told of the bars.
    """
    shown: list[str] = []
    for name in names:
        text, number = label(name), 1
        while text in shown:
            number += 1
            text = f"{label(name)} ({number})"
        shown.append(text)
    trace = {
        "type": "bar", "orientation": "h", "y": shown, "x": list(values), "marker": {"color": COLOURS[0]}, **more
    }  # fmt: skip
    frame = {"yaxis": axis(type="category", autorange="reversed"), "xaxis": axis(title)}
    return Figure([trace], {**frame, "height": max(200, 80 + 24 * len(shown))})


def pie(shares: Mapping[str, float], caption: str) -> Figure:
    """Return a ring of shares; those of nothing are left out.

    Args:
        shares: One a plain text, seconds or counts.
        caption: What it shows.
    """
    some = {name: value for name, value in shares.items() if value > 0}
    trace = {
        "type": "pie",
        "labels": [label(name) for name in some],
        "values": list(some.values()),
        "hole": 0.5,
        "sort": False,
        "textinfo": "percent",
        "textposition": "inside",
        "hovertemplate": "%{label}: %{value:.4g}, %{percent}<extra></extra>",
        "marker": {"colors": [COLOURS[list(shares).index(name) % len(COLOURS)] for name in some]},
    }
    legend = {"orientation": "v", "x": 1, "y": 0.5, "yanchor": "middle"}
    return Figure([trace], {"height": 240, "showlegend": True, "legend": legend}, caption)


def plot(figure: Figure) -> Any:
    """Return a figure as plotly's."""
    import plotly.graph_objects as go

    shared = {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 12},
        "margin": {"l": 56, "r": 16, "t": 16, "b": 44},
        "height": HEIGHT,
        "showlegend": any("name" in trace for trace in figure.data),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
    return go.Figure(data=list(figure.data), layout={**shared, **figure.layout})
