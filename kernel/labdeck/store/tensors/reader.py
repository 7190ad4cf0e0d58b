"""Reads the tensors of one trial, whichever processes wrote them, while they are being written too."""

from __future__ import annotations

import mmap
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from labdeck.store.tensors.blocks import names_in, read_block
from labdeck.store.tensors.frames import ARRAYS, LAYOUT, NOTE, ROW, Frame, Moment, scan
from labdeck.store.tensors.layout import Layout, TensorInfo
from labdeck.store.tensors.notes import Note
from labdeck.store.tensors.writer import ARRAY_FILE, FLIGHT, ROWS
from labdeck.wire.debugging import Mode

_decode_layout = msgspec.json.Decoder(Layout).decode
_decode_note = msgspec.json.Decoder(Note).decode
_FLOAT = 8
_AT_ONCE = 8 << 20
"""Bytes that are read to look for frames; more than these are mapped."""


class Row(NamedTuple):
    """One recorded step: when, what its numbers mean, and they themselves, float64 of shape (layout.width,)."""

    moment: Moment
    layout: Layout
    values: NDArray[np.float64]


@dataclass(frozen=True)
class TensorSeries:
    """One reduction of one tensor over the steps, in the order in which they were recorded.

    Attributes:
        modes: One mode a point.
        steps: int64, shape (n,), counted within the mode.
        global_steps: int64, shape (n,), counted over all modes.
        times: float64, shape (n,), seconds since 1970-01-01 UTC.
        values: float64, shape (n,), or (n, width) for a histogram or quantiles.
    """

    modes: tuple[Mode, ...]
    steps: NDArray[np.int64]
    global_steps: NDArray[np.int64]
    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.steps)


def _new_frames(file: int, start: int) -> list[Frame]:
    """Return the frames of an open file from an offset on."""
    size = os.fstat(file).st_size
    if size - start <= _AT_ONCE:
        return list(scan(os.pread(file, size - start, start), 0, start))
    return list(scan(mmap.mmap(file, size, access=mmap.ACCESS_READ), start))


class _File:
    """One file of frames, read as far as it has been written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: dict[str, int] = {}
        self.counted = 0
        self.frames: list[Frame] = []
        self.arrays: dict[tuple[Mode, int], list[Frame]] = defaultdict(list)
        """The frames of whole arrays, by mode and step."""
        self.data = memoryview(b"")
        self._read = 0

    def refresh(self) -> list[Frame]:
        """Take in what was appended; return those frames."""
        try:
            if self.path.stat().st_size <= self._read:
                return []
            with self.path.open("rb") as file:
                new = _new_frames(file.fileno(), self._read)
                if new:
                    self._read = new[-1].start + new[-1].length
                    # Not mapped beyond: what a full disk cut off is taken back, and to touch such a page is to die.
                    self.data = memoryview(mmap.mmap(file.fileno(), self._read, access=mmap.ACCESS_READ))
        except (OSError, ValueError):
            return []
        self.frames += new
        for frame in new:
            if frame.kind == ARRAYS:
                self.arrays[frame.mode, frame.step].append(frame)
        return new

    def payload(self, frame: Frame) -> memoryview:
        return self.data[frame.start : frame.start + frame.length]


class _RowFile(_File):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.layouts: dict[int, Layout] = {}
        self.rows: dict[int, list[Frame]] = defaultdict(list)
        self.notes: list[tuple[Moment, Note]] = []

    def refresh(self) -> list[Frame]:
        new = super().refresh()
        for frame in new:
            if frame.kind == ROW:
                self.rows[frame.layout].append(frame)
            elif frame.kind == LAYOUT:
                with suppress(msgspec.MsgspecError, UnicodeError):
                    self.layouts[frame.layout] = _decode_layout(bytes(self.payload(frame)))
            elif frame.kind == NOTE:
                moment = Moment(frame.mode, frame.step, frame.global_step, frame.time)
                with suppress(msgspec.MsgspecError, UnicodeError):
                    self.notes.append((moment, _decode_note(bytes(self.payload(frame)))))
        return new

    def values(self, number: int, start: int, width: int) -> tuple[list[Frame], NDArray[np.float64]]:
        """Return the rows of a layout, and some numbers of each, shape (rows, width)."""
        wanted = self.layouts[number].width * _FLOAT
        frames = [frame for frame in self.rows[number] if frame.length == wanted]
        if not frames:
            return [], np.empty((0, width))
        raw = np.frombuffer(self.data, np.uint8)
        begins = np.fromiter((frame.start for frame in frames), np.int64, len(frames)) + start * _FLOAT
        picked = raw[begins[:, None] + np.arange(width * _FLOAT)]
        return frames, np.ascontiguousarray(picked).view(np.float64)


class TensorReader:
    """Reads the tensors of one trial; made by `TensorFiles.reader`.

    What was read once is not read again: `refresh` takes in what came since. One thread at a time may use it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, _RowFile] = {}
        self._arrays: dict[str, _File] = {}
        self.refresh()

    def refresh(self) -> bool:
        """Take in what was recorded since; say if there was anything."""
        grown = False
        with suppress(OSError), os.scandir(self._folder) as entries:
            for name in sorted(entry.name for entry in entries):
                if name.endswith(ROWS) and name not in self._rows:
                    self._rows[name] = _RowFile(self._folder / name)
                elif name.endswith(ARRAY_FILE) and name not in self._arrays:
                    self._arrays[name] = _File(self._folder / name)
        for file in (*self._rows.values(), *self._arrays.values()):
            grown = bool(file.refresh()) or grown
        return grown

    # -- reductions ------------------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, TensorInfo]:
        """Return every tensor that was recorded, in the model's order; of one that changed, as it was last."""
        found: dict[str, TensorInfo] = {}
        for file in self._rows.values():
            for layout in file.layouts.values():
                found.update(layout.by_name)
        return found

    def reductions(self, name: str) -> tuple[str, ...]:
        """Return the reductions that were recorded of a tensor."""
        layouts = (layout for file in self._rows.values() for layout in file.layouts.values())
        return tuple(dict.fromkeys(reduction for layout in layouts for reduction in layout.reductions(name)))

    def series(self, name: str, reduction: str, mode: Mode | None = None) -> TensorSeries:
        """Return one reduction of a tensor over the steps; empty if it was not recorded."""
        frames: list[Frame] = []
        values: list[NDArray[np.float64]] = []
        for file in self._rows.values():
            for number, layout in file.layouts.items():
                column = layout.column(name, reduction)
                if column is None:
                    continue
                some, numbers = file.values(number, column.start, column.width)
                frames += some
                values.append(numbers)
        return _to_series(frames, values, mode)

    def rows(self, mode: Mode | None = None) -> Iterator[Row]:
        """Yield every recorded step, in the order in which they were recorded."""
        found = [
            (frame.global_step, frame.time, file, frame)
            for file in self._rows.values()
            for number, frames in file.rows.items()
            if number in file.layouts
            for frame in frames
            if mode is None or frame.mode == mode
        ]
        found.sort(key=lambda item: (item[1], item[0]))
        for _, _, file, frame in found:
            layout = file.layouts[frame.layout]
            if frame.length == layout.width * _FLOAT:
                values = np.frombuffer(file.payload(frame), np.float64)
                yield Row(Moment(frame.mode, frame.step, frame.global_step, frame.time), layout, values)

    def moments(self, mode: Mode | None = None) -> list[Moment]:
        """Return when something was recorded, rows or arrays, each moment once, in order."""
        files: list[_File] = [*self._rows.values(), *self._arrays.values()]
        found = {
            (frame.global_step, frame.mode, frame.step): Moment(frame.mode, frame.step, frame.global_step, frame.time)
            for file in files
            for frame in file.frames
            if frame.kind in (ROW, ARRAYS) and (mode is None or frame.mode == mode)
        }
        return sorted(found.values(), key=lambda moment: (moment.time, moment.global_step))

    def notes(self) -> list[tuple[Moment, Note]]:
        """Return what was written down beside the rows, in order."""
        found = [note for file in self._rows.values() for note in file.notes]
        return sorted(found, key=lambda note: (note[0].time, note[0].global_step))

    # -- whole arrays ----------------------------------------------------------------------------------------------

    def array_moments(self, name: str = "", mode: Mode | None = None) -> list[Moment]:
        """Return when whole arrays were kept, of one tensor or of any, in order."""
        found = [
            Moment(frame.mode, frame.step, frame.global_step, frame.time)
            for file in self._arrays.values()
            for frame in file.frames
            if frame.kind == ARRAYS and (mode is None or frame.mode == mode)
            if not name or name in names_in(file.payload(frame))
        ]
        return sorted(found, key=lambda moment: (moment.time, moment.global_step))

    def array_counts(self) -> dict[str, int]:
        """Return at how many steps whole arrays of each tensor were kept; what was counted once is not read again."""
        total: dict[str, int] = {}
        for file in self._arrays.values():
            for frame in file.frames[file.counted :]:
                for name in names_in(file.payload(frame)) if frame.kind == ARRAYS else ():
                    file.counts[name] = file.counts.get(name, 0) + 1
            file.counted = len(file.frames)
            for name, count in file.counts.items():
                total[name] = total.get(name, 0) + count
        return total

    def array_names(self, mode: Mode, step: int) -> tuple[str, ...]:
        """Return the tensors of which whole arrays were kept at a step."""
        return tuple(
            dict.fromkeys(name for file, frame in self._at(mode, step) for name in names_in(file.payload(frame)))
        )

    def array(self, name: str, mode: Mode, step: int) -> NDArray[Any] | None:
        """Return one whole array, None if it was not kept; the last of that step if there are several.

        Raises:
            StoreCorrupt: It is not what was written.
        """
        for file, frame in reversed(self._at(mode, step)):
            found = read_block(file.payload(frame), name)
            if found is not None:
                return found
        return None

    def _at(self, mode: Mode, step: int) -> list[tuple[_File, Frame]]:
        return [(file, frame) for file in self._arrays.values() for frame in file.arrays.get((mode, step), ())]


class RecordingReader(TensorReader):
    """Reads one flight recording: `moments`, `array_names` and `array` are those of the recorded steps."""

    def __init__(self, path: Path) -> None:
        file = _File(path)
        file.refresh()
        self._folder, self._rows, self._arrays = path.parent, {}, {path.name: file}

    def refresh(self) -> bool:
        """Do nothing: a recording is whole when it appears."""
        return False


def recording_path(folder: Path, recording_id: str) -> Path:
    """Return where a flight recording is kept."""
    return folder / (recording_id + FLIGHT)


def _to_series(frames: list[Frame], values: list[NDArray[np.float64]], mode: Mode | None) -> TensorSeries:
    numbers = np.concatenate(values) if values else np.empty((0, 1))
    order = sorted(range(len(frames)), key=lambda i: (frames[i].time, frames[i].global_step))
    kept = [i for i in order if mode is None or frames[i].mode == mode]
    picked = numbers[kept] if kept else numbers[:0]
    return TensorSeries(
        modes=tuple(frames[i].mode for i in kept),
        steps=np.array([frames[i].step for i in kept], np.int64),
        global_steps=np.array([frames[i].global_step for i in kept], np.int64),
        times=np.array([frames[i].time for i in kept], np.float64),
        values=picked[:, 0] if picked.shape[1] == 1 else picked,
    )
