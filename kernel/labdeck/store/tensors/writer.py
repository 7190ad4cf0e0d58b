"""Appends the tensors of one trial from one process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from labdeck.errors import TrialClosed
from labdeck.store.disk import disk_error
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import Block, pack_blocks
from labdeck.store.tensors.frames import ARRAYS, LAYOUT, NO_MOMENT, NOTE, ROW, Moment, pack
from labdeck.store.tensors.layout import Layout
from labdeck.store.tensors.notes import Note

ROWS, ARRAY_FILE, FLIGHT = ".rows", ".arrays", ".flight"


class _Appender:
    """A file that only grows, whole frames at a time; made when it is first written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._end = 0

    def append(self, *parts: Any) -> None:
        """Write one frame; what a full disk cut off is taken back."""
        try:
            if self._file < 0:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
                self._end = os.fstat(self._file).st_size
            self._end += self._write(parts)
        except OSError as error:
            self._take_back()
            raise disk_error(error, "the tensors cannot be kept") from None

    def _write(self, parts: tuple[Any, ...]) -> int:
        if len(parts) == 1:
            left = memoryview(parts[0])
            size = len(left)
            written = os.write(self._file, left)
            while written < size:
                written += os.write(self._file, left[written:])
            return size
        waiting = [memoryview(part).cast("B") for part in parts if len(part)]
        total = 0
        while waiting:
            written = os.writev(self._file, waiting[:1000])
            total += written
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.pop(0))
            if written:
                waiting[0] = waiting[0][written:]
        return total

    def _take_back(self) -> None:
        if self._file >= 0:
            with suppress(OSError):  # a reader stops at the torn frame
                os.ftruncate(self._file, self._end)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class TensorWriter:
    """Appends rows and arrays of one trial; made by `TensorFiles.writer`. Safe against SIGKILL once a call returns.

    One thread at a time may use it. A forked child must make its own.

    Args:
        folder: The trial's.

    Raises:
        StoreFull, StoreUnreachable: From every call that writes; what was written before stays readable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = new_id()
        self._rows = _Appender(folder / (self._name + ROWS))
        self._arrays = _Appender(folder / (self._name + ARRAY_FILE))
        self._layouts: dict[int, int] = {}
        self._kept: list[Layout] = []  # an id names an object only while it lives
        self._closed = False

    def row(self, layout: Layout, moment: Moment, values: NDArray[np.float64]) -> None:
        """Append one row.

        Args:
            layout: What its numbers mean; the same object as for earlier rows of the same meaning.
            moment: When.
            values: float64, shape (layout.width,).
        """
        self._require_open()
        number = self._layouts.get(id(layout))
        if number is None:
            number = self._add(layout)
        data = values.tobytes()
        self._rows.append(pack(ROW, moment, number, len(data), data) + data)

    def note(self, moment: Moment, note: Note) -> None:
        """Append what is known of a moment beside its row."""
        self._require_open()
        data = msgspec.json.encode(note)
        self._rows.append(pack(NOTE, moment, 0, len(data), data) + data)

    def arrays(self, moment: Moment, blocks: Mapping[str, Block]) -> None:
        """Append whole arrays of one step."""
        self._require_open()
        _append_arrays(self._arrays, moment, blocks)

    def recording(self, recording_id: str, steps: list[tuple[Moment, Mapping[str, Block]]]) -> None:
        """Keep what the flight recorder holds, as a file of its own that appears whole."""
        temporary = self._folder / f"{recording_id}.tmp"
        appender = _Appender(temporary)
        try:
            for moment, blocks in steps:
                _append_arrays(appender, moment, blocks)
            appender.close()
            if steps:
                temporary.rename(self._folder / (recording_id + FLIGHT))
        except OSError as error:
            raise disk_error(error, "the flight recording cannot be kept") from None
        finally:
            appender.close()
            temporary.unlink(missing_ok=True)

    def _add(self, layout: Layout) -> int:
        number = len(self._kept)
        data = msgspec.json.encode(layout)
        self._rows.append(pack(LAYOUT, NO_MOMENT, number, len(data), data) + data)
        self._kept.append(layout)
        self._layouts[id(layout)] = number
        return number

    def _require_open(self) -> None:
        if self._closed:
            raise TrialClosed("the tensors' writer is closed", "start a new trial")

    def close(self) -> None:
        """Release the files; a second call has no effect."""
        self._closed = True
        self._rows.close()
        self._arrays.close()


def _append_arrays(appender: _Appender, moment: Moment, blocks: Mapping[str, Block]) -> None:
    head, kept = pack_blocks(blocks)
    length = len(head) + sum(block.size for block in kept)
    appender.append(pack(ARRAYS, moment, 0, length, head), head, *(block.data for block in kept))
