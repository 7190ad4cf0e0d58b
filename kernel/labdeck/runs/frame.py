"""Trials as a table of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdeck.wire.numbers import NOT_FINITE

if TYPE_CHECKING:
    from labdeck.store.fact_table import FactTable
    from labdeck.wire.records import ParamValue


def to_frame(table: FactTable) -> pd.DataFrame:
    """Return one row per trial in the order given; see `Experiment.frame` for the columns.

    Trials of several experiments get a column `experiment`, too. Every column has values of one kind, so that a frame
    can be written to Parquet as it is.
    """
    started = np.array(table.started, dtype=np.float64)
    ended = np.array(table.ended, dtype=np.float64)
    columns: dict[str, Any] = {"experiment": table.experiments} if len(set(table.experiments)) > 1 else {}
    columns |= {
        "state": table.states,
        "started": pd.to_datetime(started, unit="s", utc=True),
        "ended": pd.to_datetime(ended, unit="s", utc=True),
        "seconds": ended - started,
    }
    for key, values in table.params.items():
        columns[_name("params", *key)] = _of_one_kind(values)
    for key, numbers in table.metrics.items():
        columns[_name("metrics", *key)] = numbers
    frame: pd.DataFrame = pd.DataFrame(columns)
    frame.index = pd.Index(table.names, name="trial")
    return frame


def _of_one_kind(values: Any) -> Any:
    """Return a parameter's column: booleans, int64, float64 or text, whichever holds all its values.

    Missing values make Boolean and Int64 of the first two. Numbers and text in one column become text, as searches
    compare it; NaN and the infinities, which are stored as text, are numbers.
    """
    kinds = set(map(type, values))
    is_full = type(None) not in kinds
    kinds.discard(type(None))
    if kinds == {bool}:
        return np.array(values) if is_full else pd.array(values, dtype="boolean")
    if kinds == {int}:
        return np.array(values, dtype=np.int64) if is_full else pd.array(values, dtype="Int64")
    if kinds <= {int, float} and kinds:
        return np.array(values, dtype=np.float64)
    if kinds <= {int, float, str} and kinds != {str} and NOT_FINITE.issuperset(v for v in values if type(v) is str):
        return np.array(values, dtype=np.float64)
    if kinds <= {str}:
        return pd.Series(values, dtype="str").array if kinds else pd.Series(values, dtype=object).array
    return pd.Series([_in_words(value) for value in values]).array


def _in_words(value: ParamValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _name(kind: str, component: str, name: str) -> str:
    return f"{kind}.{component}/{name}" if component else f"{kind}.{name}"
