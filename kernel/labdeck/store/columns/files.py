"""Metric points in a folder per trial."""

from __future__ import annotations

import logging
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import NotFound, StoreUnreachable
from labdeck.store.columns.packed import packed_in
from labdeck.store.columns.segment import SEGMENT
from labdeck.store.columns.writer import SegmentWriter
from labdeck.store.contract import Columns, Series, SeriesKey
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id
from labdeck.store.locks import is_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from labdeck.store.columns.follow import SegmentFollower
    from labdeck.store.columns.parquet import Packed
    from labdeck.store.columns.reader import Segment
    from labdeck.store.contract import Defect

_log = logging.getLogger("labdeck.store")
_ATTEMPTS = 20


class FileColumns(Columns):
    """Metric points in files: segments while a trial runs, one Parquet file when it has ended.

    The points of a series are those of the first writer, in the order in which it logged them, then those of the
    second, and so on; writers are ordered by when they began. Nothing here imports numpy or pyarrow before something
    is read.

    Args:
        folder: Holds one folder per trial, named by the trial's id; made with the first writer.

    Example:
        >>> import tempfile
        >>> from labdeck.store.ids import new_id
        >>> columns, trial_id = FileColumns(Path(tempfile.mkdtemp())), new_id()
        >>> writer = columns.writer(trial_id)
        >>> writer.log({"loss": 0.5}, step=0)
        >>> columns.series(trial_id, SeriesKey("", "loss")).values.tolist()
        [0.5]
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: weakref.WeakSet[SegmentWriter] = weakref.WeakSet()

    def writer(self, trial_id: str, last_steps: Mapping[SeriesKey, int] | None = None) -> SegmentWriter:
        """Return a new writer for a trial, which counts on after `last_steps`; makes its folder.

        Raises:
            StoreFull: The disk is full.
            StoreUnreachable: The folder cannot be made.
            NotFound: The id is none.
        """
        if not is_id(trial_id):
            raise NotFound(f"{trial_id!r} is no trial's id")
        folder = self._folder / trial_id
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, "the trial's folder cannot be made") from None
        writer = SegmentWriter(folder, last_steps)
        self._writers.add(writer)
        return writer

    def follow(self, trial_id: str) -> SegmentFollower:
        """Return a follower of a running trial: it tells what points came since it was last asked, of all writers."""
        from labdeck.store.columns.follow import SegmentFollower

        return SegmentFollower(self._folder / trial_id, self._seal)

    def _seal(self) -> None:
        for writer in list(self._writers):
            with suppress(OSError):
                writer.seal()

    def keys(self, trial_id: str) -> tuple[SeriesKey, ...]:
        """Return the series of a trial in order of first appearance; empty for an unknown trial."""
        from labdeck.store.columns.reader import read_head

        packed, segments = self._read(trial_id, read_head)
        found = dict.fromkeys(packed.spans if packed else ())
        for segment in segments:
            found.update(dict.fromkeys(segment.names.values()))
        return tuple(found)

    def series(self, trial_id: str, key: SeriesKey) -> Series:
        """Return one series; empty if there is none. Sees points logged a moment ago by any process."""
        from labdeck.store.columns.reader import join, one_series, read_segment

        packed, segments = self._read(trial_id, read_segment)
        parts = [packed.read(key)] if packed else []
        return join(parts + [one_series(segment, key) for segment in segments])

    def all_series(self, trial_id: str) -> dict[SeriesKey, Series]:
        """Return every series of a trial, in one pass; a series whose first point was never written is empty."""
        from labdeck.store.columns.reader import by_series, join, read_segment

        packed, segments = self._read(trial_id, read_segment)
        parts = {key: [series] for key, series in packed.read_all().items()} if packed else {}
        for segment in segments:
            for key, series in by_series(segment.names, segment.records).items():
                parts.setdefault(key, []).append(series)
        return {key: join(some) for key, some in parts.items()}

    def _read(self, trial_id: str, read: Callable[[Path], Segment | None]) -> tuple[Packed | None, list[Segment]]:
        """Return what a trial's folder holds at one moment, its segments in order."""
        if not is_id(trial_id):
            return None, []
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):  # packed while it was read: the points are in the Parquet file now
                return self._read_once(self._folder / trial_id, read)
        raise StoreUnreachable("the points of a trial change faster than they can be read", "try again")

    @staticmethod
    def _read_once(folder: Path, read: Callable[[Path], Segment | None]) -> tuple[Packed | None, list[Segment]]:
        from labdeck.store.columns.reader import segments_in

        paths = segments_in(folder)  # before the Parquet file: what vanishes in between is in there
        packed = packed_in(folder)
        done = packed.segments if packed else frozenset()
        segments = [segment for path in paths if path.stem not in done and (segment := read(path)) is not None]
        return packed, sorted(segments, key=lambda segment: (segment.header.ordinal, segment.header.writer))

    def compact(self, trial_id: str) -> bool:
        """Turn the segments of a finished trial into one Parquet file.

        False if there was nothing to do: no segments, a segment that is still being written, or a damaged one, which
        is left as it is for `check` to report. Readers never miss or see a point twice, and a crash in between loses
        nothing.

        Raises:
            StoreFull: The disk is full; nothing has changed.
            StoreUnreachable: The files cannot be read or written; nothing has changed.
        """
        folder = self._folder / trial_id
        if not is_id(trial_id) or not any(folder.glob("*" + SEGMENT)):
            return False
        from labdeck.store.columns.pack import pack

        try:
            return pack(folder, lambda: self.all_series(trial_id))
        except OSError as error:
            raise disk_error(error, "the points of a trial cannot be packed") from None

    def is_written(self, trial_id: str) -> bool:
        """Say whether a living process writes points of a trial; it holds its segment, however it was started."""
        return any(is_held(path) for path in (self._folder / trial_id).glob("*" + SEGMENT))

    def age(self, trial_id: str) -> float:
        """Return how many seconds ago a trial's points were last written, 0 for an unknown trial or a time to come."""
        latest = 0.0
        try:
            with os.scandir(self._folder / trial_id) as entries:
                latest = max((entry.stat().st_mtime for entry in entries), default=0.0)
        except OSError:
            return 0.0
        return max(time.time() - latest, 0.0)

    def remove(self, trial_ids: Iterable[str]) -> None:
        """Remove all points of these trials; StoreUnreachable."""
        import shutil  # as slow to import as everything that a first log call needs

        for trial_id in filter(is_id, trial_ids):
            try:
                shutil.rmtree(self._folder / trial_id)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise disk_error(error, "the points of a trial cannot be removed") from None

    def trial_ids(self) -> frozenset[str]:
        """Return the ids of trials that have points here."""
        try:
            with os.scandir(self._folder) as entries:
                return frozenset(entry.name for entry in entries if is_id(entry.name) and any(Path(entry).iterdir()))
        except FileNotFoundError:
            return frozenset()

    def check(self, trial_id: str) -> tuple[Defect, ...]:
        """Verify every checksum of a trial's files; paths are relative to the folder above the one with the trials."""
        from labdeck.store.columns.check import check_folder

        return check_folder(self._folder / trial_id, f"{self._folder.name}/{trial_id}") if is_id(trial_id) else ()
