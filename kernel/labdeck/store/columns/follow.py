"""Following a trial while it runs: what came since one last looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labdeck.store.columns.packed import packed_in
from labdeck.store.columns.reader import Tail, join, segments_in
from labdeck.store.contract import Follower, Series, SeriesKey


class SegmentFollower(Follower):
    """Returns the new points of a trial, whichever process logged them; made by `FileColumns.follow`.

    It begins with everything that the trial holds, what was packed before it was resumed included, and returns each
    point once. A trial is not packed while it runs, so nothing is missed. What cannot be read now is read later.

    Args:
        folder: The trial's folder.
        seal: Called before each reading.
    """

    def __init__(self, folder: Path, seal: Callable[[], None]) -> None:
        self._folder = folder
        self._seal = seal
        self._tails: dict[Path, Tail] = {}
        self._packed: frozenset[str] | None = None

    def read(self) -> dict[SeriesKey, Series]:
        """Return the points that came since the last call, by series; series without new points are left out."""
        self._seal()
        parts: dict[SeriesKey, list[Series]] = {}
        paths = segments_in(self._folder)  # before the Parquet file: what vanishes in between is in there
        if self._packed is None:
            packed = packed_in(self._folder)
            self._packed = packed.segments if packed else frozenset()
            parts = {key: [series] for key, series in packed.read_all().items() if len(series)} if packed else {}
        for path in paths:
            if path.stem in self._packed:
                continue
            tail = self._tails.setdefault(path, Tail(path))
            for key, series in tail.read().items():
                if len(series):
                    parts.setdefault(key, []).append(series)
        return {key: join(some) for key, some in parts.items()}

    def unsure(self) -> bool:
        """Return whether the trial may hold other points than were returned.

        To be asked after a reading, when nobody logs any more: True after damage, or if something cannot be read; then
        `Columns.all_series` knows.
        """
        return any(tail.unsure() for tail in self._tails.values())
