"""Brings rows and whole arrays of one watch into the store: rows at once, arrays through one thread that stays."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.copying import Copies, Shelf, blocks_at, blocks_of, size_of, sizes
from labdeck.errors import LabdeckError, StoreError
from labdeck.store.tensors.blocks import Block

if TYPE_CHECKING:
    from labdeck.store.tensors.frames import Moment
    from labdeck.store.tensors.layout import Layout
    from labdeck.store.tensors.notes import Note
    from labdeck.store.tensors.writer import TensorWriter

WAITING = 256 << 20
"""Bytes of arrays that may wait for the disk."""
PATIENCE = 1.0
"""Seconds that a step waits at most until there is room for its arrays."""
CLOSING = 30.0
"""Seconds that the end of a training waits for the disk."""
_SMALL = 512 << 10
"""Bytes of arrays that are written at once: to wake a thread, and wait while it runs Python, would cost more."""
_AT_ONCE, _HURRIED = 0.005, 20
"""Seconds that writing at once may take, and steps for which the thread does it where it took longer."""
_SETS = 4
"""Steps whose memory is kept to be used again."""

_log = logging.getLogger("labdeck.debugger")


class _Job(NamedTuple):
    moment: Moment
    copies: Copies
    size: int


class _Recording(NamedTuple):
    id: str
    steps: list[tuple[Moment, Mapping[str, Block]]]


class Keeper:
    """Writes what a watch records.

    Args:
        writer: Of the trial's tensors; used by nobody else.
        lost: Told how many rows or arrays could not be kept, and why; called in any thread.
    """

    def __init__(self, writer: TensorWriter, lost: Callable[[int, Exception | None], None]) -> None:
        self._writer = writer
        self._lost = lost
        self._change = threading.Condition()
        self._jobs: deque[_Job | _Recording] = deque()
        self._bytes = 0
        self._is_busy = False
        self._shelf = Shelf(_SETS)
        self._hurried = 0
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def row(self, layout: Layout, moment: Moment, values: NDArray[np.float64]) -> bool:
        """Write a row; safe against SIGKILL when it returns True."""
        try:
            self._writer.row(layout, moment, values)
        except StoreError as error:
            self._lost(1, error)
            return False
        return True

    def note(self, moment: Moment, note: Note) -> None:
        """Write down what is known of a moment beside its row."""
        try:
            self._writer.note(moment, note)
        except StoreError as error:
            self._lost(1, error)

    def arrays(self, moment: Moment, arrays: Mapping[str, Any]) -> None:
        """Write the whole arrays of a step if they are small; else copy them, and have them written soon.

        Waits a bounded time if the disk is slow.
        """
        if not arrays:
            return
        size = sizes(arrays.values())
        if size <= _SMALL and not (self._hurried or self._jobs or self._is_busy):
            self._write_now(moment, arrays)
            return
        self._hurried = max(self._hurried - 1, 0)
        if not self._has_room(size):
            self._lost(len(arrays), None)
            return
        try:
            copies = self._shelf.copy(arrays)
        except LabdeckError as error:
            self._lost(len(arrays), error)
            return
        self._put(_Job(moment, copies, size_of(copies)))

    def recording(self, recording_id: str, steps: list[tuple[Moment, Mapping[str, Block]]]) -> None:
        """Have what the flight recorder holds written soon; its memory must not be used again."""
        self._put(_Recording(recording_id, steps))

    def _write_now(self, moment: Moment, arrays: Mapping[str, Any]) -> None:
        begun = time.perf_counter()
        try:
            self._writer.arrays(moment, blocks_at(arrays))
        except LabdeckError as error:
            self._lost(len(arrays), error)
        if time.perf_counter() - begun > _AT_ONCE:
            self._hurried = _HURRIED

    def _has_room(self, size: int) -> bool:
        """Wait until so many bytes may wait for the disk, but not for long; arrays that are too large wait alone."""
        if not self._bytes or self._bytes + size <= WAITING:
            return True
        with self._change:
            return self._change.wait_for(lambda: not self._bytes or self._bytes + size <= WAITING, PATIENCE)

    def _put(self, job: _Job | _Recording) -> None:
        with self._change:
            if self._is_closing:
                return
            self._jobs.append(job)
            if isinstance(job, _Job):
                self._bytes += job.size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="labdeck-tensors", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._jobs:
                    if self._is_closing:
                        return
                    self._change.wait()
                job = self._jobs.popleft()
                self._is_busy = True
            self._write(job)
            with self._change:
                self._is_busy = False
                if isinstance(job, _Job):
                    self._bytes -= job.size
                    self._shelf.give_back(job.copies)
                self._change.notify_all()

    def _write(self, job: _Job | _Recording) -> None:
        try:
            if isinstance(job, _Job):
                self._writer.arrays(job.moment, blocks_of(job.copies))
            else:
                self._writer.recording(job.id, job.steps)
        except Exception as error:  # noqa: BLE001 - a thread of ours must not show a traceback to the user
            if not isinstance(error, StoreError):
                _log.warning("arrays of a step could not be written", exc_info=True)
            self._lost(len(job.copies) if isinstance(job, _Job) else 1, error)

    def flush(self, timeout: float = CLOSING) -> bool:
        """Wait until everything is written; False if that takes too long."""
        with self._change:
            return self._change.wait_for(lambda: not (self._jobs or self._is_busy), timeout)

    def close(self, timeout: float = CLOSING) -> None:
        """Write what waits, for a bounded time, and release the files; what is left is counted as lost."""
        done = self.flush(timeout)
        with self._change:
            left, self._is_closing = len(self._jobs), True
            self._jobs.clear()
            self._change.notify_all()
            thread = self._thread
        if not done:
            self._lost(max(left, 1), None)
        if thread is not None:
            thread.join(1.0)
        if thread is None or not thread.is_alive():
            self._writer.close()
