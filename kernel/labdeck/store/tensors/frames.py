"""The frames that the files of tensors consist of: a header of 48 bytes, then what it announces.

    magic 4 · kind 1 · mode 1 · reserved 2 · layout 4 · step 8 · global step 8 · time 8 · length 8 · checksum 4

All little-endian. The checksum covers the header before it and the payload, of arrays only the safetensors header:
summing gigabytes would cost as much as writing them. A frame that is cut off is the last one that its writer began.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from labdeck.wire.debugging import Mode

MAGIC = b"LDT1"
LAYOUT, ROW, ARRAYS = 1, 2, 3
MODES: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
_NUMBER = {mode: number for number, mode in enumerate(MODES)}
_HEAD = struct.Struct("<4sBBHIqqdQ")
_SUM = struct.Struct("<I")
SIZE = _HEAD.size + _SUM.size
_LENGTH = struct.Struct("<Q")


class Frame(NamedTuple):
    """One frame, its payload aside.

    Attributes:
        kind: LAYOUT, ROW or ARRAYS.
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


def scan(data: memoryview, start: int) -> Iterator[Frame]:
    """Yield the whole frames from an offset on; stops at one that is cut off or is none.

    Checksums are not verified here: see `verify`.
    """
    end = len(data)
    unpack = _HEAD.unpack_from
    while start + SIZE <= end:
        magic, kind, mode, _, layout, step, total, time, length = unpack(data, start)
        begin = start + SIZE
        if magic != MAGIC or begin + length > end or mode >= len(MODES):
            return
        yield Frame(kind, MODES[mode], layout, step, total, time, begin, length)
        start = begin + length


def verify(data: memoryview, frame: Frame) -> bool:
    """Say whether a frame is as it was written."""
    covered = frame.length
    if frame.kind == ARRAYS:
        if frame.length < _LENGTH.size:
            return False
        covered = min(frame.length, _LENGTH.size + _LENGTH.unpack_from(data, frame.start)[0])
    head = data[frame.start - SIZE : frame.start - _SUM.size]
    summed = zlib.crc32(data[frame.start : frame.start + covered], zlib.crc32(head))
    return bool(summed == _SUM.unpack_from(data, frame.start - _SUM.size)[0])
