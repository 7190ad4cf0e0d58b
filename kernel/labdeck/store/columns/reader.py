"""Reading segments. They are read, not mapped: a closing writer trims its file, which would kill a mapped reader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.store.columns.segment import (
    HEADER_SIZE,
    NAMES,
    RECORD_SIZE,
    SEGMENT,
    Header,
    code_of,
    parse_names,
    unpack_header,
)
from labdeck.store.contract import Series, SeriesKey

RECORD = np.dtype([("value", "<f8"), ("time", "<f8"), ("step", "<i8"), ("code", "<u8")])
Records = NDArray[Any]
"""A structured array of dtype RECORD, shape (n,)."""
_NOTHING = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))
_CHUNK = 1 << 16
_MARK = np.uint64(code_of(0) >> 32)


@dataclass(frozen=True)
class Segment:
    """What a segment held when it was read: everything that is valid, in the order in which it was logged."""

    header: Header
    names: dict[int, SeriesKey]
    records: Records


def read_segment(path: Path) -> Segment | None:
    """Return what a segment holds, None if it has no valid header (yet).

    Raises:
        FileNotFoundError: It is gone.
    """
    with path.open("rb", buffering=0) as file:
        header = unpack_header(os.pread(file.fileno(), HEADER_SIZE, 0))
        if header is None:
            return None
        return Segment(header, read_names(path), np.fromfile(file, RECORD, offset=HEADER_SIZE))


def read_head(path: Path) -> Segment | None:
    """Return a segment without its records, None if it has no valid header (yet); FileNotFoundError."""
    with path.open("rb", buffering=0) as file:
        header = unpack_header(file.read(HEADER_SIZE))
        return None if header is None else Segment(header, read_names(path), np.empty(0, RECORD))


def read_names(path: Path) -> dict[int, SeriesKey]:
    """Return the series of a segment by their numbers; none if the file with the names is lost.

    Raises:
        FileNotFoundError: The segment is gone, too.
    """
    try:
        raw = path.with_suffix(NAMES).read_bytes()
    except FileNotFoundError:
        path.stat()
        return {}
    return parse_names(raw)[0]


def of_series(segment: Segment, key: SeriesKey) -> Records:
    """Return the records of one series."""
    for number, name in segment.names.items():
        if name == key:
            found: Records = segment.records[segment.records["code"] == np.uint64(code_of(number))]
            return found
    return segment.records[:0]


def by_series(names: dict[int, SeriesKey], records: Records) -> dict[SeriesKey, Records]:
    """Return the records of each series, damaged ones and those of unknown series left out."""
    codes = records["code"]
    records = records[is_valid(codes)]
    numbers = records["code"].astype(np.uint32)
    few = not len(numbers) or numbers.max() < 1 << 16  # numbers of 16 bits are sorted in linear time
    order = np.argsort(numbers.astype(np.uint16) if few else numbers, kind="stable")
    ordered = numbers[order]
    known = np.fromiter(names, np.uint32, len(names))
    first, last = np.searchsorted(ordered, known, "left"), np.searchsorted(ordered, known, "right")
    return {key: records[order[a:b]] for key, a, b in zip(names.values(), first, last, strict=True)}


def is_valid(codes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which codes are those of a point; shape as given."""
    numbers = codes & np.uint64(0xFFFF_FFFF)
    marks = (numbers + np.uint64(1)) * _MARK & np.uint64(0xFFFF_FFFF)
    valid: NDArray[np.bool_] = (codes >> np.uint64(32)) == marks
    return valid


def to_series(records: Records) -> Series:
    """Return records as three arrays of their own."""
    return Series(
        steps=np.ascontiguousarray(records["step"], dtype=np.int64),
        times=np.ascontiguousarray(records["time"], dtype=np.float64),
        values=np.ascontiguousarray(records["value"], dtype=np.float64),
    )


def join(parts: list[Series]) -> Series:
    """Return series one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Series(
        steps=np.concatenate([_NOTHING.steps, *(part.steps for part in parts)]),
        times=np.concatenate([_NOTHING.times, *(part.times for part in parts)]),
        values=np.concatenate([_NOTHING.values, *(part.values for part in parts)]),
    )


class Tail:
    """Reads a growing segment from where it stopped.

    Args:
        path: The segment.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = HEADER_SIZE
        self._names: dict[int, SeriesKey] = {}
        self._names_size = -1

    def read(self) -> dict[SeriesKey, Records]:
        """Return the records that came since the last call, by series; nothing if the segment is gone."""
        try:
            with self._path.open("rb", buffering=0) as file:
                if unpack_header(os.pread(file.fileno(), HEADER_SIZE, 0)) is None:
                    return {}
                records = self._read_chunks(file.fileno())
            if not len(records):
                return {}
            return by_series(self._current_names(), records)
        except FileNotFoundError:
            return {}

    def _read_chunks(self, fd: int) -> Records:
        found = []
        size = _CHUNK
        while True:
            raw = os.pread(fd, size, self._at)
            records = np.frombuffer(raw, RECORD, len(raw) // RECORD_SIZE)
            valid = np.flatnonzero(is_valid(records["code"]))
            if not len(valid):
                break
            records = records[: valid[-1] + 1]
            found.append(records)
            self._at += records.nbytes
            if records.nbytes < size:
                break
            size = min(2 * size, 64 * _CHUNK)
        return np.concatenate(found) if found else np.empty(0, RECORD)

    def _current_names(self) -> dict[int, SeriesKey]:
        size = self._path.with_suffix(NAMES).stat().st_size
        if size != self._names_size:
            self._names = read_names(self._path)
            self._names_size = size
        return self._names


def segments_in(folder: Path) -> list[Path]:
    """Return the segments of a trial's folder by name; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.name.endswith(SEGMENT))
    except (FileNotFoundError, NotADirectoryError):
        return []
