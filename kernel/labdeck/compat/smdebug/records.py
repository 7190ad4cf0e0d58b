"""Reads what smdebug wrote: TFRecords of Event messages with one tensor each.

The parser takes bytes from anywhere: every length is checked against what is there before it is used, nothing recurses
deeper than the messages do, and damage is one SMDebugValueError. Formats: TFRecord is length (8 bytes, little endian),
its masked CRC-32C (4), payload, the payload's (4). An Event has step = 2 and summary = 5; a Summary has value = 1; a
Value has tag = 1, tensor = 8 and metadata = 9; a TensorProto has dtype = 1, tensor_shape = 2, tensor_content = 4, and
typed lists of values in 5 to 16.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.compat.smdebug.exceptions import SMDebugValueError

_HEADER, _FOOTER = 12, 4
_UNCHECKED = b"\xb3\xc0\x2d\x06"
"""What smdebug writes in place of the checksum of a payload: that of a fixed text."""
_MOST_DIMENSIONS = 32
_VARINT_BYTES = 10
_MOST_REPEATED = 1 << 24
"""Elements that a single value may stand for."""

_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 4: np.dtype("u1"), 5: np.dtype("<i2"),
    6: np.dtype("i1"), 8: np.dtype("<c8"), 9: np.dtype("<i8"), 10: np.dtype("?"), 17: np.dtype("<u2"),
    18: np.dtype("<c16"), 19: np.dtype("<f2"), 22: np.dtype("<u4"), 23: np.dtype("<u8"),
}  # fmt: skip
_STRING = 7
_LISTED = {5: "<f4", 6: "<f8", 7: "<i4", 10: "<i8", 11: "?", 16: "<u4", 17: "<u8"}
"""The numbers of a TensorProto's lists of values, and what they hold."""
_FIXED = {5: 4, 6: 8}
"""Those of them whose values take fixed bytes; the others are varints."""


@dataclass(frozen=True)
class TensorEvent:
    """A tensor as it stands in a record."""

    name: str
    step: int
    value: NDArray[Any]
    mode: int | None
    mode_step: int | None


def read_tensors(data: bytes) -> Iterator[TensorEvent]:
    """Yield the tensors in a run of records; SMDebugValueError at the first that is damaged."""
    for record in read_records(data):
        yield from _tensors_of(record)


def read_records(data: bytes) -> Iterator[memoryview]:
    """Yield the payloads of TFRecords; SMDebugValueError when one is cut off or a checksum is wrong."""
    view, start = memoryview(data), 0
    while start < len(view):
        if start + _HEADER > len(view):
            raise _damaged("a record is cut off")
        length, check = struct.unpack_from("<QI", view, start)
        if masked_crc32c(view[start : start + 8]) != check:
            raise _damaged("the length of a record is not what was written")
        first, last = start + _HEADER, start + _HEADER + length
        if last + _FOOTER > len(view):
            raise _damaged("a record is cut off")
        payload, written = view[first:last], bytes(view[last : last + _FOOTER])
        if written != _UNCHECKED and struct.unpack("<I", written)[0] != masked_crc32c(payload):
            raise _damaged("a record is not what was written")
        yield payload
        start = last + _FOOTER


def masked_crc32c(data: bytes | memoryview) -> int:
    """Return TFRecord's checksum: CRC-32C, turned right by 15 bits and shifted by a constant.

    Example:
        >>> hex(masked_crc32c(b"123456789"))
        '0xc78ab0e5'
    """
    crc, table = 0xFFFFFFFF, _crc_table()
    for byte in bytes(data):
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@lru_cache(maxsize=1)
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


def fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield number and value of the fields of a message: an int of a varint, a memoryview of anything else.

    Raises:
        SMDebugValueError: It is no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == 2:  # noqa: PLR2004 - the numbers of protobuf's kinds
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _damaged("a message has a field of an unknown kind")
        if not number or at + length > len(message):
            raise _damaged("a field is longer than its message")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[at : at + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says "more follow"
            return value & 0xFFFFFFFFFFFFFFFF, at + index + 1
    raise _damaged("a number does not end")


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise _damaged("a number is missing")
    return value - (1 << 64) if value >> 63 else value


def _message(value: Any) -> memoryview:
    if isinstance(value, int):
        raise _damaged("a number stands where a message should")
    return memoryview(value)


def _text(value: Any) -> str:
    try:
        return bytes(_message(value)).decode()
    except UnicodeDecodeError:
        raise _damaged("a name is no text") from None


def _tensors_of(record: memoryview) -> Iterator[TensorEvent]:
    step, summaries = 0, []
    for number, value in fields(record):
        if number == 2:  # noqa: PLR2004 - the numbers stand at the top of this file
            step = _signed(value)
        elif number == 5:  # noqa: PLR2004
            summaries.append(_message(value))
    for summary in summaries:
        for number, value in fields(summary):
            if number == 1:
                yield _tensor_event(_message(value), step)


def _tensor_event(message: memoryview, step: int) -> TensorEvent:
    name, tensor, metadata = "", None, memoryview(b"")
    for number, value in fields(message):
        if number == 1:
            name = _text(value)
        elif number == 8:  # noqa: PLR2004
            tensor = _message(value)
        elif number == 9:  # noqa: PLR2004
            metadata = _message(value)
    if tensor is None:
        raise _damaged("a record holds no tensor")
    said = dict(_plugins(metadata))
    return TensorEvent(name, step, to_array(tensor), said.get("mode"), said.get("mode_step"))


def _plugins(metadata: memoryview) -> Iterator[tuple[str, int]]:
    for number, value in fields(metadata):
        if number == 1:
            parts = {key: _text(part) for key, part in fields(_message(value)) if key in (1, 2)}
            content = parts.get(2, "")
            if not (content.isascii() and content.isdigit() and len(content) < 20):  # noqa: PLR2004 - of 64 bits
                raise _damaged("a record has no mode")
            yield parts.get(1, ""), int(content)


def to_array(message: memoryview) -> NDArray[Any]:
    """Return the array in a TensorProto; SMDebugValueError when its parts do not fit together."""
    parts: dict[int, list[Any]] = {}
    for number, value in fields(message):
        parts.setdefault(number, []).append(value)
    kind = _signed(parts.get(1, [0])[-1])
    shape = _shape(_message(parts[2][-1])) if 2 in parts else []  # noqa: PLR2004 - as everywhere here
    strings = [_text(value) for value in parts.get(8, ())]
    if strings or kind == _STRING:
        flat: NDArray[Any] = np.array(strings, dtype=np.str_)
    elif kind not in _DTYPES:
        raise _damaged(f"a tensor is of type {kind}, which nothing here has")
    elif 4 in parts:  # noqa: PLR2004
        flat = _of_bytes(_message(parts[4][-1]), _DTYPES[kind], math.prod(shape))
    else:
        flat = _of_lists(parts, _DTYPES[kind], math.prod(shape))
    if flat.size != math.prod(shape):
        raise _damaged(f"a tensor of shape {tuple(shape)} has {flat.size} elements")
    try:
        return flat.reshape(shape)
    except (ValueError, OverflowError):
        raise _damaged("a tensor has no shape that could be") from None


def _shape(message: memoryview) -> list[int]:
    sizes: list[int] = []
    for number, value in fields(message):
        if number == 2:  # noqa: PLR2004
            size = sum(_signed(part) for key, part in fields(_message(value)) if key == 1)
            if size < 0 or len(sizes) == _MOST_DIMENSIONS:
                raise _damaged("a tensor has no shape that could be")
            sizes.append(size)
    return sizes


def _of_bytes(content: memoryview, dtype: np.dtype[Any], size: int) -> NDArray[Any]:
    if len(content) == size * 2 and dtype == _DTYPES[3] and size:
        dtype = _DTYPES[19]  # smdebug calls half precision int32
    if len(content) != size * dtype.itemsize:
        raise _damaged(f"a tensor of {size} elements has {len(content)} bytes")
    return np.frombuffer(content, dtype).astype(dtype.newbyteorder("="))


def _of_lists(parts: dict[int, list[Any]], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
    """Return values that stand one by one, as some writers have it; a single one stands for all."""
    found: list[Any] = []
    for number in _LISTED:
        for value in parts.get(number, ()):
            found += _values(number, value)
    native = dtype.newbyteorder("=")
    try:
        if len(found) == 1 and 1 < size <= _MOST_REPEATED:
            return np.full(size, found[0]).astype(native)
        return np.array(found).astype(native)
    except (OverflowError, ValueError, TypeError):
        raise _damaged("the values of a tensor are not of its type") from None


def _values(number: int, value: Any) -> list[Any]:
    if isinstance(value, int):
        return [value if number in (16, 17) else _signed(value)]
    if number in _FIXED:
        if len(value) % _FIXED[number]:
            raise _damaged("a list of numbers is cut off")
        return list(np.frombuffer(value, _LISTED[number]).tolist())
    found, at = [], 0
    while at < len(value):
        one, at = _varint(value, at)
        found.append(one if number in (16, 17) else _signed(one))
    return found


def _damaged(what: str) -> SMDebugValueError:
    return SMDebugValueError(f"the file is damaged: {what}", "copy it again from where it was written")
