"""A field of trials as something that can be placed on an axis or told by colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from labdeck.wire.numbers import as_numbers
from labdeck_ui import words
from labdeck_ui.figures import layout as layouts
from labdeck_ui.palette import SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.wire.comparing import FieldRow, FieldTable
    from labdeck.wire.records import ParamValue

SCALE = ((0.0, "#1e5aff"), (0.5, "#b05fd0"), (1.0, "#f0691e"))
"""From little to much, in colours that stand out from white and from JupyterLab's dark background alike."""
_MOST_TICKS = 40
_TIMES = ("started", "ended")


@dataclass(frozen=True)
class Column:
    """One field of a table.

    Attributes:
        field: Which.
        values: As they are, one per trial.
        places: float64 (n,): numbers as they are, seconds for times, the place among `categories` for anything else;
            NaN where there is no value, or none that is finite.
        categories: Different values as text, numbers first; empty where all values are numbers.
    """

    field: str
    values: tuple[ParamValue, ...]
    places: NDArray[np.float64]
    categories: tuple[str, ...]

    @property
    def is_time(self) -> bool:
        """Whether the numbers are moments."""
        return self.field in _TIMES

    @property
    def is_text(self) -> bool:
        """Whether some values are no numbers."""
        return bool(self.categories)

    def on_axis(self, *, log: bool = False) -> NDArray[Any]:
        """Return where the trials stand on the field's axis; NaN where it has no place for them."""
        if self.is_time:
            return layouts.local_dates(self.places)
        # What is not positive is out of a logarithmic axis; a text never is.
        return np.where(self.places > 0, self.places, np.nan) if log and not self.is_text else self.places

    def axis(self, *, log: bool = False) -> dict[str, Any]:
        """Return the field's axis: a date, logarithmic or plain one, or texts at whole numbers."""
        axis = layouts.axis()
        axis["title"]["text"] = layouts.label(self.field)
        if self.is_text:
            axis |= {"range": [-0.5, len(self.categories) - 0.5], **category_ticks(self.categories)}
        elif log and not self.is_time:
            axis["type"] = "log"
        return axis

    def marker(self) -> dict[str, Any]:
        """Return the part of a marker or line that tells the field by colour, with its key beside the figure."""
        bar: dict[str, Any] = {"title": {"text": layouts.label(self.field, 32), "side": "right"}, "thickness": 12}
        bar |= {"outlinewidth": 0}
        if not self.is_text:
            return {"color": self.places, "colorscale": SCALE, "colorbar": bar, "showscale": True}
        amount = len(self.categories)
        steps = [(edge / amount, SERIES_COLOURS[place % len(SERIES_COLOURS)])
                 for place in range(amount) for edge in (place, place + 1)]  # fmt: skip
        bar |= category_ticks(self.categories)
        ends = {"cmin": -0.5, "cmax": amount - 0.5}
        return {"color": self.places, "colorscale": steps, "colorbar": bar, "showscale": True, **ends}


def column(table: FieldTable, field: str) -> Column:
    """Return a column of a table; ValueError if it has no such field."""
    if field not in table.fields:
        raise ValueError(f"the table has no field {field!r}; it has {', '.join(table.fields)}")
    place = table.fields.index(field)
    values = as_numbers([row.values[place] for row in table.rows])
    present = [value for value in values if value is not None]
    if all(map(_is_number, present)):
        numbers = np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)
        return Column(field, values, np.where(np.isfinite(numbers), numbers, np.nan), ())
    numeric = {value for value in present if _is_number(value)}
    ordered = [*map(_text, sorted(numeric)), *sorted({_text(v) for v in present if v not in numeric})]
    categories = list(dict.fromkeys(ordered))
    known = {text: float(index) for index, text in enumerate(categories)}
    places = [math.nan if value is None else known[_text(value)] for value in values]
    return Column(field, values, np.array(places, dtype=np.float64), tuple(categories))


def category_ticks(categories: Sequence[str], most: int = _MOST_TICKS, limit: int = 24) -> dict[str, Any]:
    """Return ticks at whole numbers: evenly chosen texts if there are more than `most`, cut at `limit` characters."""
    stride = max(1, math.ceil(len(categories) / most))
    chosen = range(0, len(categories), stride)
    return {
        "tickmode": "array",
        "tickvals": list(chosen),
        "ticktext": [layouts.label(categories[place], limit) for place in chosen],
    }


def hover(rows: Sequence[FieldRow], columns: Sequence[Column], chosen: NDArray[np.bool_]) -> list[str]:
    """Return what hovering says of each chosen trial: its name and its value of each field."""
    said = {one.field: one for one in columns}.values()
    texts = []
    for place in map(int, np.flatnonzero(chosen)):
        lines = [f"<b>{layouts.label(rows[place].trial_name)}</b>"]
        lines += [f"{layouts.label(one.field)}: {layouts.label(shown(one, place), 60)}" for one in said]
        texts.append("<br>".join(lines))
    return texts


def shown(column: Column, place: int) -> str:
    """Return a trial's value as people read it."""
    value = column.values[place]
    if column.is_time and isinstance(value, int | float) and math.isfinite(value):
        return str(layouts.local_dates(np.array([float(value)]))[0].astype("datetime64[s]")).replace("T", " ")
    return words.parameter(value)


def left_out(total: int, drawn: int, why: str) -> str:
    """Return what a figure has to say about trials that it does not show, "" if it shows all."""
    return f"{total - drawn:,} of {words.count(total, 'trial')} {why}" if drawn < total else ""


def remark(text: str) -> dict[str, Any]:
    """Return what puts a remark above the axes; a page finds the text in `layout.meta.remark`."""
    if not text:
        return {}
    note = {"text": layouts.label(text, 200), "x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left"}
    return {
        "annotations": [{**note, "yanchor": "bottom", "showarrow": False, "font": {"size": 11}}],
        "margin": {"l": 56, "r": 16, "t": 28, "b": 44},
        "meta": {"remark": text},
    }


def _is_number(value: ParamValue) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: ParamValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else words.parameter(value)
