"""Copies of whole arrays, in memory that is used again: getting it anew from the system costs more than copying."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError
from labdeck.store.tensors.blocks import Block, can_keep, to_block

_WORTH = 4096
"""Bytes from which on an array is looked for among the others of its step."""


class Copy(NamedTuple):
    """A copy of an array.

    Attributes:
        array: Its values, row by row; of bfloat16, which numpy has not, the bits as int16.
        is_bfloat16: It is of that type.
    """

    array: NDArray[Any]
    is_bfloat16: bool = False


Copies = dict[str, Copy]


class Shelf:
    """Makes copies, and takes their memory back when they are not needed any more.

    Args:
        most: Sets of copies whose memory is kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sets: list[Copies] = []

    def copy(self, arrays: Mapping[str, Any]) -> Copies:
        """Return copies of these arrays: of numpy, of PyTorch in memory of the CPU, or what becomes an array.

        Of arrays over the same memory there is one copy: what goes into a layer came out of the one before.

        Raises:
            UsageError: One is of a type that cannot be kept.
        """
        old = self._sets.pop() if self._sets else {}
        found: Copies = {}
        seen: dict[tuple[Any, ...], Copy] = {}
        taken: set[int] = set()
        for name, value in arrays.items():
            source, is_bfloat16 = _plain(value)
            key = _identity(source)
            if key in seen:
                found[name] = seen[key]
                continue
            used = old.get(name)
            if used is None or id(used.array) in taken or not _fits(used.array, source):
                used = Copy(_new(source), is_bfloat16)
            else:
                np.copyto(used.array, source)
                used = used if used.is_bfloat16 == is_bfloat16 else Copy(used.array, is_bfloat16)
            taken.add(id(used.array))
            found[name] = used
            if key:
                seen[key] = used
        return found

    def give_back(self, copies: Copies) -> None:
        """Take back the memory of copies that nobody needs any more."""
        if len(self._sets) < self._most:
            self._sets.append(copies)


def _identity(source: NDArray[Any]) -> tuple[Any, ...]:
    """Return what identifies the memory of an array, nothing for one so small that it is not worth it."""
    if source.nbytes < _WORTH:
        return ()
    return (source.__array_interface__["data"][0], source.shape, source.strides, source.dtype)


def _fits(buffer: NDArray[Any], source: NDArray[Any]) -> bool:
    return buffer.shape == source.shape and buffer.dtype == source.dtype


def _new(source: NDArray[Any]) -> NDArray[Any]:
    if not can_keep(source.dtype.name):
        raise UsageError(f"arrays of type {source.dtype} cannot be kept", "convert them")
    return np.array(source, source.dtype.newbyteorder("="), order="C")


def _plain(value: Any) -> tuple[NDArray[Any], bool]:
    """Return an array of numpy over the same memory, if that can be, and whether it holds bits of bfloat16."""
    if type(value) is np.ndarray:
        return value, False
    if not hasattr(value, "detach"):
        return np.asarray(value), False
    tensor = value.detach()
    try:
        return tensor.numpy(), False
    except (TypeError, RuntimeError):
        pass  # a type that numpy has not, or a layout
    torch = sys.modules["torch"]
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    tensor = tensor.resolve_conj().resolve_neg()
    is_bfloat16 = tensor.dtype == torch.bfloat16
    try:
        return (tensor.view(torch.int16) if is_bfloat16 else tensor).numpy(), is_bfloat16
    except (TypeError, RuntimeError):
        raise UsageError(f"arrays of type {tensor.dtype} cannot be kept", "convert them") from None


def size_of(copies: Copies) -> int:
    """Return the bytes of all copies."""
    return sum({id(copy.array): copy.array.nbytes for copy in copies.values()}.values())


def sizes(arrays: Iterable[Any]) -> int:
    """Return about how many bytes copies of these arrays take."""
    return sum(_bytes_of(array) for array in arrays)


def _bytes_of(array: Any) -> int:
    if hasattr(array, "element_size"):  # a sparse tensor raises when it is asked for its bytes
        return int(array.numel() * array.element_size())
    return int(getattr(array, "nbytes", 0))


def blocks_at(arrays: Mapping[str, Any]) -> dict[str, Block]:
    """Return arrays to be written at once, over the same memory wherever that can be.

    Raises:
        UsageError: One is of a type that cannot be kept.
    """
    seen: dict[tuple[Any, ...], Copy] = {}
    found: Copies = {}
    for name, value in arrays.items():
        copy = Copy(*_plain(value))
        key = _identity(copy.array)
        found[name] = seen.setdefault(key, copy) if key else copy
    return blocks_of(found)


def blocks_of(copies: Copies) -> dict[str, Block]:
    """Return copies to be written, over the same memory; the same block for the same copy."""
    known: dict[int, Block] = {}
    found = {}
    for name, (array, is_bfloat16) in copies.items():
        block = known.get(id(array))
        if block is None:
            block = to_block(array)
            block = known[id(array)] = Block("bfloat16", block.shape, block.data) if is_bfloat16 else block
        found[name] = block
    return found
