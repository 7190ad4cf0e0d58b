"""What is taken of the inputs and outputs of a PyTorch model in one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.hooks.torch_reductions import Pending, TensorReducer, is_on_device
from labdeck.debugger.reducing import Row
from labdeck.store.tensors.layout import Column


def tensors_in(value: Any) -> Iterator[Any]:
    """Yield the tensors in what a module takes or returns, however they are nested."""
    if torch().is_tensor(value):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from tensors_in(one)
    elif hasattr(value, "__dataclass_fields__"):
        for key in value.__dataclass_fields__:
            yield from tensors_in(getattr(value, key, None))


class Taken:
    """What was taken of the modules in one step.

    Attributes:
        rows: The reductions of a tensor, in the order of its columns, with what they are.
        arrays: Whole tensors.
        pending: What is still on its way from a device.
        cost: Seconds that were spent on it while the model ran.
    """

    def __init__(self) -> None:
        self.rows: dict[str, tuple[tuple[str, ...], Row]] = {}
        self.arrays: dict[str, Any] = {}
        self.pending: list[Pending] = []
        self.cost = 0.0
        self._copies: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def take(self, name: str, tensor: Any, columns: Sequence[Column], *, whole: bool, copied: bool) -> None:
        """Take a tensor, if it is the first of its name.

        Args:
            name: Its name.
            tensor: The tensor.
            columns: What is to be computed of it.
            whole: The whole tensor is wanted.
            copied: What follows may write into its memory.
        """
        if name in self.rows or name in self.arrays:
            return
        if columns:
            self._reduce(name, tensor, columns)
        if whole:
            detached = tensor.detach()
            self.arrays[name] = self._copy(detached) if copied else detached

    def _copy(self, tensor: Any) -> Any:
        """Return a copy; of what comes out of one layer and goes into the next as it is, the same one."""
        if tensor.is_inference():
            return tensor.clone()  # nothing counts what is written into it
        written = tensor._version  # noqa: SLF001 - torch's own word for how often
        key = (tensor.data_ptr(), written, tensor.shape, tensor.stride(), tensor.dtype, tensor.device)
        if key not in self._copies:
            self._copies[key] = tensor, tensor.clone()  # an address names a tensor only while it lives
        return self._copies[key][1]

    def _reduce(self, name: str, tensor: Any, columns: Sequence[Column]) -> None:
        start, own = 0, []
        for column in columns:
            own.append(Column(0, column.reduction, start, column.width))
            start += column.width
        row = np.full(start, np.nan)
        if [column.reduction for column in own] == ["value"]:
            value = tensor.detach()
            self._reduce_value(value, row)
        else:
            pending = TensorReducer([own]).fill([tensor], row)
            if pending is not None:
                self.pending.append(pending)
        self.rows[name] = tuple(column.reduction for column in own), row

    def _reduce_value(self, tensor: Any, row: Row) -> None:
        if tensor.numel() != 1:
            return
        if is_on_device(tensor):
            own = Column(0, "sum", 0)
            pending = TensorReducer([[own]]).fill([tensor], row)
            if pending is not None:
                self.pending.append(pending)
        else:
            row[0] = float(tensor.abs() if tensor.is_complex() else tensor)


def note_batch(facts: dict[str, Any], value: Any) -> None:
    """Note the size of the first batch."""
    if "batch_size" not in facts:
        first = next(tensors_in(value), None)
        if first is not None and first.dim():
            facts["batch_size"] = int(first.shape[0])
