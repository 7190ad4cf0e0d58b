"""Logging: a look-up, a pack into a mapped page, done. Imports nothing that is slow to import."""

from __future__ import annotations

import logging
import mmap
import os
import struct
import threading
import time
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labdeck.errors import TrialClosed
from labdeck.store.columns.segment import BLOCK, HEADER_SIZE, RECORD_FORMAT, RECORD_SIZE, code_of, grow, pack_header
from labdeck.store.columns.segment_file import SegmentFile, add_seals
from labdeck.store.columns.values import bad_step, to_floats, to_step
from labdeck.store.contract import SeriesKey, SeriesWriter
from labdeck.store.names import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from labdeck.store.contract import Series

RETRY = 1.0
"""Seconds between two attempts to claim disk space after one has failed."""
_MOST_PLANS = 1000
"""Sets of metric names remembered at a time."""

_log = logging.getLogger("labdeck.store")
_pack_one = struct.Struct("<" + RECORD_FORMAT).pack_into
_Plan = tuple["Callable[..., None]", int, "list[Any]", "list[_Series]"]
_writers: weakref.WeakSet[SegmentWriter] = weakref.WeakSet()


class _Series:
    """One series of a writer: its number, and the step of its latest point."""

    __slots__ = ("code", "key", "number", "step")

    def __init__(self, number: int, key: SeriesKey, step: int) -> None:
        self.number = number
        self.key = key
        self.code = code_of(number)
        self.step = step


class SegmentWriter(SeriesWriter):
    """Appends points of one trial to a segment of its own; see `segment` for the layout.

    The segment is made with the first point. Any thread may log. A log call inside a log call, from a signal handler
    say, goes to another segment and counts steps for itself. So does a forked child, which counts on from where its
    parent was.

    Args:
        folder: The trial's folder, which exists.
        last_steps: Where series already are; others begin at 0.
    """

    def __init__(self, folder: Path, last_steps: Mapping[SeriesKey, int] | None = None) -> None:
        self._folder = folder
        self._last_steps = last_steps or {}
        self._lock = threading.RLock()
        self._series: dict[tuple[str, str], _Series] = {}
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._dropped = 0
        self._warned = False
        self._closed = False
        self._inside = False
        self._aside: SegmentWriter | None = None
        self._detach()
        _writers.add(self)

    def _detach(self) -> None:
        """Have no segment: at the beginning, at the end, and in a forked child."""
        self._file: SegmentFile | None = None
        self._map: mmap.mmap | None = None
        self._base = 0
        self._at = 0
        self._mapped = 0
        self._room = 0
        self._retry_at = 0.0

    def log(self, metrics: Mapping[str, float], step: int | None, component: str = "") -> None:
        """Append one point per metric, all with the same step and time; safe against SIGKILL when it returns.

        Args:
            metrics: Names to values: anything with a float value, numpy and torch scalars included.
            step: int64; None counts up from 0, or from one past the last step, per series.
            component: The component that logs, "" for the trial itself.

        Raises:
            InvalidMetric: A value that is no real number or a step that is no int64; nothing was appended.
            InvalidName: A name that cannot be stored; nothing was appended.
            TrialClosed: The writer is closed.
        """
        with self._lock:
            if self._inside:
                self._log_aside(metrics, step, component)
                return
            self._inside = True
            try:
                if len(metrics) == 1 and type(step) is int:
                    # `_log_any` would do the same in twice the time.
                    [(name, value)] = metrics.items()
                    one = self._series.get((component, name))
                    if one is not None and type(value) is float and self._at < self._room:
                        self._pack(_pack_one, RECORD_SIZE, (value, time.time(), step, one.code))
                        one.step = step
                        return
                self._log_any(metrics, step, component)
            finally:
                self._inside = False

    def extend(self, key: SeriesKey, series: Series) -> None:
        """Append points that were logged elsewhere, with the steps and times they had.

        Args:
            key: The series they belong to.
            series: The points, in their order.

        Raises:
            InvalidName: A name that cannot be stored; nothing was appended.
            TrialClosed: The writer is closed.
        """
        with self._lock:
            self._plan(key.component, {key.name: 0.0})
            one = self._series[key.component, key.name]
            rows = zip(series.values.tolist(), series.times.tolist(), series.steps.tolist())  # noqa: B905 - equally long
            for value, logged, step in rows:
                if self._at + RECORD_SIZE > self._room and not self._make_room(RECORD_SIZE):
                    self._dropped += 1
                    continue
                self._pack(_pack_one, RECORD_SIZE, (value, logged, step, one.code))
                one.step = step

    def _log_any(self, metrics: Mapping[str, float], step: int | None, component: str) -> None:
        values = list(metrics.values())
        for value in values:
            if type(value) is not float:
                values = to_floats(metrics)
                break
        if step is not None and type(step) is not int:
            step = to_step(step)
        plan = self._plans.get((component, *metrics))
        if plan is None:
            plan = self._plan(component, metrics)
        pack, size, codes, series = plan
        if self._at + size > self._room and not self._make_room(size):
            self._dropped += len(values)
            return
        steps = [one.step + 1 for one in series] if step is None else [step] * len(values)
        fields = codes.copy()
        fields[::4] = values
        fields[1::4] = [time.time()] * len(values)
        fields[2::4] = steps
        self._pack(pack, size, fields)
        for one, taken in zip(series, steps):  # noqa: B905 - equally long, and `strict` costs
            one.step = taken

    def _log_aside(self, metrics: Mapping[str, float], step: int | None, component: str) -> None:
        """Log from within a log call (a signal handler, a finalizer): what is half done here stays untouched."""
        if self._closed:
            raise _closed_error()
        if self._aside is None:
            self._aside = SegmentWriter(self._folder)
        self._aside.log(metrics, step, component)

    def _pack(self, pack: Callable[..., None], size: int, fields: Sequence[Any]) -> None:
        """Fill the next slots, all or none."""
        pages, at = self._map, self._at
        try:
            self._at = at + size  # first, so that a `close` by a signal handler keeps what is packed below
            pack(pages, at, *fields)
        except BaseException as error:
            if pages is not None and not pages.closed:
                pages[at : at + size] = bytes(size)
                self._at = at
            if isinstance(error, struct.error):
                raise bad_step(max(fields[2::4], key=abs)) from None
            if self._closed:
                raise _closed_error() from None
            raise

    def _plan(self, component: str, metrics: Mapping[str, float]) -> _Plan:
        """Prepare for a set of names: what stays the same from call to call."""
        new = [name for name in metrics if (component, name) not in self._series]
        for name in new:
            check_name(name, "metric")
        if new and component != "":
            check_name(component, "component")
        for name in new:
            key = SeriesKey(component, name)
            self._series[component, name] = _Series(len(self._series), key, self._last_steps.get(key, -1))
            self._room = 0  # a name goes to the disk before its points do
        series = [self._series[component, name] for name in metrics]
        codes: list[Any] = [0] * (4 * len(series))
        codes[3::4] = [one.code for one in series]
        pack = struct.Struct("<" + RECORD_FORMAT * len(series)).pack_into
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        names = (component, *metrics)
        plan = self._plans[names] = (pack, RECORD_SIZE * len(series), codes, series)
        return plan

    def _make_room(self, size: int) -> bool:
        """Make sure that names are on the disk and `size` bytes can be packed; False if the disk does not let us."""
        if self._closed:
            raise _closed_error()
        now = time.monotonic()
        if now < self._retry_at:
            return False
        try:
            if self._file is None:
                self._file = SegmentFile(self._folder)
            if self._file.named < len(self._series):
                self._file.name([one.key for one in self._series.values()])
            if self._at + size > self._mapped:
                self._grow(self._file, size)
        except OSError as error:
            self._retry_at = now + RETRY
            self._warn(error)
            return False
        if self._closed:
            raise _closed_error()
        self._room = self._mapped
        return True

    def _grow(self, file: SegmentFile, size: int) -> None:
        """Claim and map further pages, beginning with the one the next record starts in; OSError."""
        start = self._base + self._at if self._map is not None else HEADER_SIZE
        if start + size > file.size:
            file.size = grow(file.segment, file.size, start + size - file.size)
        base = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
        pages = mmap.mmap(file.segment, file.size - base, offset=base)
        if self._map is None:
            pages[:HEADER_SIZE] = pack_header(file.header)
        self._map, self._base, self._at, self._mapped = pages, base, start - base, file.size - base

    def _warn(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        text = f"points cannot be kept: {error.strerror}; training goes on, points are dropped and counted"
        _log.info("%s", text)
        with suppress(UserWarning):  # turned into an error it would stop the training
            warnings.warn(f"Labdeck: {text}", UserWarning, stacklevel=5)

    @property
    def dropped(self) -> int:
        """Points that could not be kept because the disk is full."""
        return self._dropped + (self._aside.dropped if self._aside else 0)

    def seal(self) -> None:
        """Record the checksums of the blocks that have become full; for a background thread, now and then."""
        with self._lock:
            file, end = self._file, self._base + self._at
            if self._closed or file is None or end - file.sealed < BLOCK:
                return
            segment, seals, start = os.dup(file.segment), os.dup(file.seals), file.sealed
            file.sealed = end - (end - start) % BLOCK
        try:
            add_seals(segment, seals, start, end - (end - start) % BLOCK)
        finally:
            os.close(segment)
            os.close(seals)

    def close(self) -> None:
        """Seal, trim and release the segment; further logging raises TrialClosed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._aside is not None:
                self._aside.close()
            file, pages, end = self._file, self._map, self._base + self._at
            self._detach()
            if pages is not None:
                pages.close()
            if file is not None:
                if end > HEADER_SIZE:
                    file.finish(end)
                else:
                    file.remove()
            with suppress(OSError):  # it holds other segments, as a rule
                self._folder.rmdir()

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def _after_fork(self) -> None:
        """In the child: let go of the parent's segment, without touching it."""
        self._lock = threading.RLock()
        if self._file is not None:
            self._file.close()
        self._detach()
        self._dropped = 0
        self._inside = False
        self._aside = None


def _closed_error() -> TrialClosed:
    return TrialClosed("the trial has ended", "start a new one with experiment.trial(...)")


def _after_fork() -> None:
    for writer in list(_writers):
        writer._after_fork()  # noqa: SLF001 - the hook of the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
