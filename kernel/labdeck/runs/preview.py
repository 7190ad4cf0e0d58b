"""The rows of a table that was kept, as text: read in part, shown as data, nothing in it is run."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError
from labdeck.runs.artifact import is_csv, is_parquet
from labdeck.wire.recording import TablePreview

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdeck.wire.records import ArtifactRecord

MAX_COLUMNS = 200
MAX_TEXT = 300
"""Characters of a value; the rest is cut and marked with "…"."""
_SAMPLE = 8192
_COUNTED = 16 << 20
"""Bytes of a CSV file up to which rows are counted as rows; of a larger one, lines."""
_PIECE = 1 << 20
_BATCH = 4096


def preview_table(record: ArtifactRecord, path: Path, offset: int, limit: int) -> TablePreview:
    """Return some rows of a table in a file of Parquet or CSV.

    Args:
        record: The artifact.
        path: Where its content is.
        offset: Rows before the first to return.
        limit: Most rows to return; of the columns the first 200.

    Raises:
        UsageError: It is no table, or cannot be read as one.
    """
    if is_csv(record):
        return _of_csv(record, path, offset, limit)
    if is_parquet(record):
        return _of_parquet(record, path, offset, limit)
    raise UsageError(f"{record.name[:80]!r} is no table", "tables are kept by log_table, or as CSV or Parquet files")


def _of_parquet(record: ArtifactRecord, path: Path, offset: int, limit: int) -> TablePreview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            fields = list(file.schema_arrow)
            shown = [field.name for field in fields[:MAX_COLUMNS]]
            rows = list(_rows(file, shown, offset, limit))
            return TablePreview(
                columns=tuple(map(_cut, shown)),
                types=tuple(_cut(str(field.type)) for field in fields[:MAX_COLUMNS]),
                total=file.metadata.num_rows,
                offset=offset,
                rows=tuple(tuple(map(_text, row)) for row in rows),
                left_out=len(fields) - len(shown),
            )
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise _unreadable(record, error) from None


def _rows(file: Any, columns: list[str], offset: int, limit: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows from `offset` on; groups of rows before it are passed over unread."""
    groups: list[int] = []
    for number in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(number).num_rows
        if groups or offset < size:
            groups.append(number)
        else:
            offset -= size
    if not groups or not columns or not limit:
        return
    for batch in file.iter_batches(min(max(offset + limit, 1), _BATCH), row_groups=groups, columns=columns):
        part = batch.slice(offset, limit)
        offset = max(offset - batch.num_rows, 0)
        limit -= part.num_rows
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)
        if limit <= 0:
            return


def _of_csv(record: ArtifactRecord, path: Path, offset: int, limit: int) -> TablePreview:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            dialect = _dialect(file.read(_SAMPLE))
            file.seek(0)
            reader = csv.reader(file, dialect)
            header = next(reader, [])
            passed = sum(1 for _ in islice(reader, offset))
            rows = list(islice(reader, limit))
            if record.size <= _COUNTED:
                total = passed + len(rows) + sum(1 for _ in reader)
            else:
                total = max(_lines(path) - 1, passed + len(rows))
    except (OSError, csv.Error, ValueError) as error:
        raise _unreadable(record, error) from None
    names = header[:MAX_COLUMNS]
    return TablePreview(
        columns=tuple(map(_cut, names)),
        types=("",) * len(names),
        total=total,
        offset=offset,
        rows=tuple(tuple(_cell(row, at) for at in range(len(names))) for row in rows),
        left_out=len(header) - len(names),
    )


def _dialect(sample: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        return csv.excel


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(_PIECE), b""))


def _cell(row: list[str], at: int) -> str | None:
    return _cut(row[at]) if at < len(row) else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return _cut(value if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _unreadable(record: ArtifactRecord, error: Exception) -> UsageError:
    said = str(error).partition("\n")[0][:200]
    return UsageError(f"{record.name[:80]!r} cannot be read as a table: {said}", "download it")
