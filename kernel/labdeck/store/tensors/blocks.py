"""Arrays as safetensors has them: a length, a JSON header, then the raw values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
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


_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_same = msgspec.json.Decoder(dict[str, str]).decode


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


def pack_blocks(blocks: Mapping[str, Block]) -> tuple[bytes, list[Block]]:
    """Return what stands before the values of these arrays, and the arrays whose values follow.

    A block that several names have is written once, with the others told in the metadata.
    """
    first: dict[int, str] = {}
    same: list[tuple[str, str]] = []
    for name, block in blocks.items():
        known = first.setdefault(id(block), name)
        if known != name:
            same.append((name, known))
    kept = {name: blocks[name] for name in first.values()}
    described = tuple((name, block.dtype, block.shape) for name, block in kept.items())
    return _head(described, tuple(same)), list(kept.values())


@lru_cache(maxsize=64)
def _head(described: tuple[tuple[str, str, tuple[int, ...]], ...], same: tuple[tuple[str, str], ...]) -> bytes:
    if _RESERVED in {name for name, *_ in (*described, *same)}:
        raise UsageError(f"a tensor cannot be called {_RESERVED!r}", "safetensors keeps that name for itself")
    entries: dict[str, Any] = {_RESERVED: dict(same)} if same else {}
    start = 0
    for name, dtype, shape in described:
        end = start + math.prod(shape) * item_size(dtype)
        entries[name] = {"dtype": _CODES[dtype], "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def names_in(payload: memoryview) -> tuple[str, ...]:
    """Return the names of the arrays; StoreCorrupt."""
    entries, same, _ = _entries(payload)
    return (*entries, *same)


def read_block(payload: memoryview, name: str) -> NDArray[Any] | None:
    """Return one array as a copy, None if it is not there; bfloat16, which numpy has not, comes as float32.

    Raises:
        StoreCorrupt: The block is not what was written.
    """
    entries, same, start = _entries(payload)
    raw_entry = entries.get(same.get(name, name))
    if raw_entry is None:
        return None
    try:
        entry = _decode_entry(raw_entry)
    except msgspec.MsgspecError:
        raise _damaged() from None
    dtype = _NAMES.get(entry.dtype)
    first, last = entry.data_offsets
    if dtype is None or not 0 <= first <= last <= len(payload) - start or min(entry.shape, default=0) < 0:
        raise _damaged()
    if last - first != Block(dtype, entry.shape, b"").size:
        raise _damaged()
    raw = payload[start + first : start + last]
    if dtype == "bfloat16":
        halves = np.frombuffer(raw, "<u2").astype(np.uint32) << 16
        return halves.view(np.float32).reshape(entry.shape)
    array: NDArray[Any] = np.frombuffer(raw, np.dtype(dtype)).reshape(entry.shape).copy()
    return array


def _entries(payload: memoryview) -> tuple[dict[str, msgspec.Raw], dict[str, str], int]:
    """Return the arrays, the other names of some of them, and where the values begin."""
    size = int.from_bytes(payload[:8], "little")
    if len(payload) < 8 + size:
        raise _damaged()
    try:
        entries = _decode(bytes(payload[8 : 8 + size]))
        metadata = entries.pop(_RESERVED, None)
        same = {} if metadata is None else _decode_same(metadata)
    except (msgspec.MsgspecError, UnicodeError):
        raise _damaged() from None
    return entries, same, 8 + size


def _damaged() -> StoreCorrupt:
    return StoreCorrupt("the arrays of a step are not what was written", "run `labdeck store check`")
