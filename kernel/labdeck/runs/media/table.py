"""Tables, as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labdeck.errors import UsageError
from labdeck.runs.media.content import Content

MAX_CELLS = 50_000_000
MAX_COLUMNS = 10_000
ROW_GROUP = 20_000
"""Rows that are packed together: a preview of the last rows reads no others."""
MEDIA_TYPE = "application/vnd.apache.parquet"


def to_table(table: Any) -> Content:
    """Return a table to be kept.

    Args:
        table: A data frame of pandas or polars, a table of pyarrow, a mapping of names to columns, a list of mappings,
            or a two-dimensional array, whose columns are called "0", "1" … Columns of mixed types become text.

    Raises:
        UsageError: It is none of these, ragged, or too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = _to_arrow(table)
    _check_shape(made.num_rows, made.num_columns)
    names = made.column_names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"the table has two columns {twice!r}", "rename one")
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(made, sink, compression="zstd", row_group_size=ROW_GROUP)
    except (pa.ArrowException, TypeError) as error:
        raise UsageError(f"the table cannot be written: {_first_line(error)}", "turn its columns into text") from None
    return Content("table", MEDIA_TYPE, sink.getvalue().to_pybytes())


def _to_arrow(table: Any) -> Any:
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return table
    if hasattr(table, "to_arrow"):  # polars
        return table.to_arrow()
    if hasattr(table, "to_frame") and not hasattr(table, "columns"):  # a series of pandas
        table = table.to_frame()
    if hasattr(table, "columns") and hasattr(table, "iloc"):
        return _from_pandas(table)
    if isinstance(table, Mapping):
        return _from_columns(table)
    if isinstance(table, Sequence) and not isinstance(table, str | bytes):
        return _from_rows(table)
    return _from_array(table)


def _from_pandas(frame: Any) -> Any:
    import pyarrow as pa

    _check_shape(*frame.shape)
    renamed = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    try:
        return pa.Table.from_pandas(renamed)
    except (pa.ArrowException, ValueError, TypeError):
        if not renamed.columns.is_unique:
            raise UsageError("the table has two columns of one name", "rename one") from None
    plain = renamed if renamed.index.name is None else renamed.reset_index()
    return _from_columns({str(name): plain[name] for name in plain.columns})


def _from_columns(columns: Mapping[Any, Any]) -> Any:
    import pyarrow as pa

    found = {str(name): _column(values, str(name)) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} has {length}" for name, length in list(lengths.items())[:4])
        raise UsageError(f"the table's columns differ in length: {listed}", "give as many values in each")
    return pa.table(found)


def _from_rows(rows: Sequence[Any]) -> Any:
    if not all(isinstance(row, Mapping) for row in rows):
        raise UsageError(
            "the rows of the table have no names for their values", 'give mappings, [{"x": 1, "y": 2}, …], or an array'
        )
    names = dict.fromkeys(str(name) for row in rows for name in row)
    if len(names) * len(rows) > MAX_CELLS:
        _check_shape(len(rows), len(names))
    texts = [{str(name): value for name, value in row.items()} for row in rows]
    return _from_columns({name: [row.get(name) for row in texts] for name in names})


def _from_array(table: Any) -> Any:
    import numpy as np

    if hasattr(table, "detach"):
        table = table.detach().cpu()
    if not hasattr(table, "__array__"):
        remedy = "give a data frame, a mapping of columns, a list of mappings or a two-dimensional array"
        raise UsageError(f"the table is given as {type(table).__name__}", remedy)
    array = np.asarray(table)
    if array.dtype.names:
        return _from_columns({name: array[name] for name in array.dtype.names})
    if array.ndim != 2:  # noqa: PLR2004
        raise UsageError(f"no table has the shape {'×'.join(map(str, array.shape))}", "give rows and columns")
    _check_shape(*array.shape)
    return _from_columns({str(at): array[:, at] for at in range(array.shape[1])})


def _column(values: Any, name: str) -> Any:
    """Return a column; one that Parquet has no type for as text."""
    import numpy as np
    import pyarrow as pa

    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise UsageError(f"the column {name!r} is given as {type(values).__name__}", "give a list of values")
    if isinstance(values, np.ndarray) and values.ndim > 1:
        values = list(values)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([None if value is None or value != value else str(value) for value in values])  # noqa: PLR0124


def _check_shape(rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise UsageError(
            f"the table has {rows:,} rows and {columns:,} columns,"
            f" the limit is {MAX_COLUMNS:,} columns and {MAX_CELLS:,} values",
            "keep fewer rows, or write it to a file and use log_artifact",
        )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
