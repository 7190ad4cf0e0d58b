"""The points of a trial that has ended, in one Parquet file that any tool can read.

Columns: component and metric (text), step (int64), time (float64, seconds since 1970-01-01 UTC), value (float64). Rows
are sorted by series, in the order in which the series first appeared, and within a series in the order in which they
were logged. The key "labdeck" of the file's metadata holds a CRC-32 and JSON: the segments whose points are in the
file, and of each series component, name and number of points, so that one series is read from its row groups alone.
Pages carry checksums.
"""

from __future__ import annotations

import json
import logging
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from labdeck.store.columns.reader import NOTHING
from labdeck.store.contract import Series, SeriesKey

FILE = "metrics.parquet"
VERSION = 1
_KEY = b"labdeck"
_ROW_GROUP = 16_384
DAMAGE = (OSError, ValueError, pa.ArrowException)
"""What pyarrow raises for a file that is damaged or cannot be read."""
_log = logging.getLogger("labdeck.store")
_SCHEMA = pa.schema(
    [
        ("component", pa.dictionary(pa.int32(), pa.string())),
        ("metric", pa.dictionary(pa.int32(), pa.string())),
        ("step", pa.int64()),
        ("time", pa.float64()),
        ("value", pa.float64()),
    ]
)
_ENCODING = {"step": "DELTA_BINARY_PACKED", "time": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}


@dataclass(frozen=True)
class Packed:
    """An open Parquet file: which segments it replaces, and where its series are.

    Attributes:
        file: The file.
        segments: Ids of the writers whose segments it replaces.
        spans: First row and number of rows of each series.
    """

    file: pq.ParquetFile
    segments: frozenset[str]
    spans: dict[SeriesKey, tuple[int, int]]

    def read(self, key: SeriesKey) -> Series:
        """Return one series, empty if there is none or it is damaged, reading only the row groups it is in."""
        first, count = self.spans.get(key, (0, 0))
        groups = range(first // _ROW_GROUP, -(-(first + count) // _ROW_GROUP) if count else 0)
        try:
            return self._read(list(groups), first % _ROW_GROUP, count)
        except DAMAGE as error:
            _log.warning("points of %r cannot be read: %s; run `labdeck store check`", key.name[:80], error)
            return NOTHING

    def read_all(self) -> dict[SeriesKey, Series]:
        """Return every series, a damaged one empty."""
        try:
            all_rows = self._read(list(range(self.file.metadata.num_row_groups)), 0, self.file.metadata.num_rows)
        except DAMAGE:
            return {key: self.read(key) for key in self.spans}
        return {
            key: Series(
                all_rows.steps[first : first + count],
                all_rows.times[first : first + count],
                all_rows.values[first : first + count],
            )
            for key, (first, count) in self.spans.items()
        }

    def verify(self) -> None:
        """Read everything; raises one of DAMAGE if something is not as it was written."""
        rows = sum(count for _, count in self.spans.values())
        if self.file.metadata.num_rows != rows or len(self.file.read(use_threads=False)) != rows:
            raise ValueError("the index and the rows do not fit each other")

    def _read(self, groups: list[int], first: int, count: int) -> Series:
        if not count:
            return NOTHING
        table = self.file.read_row_groups(groups, columns=["step", "time", "value"], use_threads=False)
        part = table.slice(first, count)
        if len(part) < count:
            raise ValueError("rows are missing")
        return Series(*(np.array(part.column(name)) for name in ("step", "time", "value")))


def open_packed(folder: Path) -> Packed | None:
    """Open the Parquet file of a trial's folder; None if there is none.

    Raises:
        OSError, ValueError, pyarrow.ArrowException: It is damaged, or none of ours; see DAMAGE.
    """
    try:
        source = pa.OSFile(str(folder / FILE))
    except FileNotFoundError:
        return None
    file = pq.ParquetFile(source, page_checksum_verification=True)
    if not file.schema_arrow.equals(_SCHEMA):  # the footer has no checksum of its own
        raise ValueError("its columns are not those that were written")
    crc, _, body = (file.metadata.metadata or {}).get(_KEY, b"").partition(b" ")
    if crc != b"%08x" % zlib.crc32(body):
        raise ValueError("the index is damaged")
    index = json.loads(body)
    if index["version"] != VERSION:
        raise ValueError(f"its version is {index['version']}")
    spans = {}
    row = 0
    for component, name, count in index["series"]:
        spans[SeriesKey(component, name)] = (row, count)
        row += count
    return Packed(file, frozenset(index["segments"]), spans)


def write_packed(path: Path, series: dict[SeriesKey, Series], segments: frozenset[str]) -> None:
    """Write a Parquet file and have the disk confirm it.

    Args:
        path: The file, which must not be there yet.
        series: Everything the trial has.
        segments: Ids of the writers whose segments it replaces.

    Raises:
        OSError: The disk is full or broken; a part of the file may be there.
    """
    with open(path, "xb", opener=_private) as file:
        write_to(file, series, segments)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_to(file: IO[bytes], series: dict[SeriesKey, Series], segments: frozenset[str]) -> None:
    """Write the content of such a file; see `write_packed`."""
    index = {
        "version": VERSION,
        "segments": sorted(segments),
        "series": [[key.component, key.name, len(points)] for key, points in series.items()],
    }
    body = json.dumps(index).encode("ascii")
    schema = _SCHEMA.with_metadata({_KEY: b"%08x %s" % (zlib.crc32(body), body)})
    pq.write_table(
        _table(series).cast(schema),
        file,
        row_group_size=_ROW_GROUP,
        compression="lz4",
        use_dictionary=["component", "metric"],
        column_encoding=_ENCODING,
        write_page_checksum=True,
    )


def _table(series: dict[SeriesKey, Series]) -> pa.Table:
    keys, parts = list(series), list(series.values())
    counts = [len(part) for part in parts]
    return pa.table(
        {
            "component": _repeated([key.component for key in keys], counts),
            "metric": _repeated([key.name for key in keys], counts),
            "step": np.concatenate([np.empty(0, np.int64), *(part.steps for part in parts)]),
            "time": np.concatenate([np.empty(0), *(part.times for part in parts)]),
            "value": np.concatenate([np.empty(0), *(part.values for part in parts)]),
        }
    )


def _repeated(texts: list[str], counts: list[int]) -> pa.DictionaryArray:
    distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    numbers = np.repeat(np.array([distinct[text] for text in texts], np.int32), counts)
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(list(distinct), pa.string()))
