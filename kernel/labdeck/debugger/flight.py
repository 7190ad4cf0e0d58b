"""The flight recorder: whole tensors of the last steps, in memory that is used again and again."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.store.tensors.blocks import Block, can_keep, to_block
from labdeck.store.tensors.frames import Moment

LIMIT = 512 << 20
"""Bytes that the recorder of one watch may hold."""


def block_of(value: Any) -> Block:
    """Return an array of numpy, or a tensor of PyTorch in memory of the CPU, to be written; copied only if it must be.

    Raises:
        UsageError: It is of a type that cannot be kept.
    """
    if isinstance(value, np.ndarray) or not hasattr(value, "detach"):
        return to_block(value)
    tensor = value.detach()
    if str(tensor.dtype) == "torch.bfloat16":  # numpy has not that type
        halves = to_block(tensor.view(sys.modules["torch"].int16).numpy())
        return Block("bfloat16", halves.shape, halves.data)
    if tensor.is_sparse or str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    return to_block(tensor.resolve_conj().resolve_neg().numpy())


def copy_block(block: Block, buffer: NDArray[np.uint8] | None) -> Block:
    """Return a block with memory of its own: a buffer if it has the size, else new memory."""
    size = block.size
    if buffer is None or buffer.size != size:
        buffer = np.empty(size, np.uint8)
    if size:
        buffer[:] = block.data
    return Block(block.dtype, block.shape, buffer)


class FlightRing:
    """Keeps copies of the whole tensors of the last steps.

    Args:
        steps: How many steps.
        limit: Bytes that it may hold; where the steps do not fit, fewer are kept.
    """

    def __init__(self, steps: int, limit: int = LIMIT) -> None:
        self.steps = steps
        self.limit = limit
        self._ring: deque[tuple[Moment, dict[str, Block]]] = deque()
        self._spare: dict[str, NDArray[np.uint8]] = {}
        self._lent = 0

    def __len__(self) -> int:
        """Return the number of steps that are kept."""
        return len(self._ring)

    @property
    def fits(self) -> int:
        """How many steps fit, judged by the latest; `steps` if nothing is known yet."""
        if not self._ring:
            return self.steps
        size = max(_size(self._ring[-1][1]), 1)
        return min(self.steps, self.limit // size)

    def keep(self, moment: Moment, arrays: Mapping[str, Any]) -> None:
        """Copy the tensors of a step; the oldest step goes when there are too many."""
        while self._ring and len(self._ring) >= max(self.fits, 1):
            self._drop()
        kept: dict[str, Block] = {}
        for name, value in arrays.items():
            block = block_of(value)
            if can_keep(block.dtype):
                kept[name] = copy_block(block, self._spare.pop(name, None))
        self._spare.clear()
        if _size(kept) > self.limit:
            self._ring.clear()
            return
        self._ring.append((moment, kept))

    def _drop(self) -> None:
        _, blocks = self._ring.popleft()
        if self._lent:
            self._lent -= 1
        else:
            self._spare = {name: block.data for name, block in blocks.items()}

    def latest(self) -> Moment | None:
        """Return the latest step that is kept."""
        return self._ring[-1][0] if self._ring else None

    def lend(self) -> list[tuple[Moment, Mapping[str, Block]]]:
        """Return what is kept, oldest first; its memory is not used again, so that it can be written in peace."""
        self._lent = len(self._ring)
        return list(self._ring)

    def clear(self) -> None:
        """Let go of everything."""
        self._ring.clear()
        self._spare.clear()


def _size(blocks: Mapping[str, Block]) -> int:
    return sum(block.size for block in blocks.values())
