"""Many fields of trials at once: a line per trial, an axis per field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.figures.column import SCALE, Column, category_ticks, column
from labdeck_ui.palette import SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.wire.comparing import FieldTable

MOST_AXES = 30
"""Fields of one figure."""
_LEVEL = 3
"""Up to so many names stand level; of more, neighbours would touch."""
_MOST_TICKS = 16
LOG_FROM = 100.0
"""A field of positive numbers whose greatest is so many times its least stands on a logarithmic axis."""


def parallel(table: FieldTable, fields: Sequence[str], color: str | None = None) -> go.Figure:
    """Draw parallel coordinates.

    Texts stand in their order, at even distances. Numbers that are all positive and span a factor of 100 stand on a
    logarithmic axis. A field that is constant keeps its axis, with one tick. Where a trial has no value, its line goes
    through "none", below the others. The browser draws it with WebGL, and says so where there is none.

    Args:
        table: Has the fields as columns.
        fields: Axes from left to right, at most 30.
        color: Field that colours the lines; None gives each trial its own colour.

    Raises:
        ValueError: There are more than 30 fields, or the table lacks one.
    """
    if len(fields) > MOST_AXES:
        raise ValueError(f"{len(fields)} fields are too many for one figure: give at most {MOST_AXES}")
    if not table.rows or not fields:
        return layouts.empty("nothing to compare yet")
    slanted = len(fields) > _LEVEL
    line = _colours(table) if color is None else _tinted(column(table, color))
    trace = {
        "type": "parcoords",
        "dimensions": [_dimension(column(table, field)) for field in fields],
        "line": line,
        "labelangle": -20 if slanted else 0,
        "labelfont": {"size": 12},
        "tickfont": {"size": 10},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "customdata": [row.trial_id for row in table.rows],
    }
    layout = layouts.base_layout()
    layout["margin"] = {"l": 72, "r": 56, "t": 96 if slanted else 48, "b": 24}
    return go.Figure(data=[trace], layout=layout)


def _colours(table: FieldTable) -> dict[str, Any]:
    """Return lines in the trials' own colours: plotly wants numbers on a scale."""
    amount = len(SERIES_COLOURS)
    steps = [(edge / amount, colour) for place, colour in enumerate(SERIES_COLOURS) for edge in (place, place + 1)]
    places = np.array([(row.trial_number - 1) % amount for row in table.rows], dtype=np.float64)
    return {"color": places, "colorscale": steps, "cmin": -0.5, "cmax": amount - 0.5, "showscale": False}


def _tinted(tint: Column) -> dict[str, Any]:
    marker = tint.marker()
    there = ~np.isnan(tint.places)
    if not there.any():
        return {"color": layouts.INK}
    if tint.is_text:
        if there.all():
            return marker
        # Those without a value get a step of their own, in grey.
        amount = len(tint.categories) + 1
        steps = [(edge / amount, SERIES_COLOURS[(place - 1) % len(SERIES_COLOURS)] if place else layouts.INK)
                 for place in range(amount) for edge in (place, place + 1)]  # fmt: skip
        bar = marker["colorbar"] | category_ticks(["none", *tint.categories])
        bar["tickvals"] = [value - 1 for value in bar["tickvals"]]
        return marker | {
            "color": np.where(there, tint.places, -1.0),
            "colorscale": steps,
            "cmin": -1.5,
            "colorbar": bar,
        }
    low, high = float(np.nanmin(tint.places)), float(np.nanmax(tint.places))
    if there.all():
        return marker
    span = (high - low) or abs(high) or 1.0
    bottom = low - span * 0.1
    edge = (low - span * 0.05 - bottom) / (high - bottom)
    steps = [(0.0, layouts.INK), (edge, layouts.INK), *((edge + (1 - edge) * at, colour) for at, colour in SCALE)]
    return marker | {"color": np.where(there, tint.places, bottom), "colorscale": steps, "cmin": bottom, "cmax": high}


def _dimension(one: Column) -> dict[str, Any]:
    """Return an axis: where the lines cross it, its ends and its ticks."""
    places, ticks, texts = _ticks(one)
    there = ~np.isnan(places)
    low, high = (float(np.nanmin(places)), float(np.nanmax(places))) if there.any() else (0.0, 0.0)
    span = (high - low) or 1.0
    if not there.all():
        bottom = low - span * 0.15
        places = np.where(there, places, bottom)
        ticks, texts, low = [bottom, *ticks], ["none", *texts], bottom
    if low == high:
        low, high = low - 1.0, high + 1.0
    return {
        "label": layouts.label(one.field, 28),
        "values": places,
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": _distinct(texts),
    }


def _distinct(texts: Sequence[str]) -> list[str]:
    """Return texts that look the same but differ: plotly takes ticks of one text for one tick."""
    return [text + "\u2009" * list(texts[:place]).count(text) for place, text in enumerate(texts)]


def _ticks(one: Column) -> tuple[NDArray[np.float64], list[float], list[str]]:
    """Return where trials stand, where ticks stand and what they say."""
    if one.is_text:
        chosen = range(0, len(one.categories), math.ceil(len(one.categories) / _MOST_TICKS))
        # Plotly draws these ticks as they are: a few HTML tags that mean something elsewhere mean nothing here.
        return one.places, [float(place) for place in chosen], [words.name(one.categories[at], 14) for at in chosen]
    there = one.places[~np.isnan(one.places)]
    if not len(there):
        return one.places, [], []
    low, high = float(there.min()), float(there.max())
    if low == high:
        return one.places, [low], [_said(one, low)]
    if low > 0 and high / low >= LOG_FROM and not one.is_time:
        return np.log10(one.places), *_decades(low, high)
    # A moment takes more room than a number.
    values = [low, high] if one.is_time else [low, *_between(low, high), high]
    return one.places, values, [_said(one, value) for value in values]


def _between(low: float, high: float) -> list[float]:
    """Return a few round numbers inside a range, none close to its ends."""
    step = 10.0 ** math.floor(math.log10(high - low))
    step = next((size * step for size in (0.2, 0.25, 0.5, 1.0) if (high - low) / (size * step) <= 6), step * 2)  # noqa: PLR2004
    inside = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    near = (high - low) * 0.06
    return [float(value) for value in inside if low + near < value < high - near]


def _decades(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return ticks at the ends and at powers of ten between, at most eight of these, on a logarithmic axis."""
    first, last = math.log10(low), math.log10(high)
    powers = list(range(math.ceil(first), math.floor(last) + 1))
    powers = powers[:: max(1, math.ceil(len(powers) / 8))]
    near = (last - first) * 0.06
    inside = [power for power in powers if first + near < power < last - near]
    ticks = [first, *map(float, inside), last]
    return ticks, [f"{10.0**tick:.3g}" for tick in ticks]


def _said(one: Column, value: float) -> str:
    if one.is_time:
        return str(layouts.local_dates(np.array([value]))[0].astype("datetime64[m]"))[5:].replace("T", " ")
    return words.number(int(value) if value == int(value) and abs(value) < 10**9 else float(f"{value:.3g}"))
