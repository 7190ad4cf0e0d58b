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
NOTHING = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))
_CHUNK = 1 << 16
_MARK = np.uint32(code_of(0) >> 32)


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
        records = read_settled(file.fileno(), HEADER_SIZE)  # before the names: those of all its points are there
        return Segment(header, read_names(path), records)


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


def one_series(segment: Segment, key: SeriesKey) -> Series:
    """Return one series of a segment, empty if there is none."""
    for number, name in segment.names.items():
        if name == key:
            found = np.flatnonzero(segment.records["code"] == np.uint64(code_of(number)))
            return _take(segment.records, found)
    return NOTHING


def by_series(names: dict[int, SeriesKey], records: Records) -> dict[SeriesKey, Series]:
    """Return each series that has a name, damaged records and those of unknown series left out."""
    codes = np.ascontiguousarray(records["code"])
    numbers = _lower(codes)
    few = not len(numbers) or numbers.max() < 1 << 16  # numbers of 16 bits are sorted in linear time
    order = np.argsort(numbers.astype(np.uint16) if few else numbers, kind="stable")
    valid = is_valid(codes)
    if not valid.all():
        order = order[valid[order]]
    everything = _take(records, order)
    known = np.fromiter(names, np.uint32, len(names))
    first, last = (np.searchsorted(numbers[order], known, side).tolist() for side in ("left", "right"))
    return {
        key: Series(everything.steps[a:b], everything.times[a:b], everything.values[a:b])
        for key, a, b in zip(names.values(), first, last, strict=True)
    }


def is_valid(codes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which codes are those of a point; shape as given."""
    valid: NDArray[np.bool_] = (_lower(codes) + np.uint32(1)) * _MARK == (codes >> np.uint64(32)).astype(np.uint32)
    return valid


def _lower(codes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return codes.astype(np.uint32)


def _take(records: Records, chosen: NDArray[np.intp]) -> Series:
    return Series(*(np.ascontiguousarray(records[field][chosen]) for field in ("step", "time", "value")))


def join(parts: list[Series]) -> Series:
    """Return series one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Series(
        steps=np.concatenate([NOTHING.steps, *(part.steps for part in parts)]),
        times=np.concatenate([NOTHING.times, *(part.times for part in parts)]),
        values=np.concatenate([NOTHING.values, *(part.values for part in parts)]),
    )


class Tail:
    """Reads a growing segment from where it stopped: every point once.

    Args:
        path: The segment.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = HEADER_SIZE
        self._reach = HEADER_SIZE
        self._skipped = False
        self._names: dict[int, SeriesKey] = {}
        self._names_size = -1

    def read(self) -> dict[SeriesKey, Series]:
        """Return the points that came since the last call, by series; nothing if the segment cannot be read now.

        A slot that holds no point although a later one does is waited for until the next call; then it is damage, and
        is left behind.
        """
        try:
            if self._path.stat().st_size <= self._at:
                return {}
            with self._path.open("rb", buffering=0) as file:
                if self._at == HEADER_SIZE and unpack_header(os.pread(file.fileno(), HEADER_SIZE, 0)) is None:
                    return {}
                records, reach = self._read_chunks(file.fileno())
            names = self._current_names() if len(records) else {}
        except OSError:
            return {}
        self._skipped = self._skipped or not is_valid(records["code"]).all()
        self._at += records.nbytes
        self._reach = reach
        return by_series(names, records) if len(records) else {}

    def _read_chunks(self, fd: int) -> tuple[Records, int]:
        """Return what can be taken from where the last call stopped, and where the last point seen ends."""
        found: list[Records] = []
        at = reach = self._at
        size = _CHUNK
        while True:
            records = read_settled(fd, at, size)
            reach = max(reach, at + records.nbytes)
            some = _without_fresh_holes(records, (self._reach - at) // RECORD_SIZE)
            found.append(some)
            at += some.nbytes
            if some.nbytes < size:
                return np.concatenate(found), reach
            size = min(2 * size, 64 * _CHUNK)

    def _current_names(self) -> dict[int, SeriesKey]:
        size = self._path.with_suffix(NAMES).stat().st_size
        if size != self._names_size:
            self._names = read_names(self._path)
            self._names_size = size
        return self._names

    def unsure(self) -> bool:
        """Return whether the segment may hold other points than were returned; True if it cannot be read."""
        try:
            if self._skipped or self._path.stat().st_size <= self._at:
                return self._skipped
            return bool(is_valid(np.fromfile(self._path, RECORD, offset=self._at)["code"]).any())
        except OSError:
            return True


def read_settled(fd: int, start: int, size: int | None = None) -> Records:
    """Return the records of a segment from `start` on, up to the last that is a point.

    Bytes are copied while the writer goes on: a copy may hold a point and lack one before it, or hold the end of a
    record and lack its beginning. Records are written one after the other, so once the last point of a first copy was
    there, everything before it was: a second copy is whole.

    Args:
        fd: The segment.
        start: Where to begin, in bytes.
        size: Most bytes to return; None for all.
    """
    end = os.fstat(fd).st_size
    size = max(end - start if size is None else min(size, end - start), 0) // RECORD_SIZE * RECORD_SIZE
    if size and is_valid(_read_records(fd, start + size - RECORD_SIZE, RECORD_SIZE)["code"]).all():
        return _read_records(fd, start, size)
    valid = np.flatnonzero(is_valid(_read_records(fd, start, size)["code"]))
    return _read_records(fd, start, (int(valid[-1]) + 1) * RECORD_SIZE if len(valid) else 0)


def _read_records(fd: int, start: int, size: int) -> Records:
    parts = []
    while size > 0 and (raw := os.pread(fd, size, start)):  # the system may return less than it was asked for
        parts.append(raw)
        start += len(raw)
        size -= len(raw)
    raw = parts[0] if len(parts) == 1 else b"".join(parts)
    return np.frombuffer(raw, RECORD, len(raw) // RECORD_SIZE)


def _without_fresh_holes(records: Records, settled: int) -> Records:
    """Cut records off before the first that is no point, the first `settled` of them aside."""
    settled = min(max(settled, 0), len(records))
    holes = np.flatnonzero(~is_valid(records["code"][settled:]))
    return records[: settled + int(holes[0])] if len(holes) else records


def segments_in(folder: Path) -> list[Path]:
    """Return the segments of a trial's folder by name; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.name.endswith(SEGMENT))
    except (FileNotFoundError, NotADirectoryError):
        return []
