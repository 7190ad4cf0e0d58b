"""Marks on metric curves: a line and a name where a rule found something."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck_ui import words
from labdeck_ui.figures import layout as layouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck import CurveMark
    from labdeck_ui.figures.curves import Scale

MARK_COLOURS = {"error": "#d32f2f", "warning": "#c77700", "info": "#1976d2"}
"""By severity; each stands out from white and from JupyterLab's dark background at 3 to 1 or more."""
_DASHES = {"error": "solid", "warning": "dash", "info": "dot"}
_NAMES_LIMIT = 6
"""Beyond so many names along the top edge they would cover each other."""
_APART = 0.035
"""Names nearer to each other than this share of the axis would overlap."""
_TENSORS_SHOWN = 5


def mark_layout(marks: Sequence[CurveMark], scale: Scale, *, log_x: bool = False) -> dict[str, Any]:
    """Return what a layout needs for a vertical line where a rule found something, with its name beside it.

    Colour and dash tell the severity; hovering over a name tells step, tensors and message. Names that would cover
    each other are left out, their lines stay.

    Args:
        marks: From `studio.comparing.marks`, with the x of the figure.
        scale: The figure's horizontal axis.
        log_x: It is logarithmic: what is not positive has no place.
    """
    log = log_x and scale.x != "time"
    drawn = [mark for mark in marks if not log or mark.x > 0]
    if not drawn:
        return {}
    scaled = np.array([mark.x for mark in drawn]) / scale.divisor
    lines = layouts.local_dates(scaled) if scale.x == "time" else scaled
    # Shapes stand where the data stands, annotations on a logarithmic axis at the exponent: so plotly has it.
    names = np.log10(scaled) if log else lines
    return {
        "shapes": [_line(mark, _plain(place)) for mark, place in zip(drawn, lines, strict=True)],
        "annotations": [
            _name(mark, _plain(place))
            for mark, place, fits in zip(drawn, names, _fitting(np.log10(scaled) if log else scaled), strict=True)
            if fits
        ],
    }


def _fitting(scaled: NDArray[np.float64]) -> list[bool]:
    """Say which names have room: from the left, each far enough from the one before."""
    room = max(float(np.ptp(scaled)), 1e-12) * _APART
    shown: list[bool] = []
    last = -np.inf
    for place in scaled:
        fits = bool(place - last > room) and sum(shown) < _NAMES_LIMIT
        last = float(place) if fits else last
        shown.append(fits)
    return shown


def _line(mark: CurveMark, place: object) -> dict[str, Any]:
    line = {"color": MARK_COLOURS[mark.severity], "width": 1.5, "dash": _DASHES[mark.severity]}
    vertical = {"type": "line", "xref": "x", "yref": "paper", "x0": place, "x1": place, "y0": 0, "y1": 1}
    return {**vertical, "line": line, "layer": "below", "name": layouts.label(mark.rule)}


def _name(mark: CurveMark, place: object) -> dict[str, Any]:
    return {
        "x": place,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "textangle": 90,
        "text": layouts.label(mark.rule) + (f" ×{mark.count:,}" if mark.count > 1 else ""),
        "font": {"color": MARK_COLOURS[mark.severity], "size": 11},
        "hovertext": "<br>".join(map(html.escape, _lines(mark))),
        "captureevents": True,
    }


def _lines(mark: CurveMark) -> list[str]:
    tensors = [words.name(tensor) for tensor in mark.tensors[:_TENSORS_SHOWN]]
    more = len(mark.tensors) - len(tensors)
    return [
        f"{words.name(mark.rule)} at step {mark.step:,} ({mark.mode})",
        words.name(mark.message, 120),
        *([", ".join(tensors) + (f" and {more:,} more" if more else "")] if tensors else []),
    ]


def _plain(place: object) -> object:
    """Return a place as plotly takes it in layouts, which know no numpy."""
    return str(place) if isinstance(place, np.datetime64) else float(place)  # type: ignore[arg-type]
