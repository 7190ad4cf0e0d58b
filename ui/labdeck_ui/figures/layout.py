"""What all figures share: transparent grounds, one grey, axes, and a notice where there is nothing to draw."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from labdeck_ui import words

INK = "#808080"
"""Text that can be read on white and on JupyterLab's dark background; the shell replaces it by the theme's own."""
GRID = "rgba(128,128,128,0.25)"
_LAST_DATE = 32_503_680_000.0
"""The year 3000: a clock may have been read wrongly, a calendar has an end."""


def base_layout() -> dict[str, Any]:
    """Return a layout without a theme and with one pair of axes."""
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 12},
        "margin": {"l": 56, "r": 16, "t": 16, "b": 44},
        "hovermode": "closest",
        "showlegend": False,
        # The same value in every answer, so that a refreshed chart keeps the reader's zoom.
        "uirevision": "labdeck",
        "xaxis": axis(),
        "yaxis": {**axis(), "exponentformat": "e"},
    }


def axis() -> dict[str, Any]:
    """Return an axis without a title."""
    lines = {"gridcolor": GRID, "linecolor": GRID, "zerolinecolor": GRID, "automargin": True}
    return {**lines, "title": {"standoff": 8}}


def empty(text: str, *, usual: bool = False) -> go.Figure:
    """Return a figure that says why there is none, in place of axes.

    Args:
        text: Why.
        usual: A page says this itself, in its own words; otherwise it finds the text in `layout.meta.notice`.
    """
    note = {"text": html.escape(text), "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    hidden = {"visible": False}
    layout = base_layout() | {"annotations": [note], "xaxis": hidden, "yaxis": hidden}
    return go.Figure(layout=layout if usual else layout | {"meta": {"notice": text}})


def label(text: str, limit: int = 48) -> str:
    """Return a name as plotly's texts want it, where a few HTML tags have a meaning."""
    return html.escape(words.name(text, limit))


def local_dates(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Return local wall-clock times: plotly draws dates as they are written, without a zone."""
    there = np.isfinite(seconds)
    clipped = np.clip(np.where(there, seconds, 0.0), 0.0, _LAST_DATE)
    first = float(clipped[there][0]) if there.any() else 0.0
    offset = datetime.fromtimestamp(first).astimezone().utcoffset() or timedelta()
    milliseconds = np.round((clipped + offset.total_seconds()) * 1000)
    dates = milliseconds.astype("int64").astype("datetime64[ms]")
    return np.where(there, dates, np.datetime64("NaT", "ms"))
