"""The frames that the files of tensors consist of: a header of 48 bytes, then what it announces.

    magic 4 · kind 1 · mode 1 · reserved 2 · layout 4 · step 8 · global step 8 · time 8 · length 8 · checksum 4

All little-endian. The checksum covers the header before it and the payload, of arrays only the safetensors header:
summing gigabytes would cost as much as writing them. A frame that is cut off is the last one that its writer began.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from labdeck.wire.debugging import Mode

Data = bytes | mmap.mmap
MAGIC = b"LDT1"
LAYOUT, ROW, ARRAYS, NOTE = 1, 2, 3, 4
"""Kinds; a reader passes over those that it does not know."""
MODES: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
_NUMBER = {mode: number for number, mode in enumerate(MODES)}
_HEAD = struct.Struct("<4sBBHIqqdQ")
_SUM = struct.Struct("<I")
SIZE = _HEAD.size + _SUM.size
_LENGTH = struct.Struct("<Q")


class Frame(NamedTuple):
    """One frame, its payload aside.

    Attributes:
        kind: LAYOUT, ROW, ARRAYS or NOTE.
        mode: What the model was doing.
        layout: The layout's number within the file.
        step: Counted within the mode.
        global_step: Counted over all modes.
        time: Seconds since 1970-01-01 UTC.
        start: Where the payload begins in the file.
        length: Its bytes.
    """

    kind: int
    mode: Mode
    layout: int
    step: int
    global_step: int
    time: float
    start: int
    length: int


class Moment(NamedTuple):
    """When something was recorded: the mode, the step within it, the step over all modes, the time."""

    mode: Mode
    step: int
    global_step: int
    time: float


NO_MOMENT = Moment("GLOBAL", 0, 0, 0.0)


def pack(kind: int, moment: Moment, layout: int, length: int, summed: bytes | memoryview) -> bytes:
    """Return the header of a frame; `summed` is the part of the payload that the checksum covers."""
    head = _HEAD.pack(
        MAGIC, kind, _NUMBER[moment.mode], 0, layout, moment.step, moment.global_step, moment.time, length
    )
    return head + _SUM.pack(zlib.crc32(summed, zlib.crc32(head)))


def scan(data: Data, start: int, base: int = 0) -> Iterator[Frame]:
    """Yield the frames that are whole and as they were written, from an offset on.

    Damage is passed over, up to the next frame that is whole. A frame that reaches beyond the end is being written, or
    its writer died: it is the last.

    Args:
        data: Of the file, or of its end.
        start: Where to begin in `data`.
        base: Where `data` begins in the file; what is yielded counts from the file's beginning.
    """
    view = memoryview(data)
    while start + SIZE <= len(view):
        frame = _at(view, start)
        if frame is None:
            start = data.find(MAGIC, start + 1)
            if start < 0:
                return
            continue
        end = frame.start + frame.length
        if end > len(view):
            return
        if not verify(view, frame):
            start = max(data.find(MAGIC, start + 1), 0) or len(view)
            continue
        yield frame._replace(start=frame.start + base)
        start = end


def is_unfinished(data: Data, start: int) -> bool:
    """Say whether a frame begins there that reaches beyond the end."""
    view = memoryview(data)[start:]
    if len(view) < SIZE:
        return MAGIC.startswith(bytes(view[: len(MAGIC)]))
    frame = _at(view, 0)
    return frame is not None and frame.start + frame.length > len(view)


def _at(view: memoryview, start: int) -> Frame | None:
    """Return the frame that begins there as its header has it, None if none does."""
    magic, kind, mode, _, layout, step, total, time, length = _HEAD.unpack_from(view, start)
    if magic != MAGIC or mode >= len(MODES):
        return None
    return Frame(kind, MODES[mode], layout, step, total, time, start + SIZE, length)


def verify(view: memoryview, frame: Frame) -> bool:
    """Say whether a frame that lies within the view is as it was written."""
    covered = frame.length
    if frame.kind == ARRAYS:
        if frame.length < _LENGTH.size:
            return False
        covered = min(frame.length, _LENGTH.size + _LENGTH.unpack_from(view, frame.start)[0])
    head = view[frame.start - SIZE : frame.start - _SUM.size]
    summed = zlib.crc32(view[frame.start : frame.start + covered], zlib.crc32(head))
    return bool(summed == _SUM.unpack_from(view, frame.start - _SUM.size)[0])
