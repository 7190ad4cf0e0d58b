"""Copies of whole arrays, in memory that is used again: getting it anew from the system costs more than copying."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError
from labdeck.store.tensors.blocks import Block, can_keep, to_block


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

        Raises:
            UsageError: One is of a type that cannot be kept.
        """
        old = self._sets.pop() if self._sets else {}
        found: Copies = {}
        for name, value in arrays.items():
            source, is_bfloat16 = _plain(value)
            used = old.get(name)
            if used is not None and used.array.shape == source.shape and used.array.dtype == source.dtype:
                np.copyto(used.array, source)
                found[name] = used if used.is_bfloat16 == is_bfloat16 else Copy(used.array, is_bfloat16)
            else:
                found[name] = Copy(_new(source), is_bfloat16)
        return found

    def give_back(self, copies: Copies) -> None:
        """Take back the memory of copies that nobody needs any more."""
        if len(self._sets) < self._most:
            self._sets.append(copies)


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
    return sum(copy.array.nbytes for copy in copies.values())


def sizes(arrays: Iterable[Any]) -> int:
    """Return about how many bytes copies of these arrays take."""
    return sum(int(getattr(array, "nbytes", 0)) for array in arrays)


def blocks_at(arrays: Mapping[str, Any]) -> dict[str, Block]:
    """Return arrays to be written at once, over the same memory wherever that can be.

    Raises:
        UsageError: One is of a type that cannot be kept.
    """
    return blocks_of({name: Copy(*_plain(value)) for name, value in arrays.items()})


def blocks_of(copies: Copies) -> dict[str, Block]:
    """Return copies to be written, over the same memory."""
    found = {}
    for name, (array, is_bfloat16) in copies.items():
        block = to_block(array)
        found[name] = Block("bfloat16", block.shape, block.data) if is_bfloat16 else block
    return found
