"""Arrays as safetensors has them: a length, a JSON header, then the raw values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from labdeck.errors import StoreCorrupt, UsageError

_RESERVED = "__metadata__"
_BITS = {"bool": "BOOL", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "complex64": "C64"}
_CODES = {
    **_BITS,
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
}
_NAMES = {code: name for name, code in _CODES.items()}
_SIZES = {"bool": 1, "bfloat16": 2}


class Block(NamedTuple):
    """An array to be written: its type, its shape, and its values row by row as bytes.

    Attributes:
        dtype: "float32", "bfloat16" and the like.
        shape: Any.
        data: A contiguous buffer of exactly the bytes of the values; it must not change until it is written.
    """

    dtype: str
    shape: tuple[int, ...]
    data: Any

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * item_size(self.dtype)


class _Entry(msgspec.Struct):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


_decode = msgspec.json.Decoder(dict[str, _Entry]).decode


def to_block(value: Any) -> Block:
    """Return an array of numpy, or what becomes one, to be written; copied only if it is not laid out row by row.

    Raises:
        UsageError: It is of a type that cannot be kept.
    """
    array = np.asarray(value)
    name = _name(array.dtype)
    if name not in _CODES:
        raise UsageError(f"arrays of type {array.dtype} cannot be kept", "convert it")
    if not (array.flags.c_contiguous and array.dtype.isnative):
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
    return Block(name, array.shape, array.reshape(-1).view(np.uint8) if array.size else b"")


@lru_cache(maxsize=256)
def _name(dtype: np.dtype[Any]) -> str:
    return str(dtype.name)  # numpy puts it together anew each time


def item_size(dtype: str) -> int:
    """Return the bytes of one value of a type that can be kept."""
    return _SIZES.get(dtype) or np.dtype(dtype).itemsize


def can_keep(dtype: str) -> bool:
    """Say whether arrays of a type can be written."""
    return dtype in _CODES


def head_of(blocks: Mapping[str, Block]) -> bytes:
    """Return what stands before the values of these arrays, in their order; again for the same ones it is quick."""
    return _head(tuple((name, block.dtype, block.shape) for name, block in blocks.items()))


@lru_cache(maxsize=64)
def _head(described: tuple[tuple[str, str, tuple[int, ...]], ...]) -> bytes:
    entries, start = {}, 0
    for name, dtype, shape in described:
        if name == _RESERVED:
            raise UsageError(f"a tensor cannot be called {_RESERVED!r}", "safetensors keeps that name for itself")
        end = start + math.prod(shape) * item_size(dtype)
        entries[name] = {"dtype": _CODES[dtype], "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def names_in(payload: memoryview) -> tuple[str, ...]:
    """Return the names of the arrays; StoreCorrupt."""
    return tuple(_entries(payload)[0])


def read_block(payload: memoryview, name: str) -> NDArray[Any] | None:
    """Return one array as a copy, None if it is not there; bfloat16, which numpy has not, comes as float32.

    Raises:
        StoreCorrupt: The block is not what was written.
    """
    entries, start = _entries(payload)
    entry = entries.get(name)
    if entry is None:
        return None
    dtype = _NAMES.get(entry.dtype)
    first, last = entry.data_offsets
    if dtype is None or not 0 <= first <= last <= len(payload) - start:
        raise _damaged()
    if last - first != Block(dtype, entry.shape, b"").size:
        raise _damaged()
    raw = payload[start + first : start + last]
    if dtype == "bfloat16":
        halves = np.frombuffer(raw, "<u2").astype(np.uint32) << 16
        return halves.view(np.float32).reshape(entry.shape)
    array: NDArray[Any] = np.frombuffer(raw, np.dtype(dtype)).reshape(entry.shape).copy()
    return array


def _entries(payload: memoryview) -> tuple[dict[str, _Entry], int]:
    size = int.from_bytes(payload[:8], "little")
    if len(payload) < 8 + size:
        raise _damaged()
    try:
        return _decode(bytes(payload[8 : 8 + size])), 8 + size
    except (msgspec.MsgspecError, UnicodeError):
        raise _damaged() from None


def _damaged() -> StoreCorrupt:
    return StoreCorrupt("the arrays of a step are not what was written", "run `labdeck store check`")


def total_size(blocks: Iterable[Block]) -> int:
    """Return the bytes of the values of these arrays."""
    return sum(block.size for block in blocks)
