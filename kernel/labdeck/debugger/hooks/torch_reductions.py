"""Reductions of PyTorch tensors: on the CPU from their memory, on a device in one packed copy that nobody waits for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.reducing import Reducer, Row
from labdeck.debugger.statistics import (
    ABS,
    ABS_LOW,
    ABS_VARIANCE,
    HIGH,
    INFS,
    LOW,
    NANS,
    SIZE,
    SQUARES,
    STATISTICS,
    SUM,
    VARIANCE,
    ZEROS,
    plain_of,
)
from labdeck.store.tensors.layout import Column

_DENSE = 1 << 24
"""Elements up to which a sparse tensor is made a dense one; of a larger one only what is not zero is reduced."""
_WHOLE = {"torch.bool", "torch.uint8", "torch.int8", "torch.int16", "torch.int32", "torch.int64", "torch.complex128"}


@functools.cache
def _quick() -> tuple[frozenset[Any], Any]:
    """Return the types and the layout that numpy reads; asked for each of ten thousand tensors."""
    return frozenset({torch().float32, torch().float64}), torch().strided


def is_quick(tensor: Any) -> bool:
    """Say whether a tensor lies in memory as numpy reads it."""
    types, strided = _quick()
    return tensor.dtype in types and tensor.is_cpu and tensor.layout is strided


def array_of(tensor: Any) -> NDArray[Any] | None:
    """Return a tensor of the CPU as an array of numpy that shares its memory where it can; None for one without memory.

    Types that numpy lacks become float32; a sparse tensor becomes dense, unless that were huge.
    """
    if tensor.requires_grad:
        tensor = tensor.detach()
    if is_quick(tensor) and not tensor.is_neg():
        found: NDArray[Any] = tensor.numpy()
        return found
    if tensor.device.type == "meta":
        return None
    if tensor.layout is not torch().strided:
        tensor = _dense(tensor)
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    kind = str(tensor.dtype)
    if kind not in _WHOLE and kind not in ("torch.float32", "torch.float64"):
        tensor = tensor.to(torch().complex64) if tensor.is_complex() else tensor.float()
    return np.asarray(tensor.resolve_conj().resolve_neg().numpy())


def _dense(tensor: Any) -> Any:
    if tensor.layout is torch().sparse_coo and tensor.numel() > _DENSE:
        return tensor.coalesce().values()
    return tensor.to_dense()


def is_on_device(tensor: Any) -> bool:
    """Say whether a tensor lies in the memory of an accelerator."""
    return not tensor.is_cpu and tensor.device.type != "meta"


class Pending:
    """Numbers on their way from a device.

    Args:
        arrive: Waits for them and puts them where they belong.
    """

    def __init__(self, arrive: Callable[[], None]) -> None:
        self.arrive = arrive


class TensorReducer:
    """Computes reductions of tensors that come in the same order again and again.

    Args:
        parts: For each tensor the columns of a row that tell of it.
    """

    def __init__(self, parts: Sequence[Iterable[Column]]) -> None:
        self._reducer = Reducer([tuple(columns) for columns in parts])
        self._count = len(parts)

    def fill(self, tensors: Sequence[Any], row: Row) -> Pending | None:
        """Write the reductions of these tensors to their places in a row, NaN for a tensor that is None.

        Returns:
            What is still to arrive, None if all is there: tensors of a device are reduced there.
        """
        if not any(tensor is not None and is_on_device(tensor) for tensor in tensors):
            self._reducer.fill([None if tensor is None else array_of(tensor) for tensor in tensors], row)
            return None
        return DeviceReduction(self._reducer, tensors).start(row)


class DeviceReduction:
    """One packed reduction of tensors where they are.

    Works with tensors of any device, the CPU included.

    Args:
        reducer: Says what is needed, and makes reductions of statistics.
        tensors: The tensors.
    """

    def __init__(self, reducer: Reducer, tensors: Sequence[Any]) -> None:
        self._reducer = reducer
        self._tensors = tensors
        self._there = [number for number, tensor in enumerate(tensors) if tensor is not None]

    def start(self, row: Row) -> Pending:
        """Have the reductions computed, and their copy begun."""
        library = torch()
        with library.no_grad():
            plain = [_plain(self._tensors[number]) for number in self._there]
            filled = [number for number, tensor in enumerate(plain) if tensor.numel()]
            packed = [
                (what, [tensor.to(library.float64) for tensor in compute([plain[number] for number in filled])])
                for what, compute in _ON_DEVICE.items()
                if filled and what in self._reducer.needed
            ]
            copy = fetch([tensor for _, tensors in packed for tensor in tensors])
            whole = {number: fetch([plain[self._there.index(number)]]) for number in self._slow()}
        sizes = [tensor.numel() for tensor in plain]
        order = [what for what, _ in packed]

        def arrive() -> None:
            self._spread(row, sizes, [self._there[number] for number in filled], order, copy())
            for number in self._reducer.slow:
                array = whole[number]() if number in whole else None
                self._reducer.fill_slow(number, None if array is None else plain_of(array), row)

        return Pending(arrive)

    def _slow(self) -> list[int]:
        return [number for number in self._there if number in self._reducer.slow]

    def _spread(
        self, row: Row, sizes: list[int], filled: list[int], order: list[int], values: NDArray[np.float64]
    ) -> None:
        """Write what has arrived."""
        statistics = np.full((STATISTICS, len(self._tensors)), np.nan)
        statistics[SIZE, self._there] = sizes
        for what in (SUM, SQUARES, ABS, NANS, INFS, ZEROS):
            statistics[what, self._there] = 0.0
        for what, found in zip(order, values.reshape(len(order), len(filled)), strict=True):
            statistics[what, filled] = found
        self._reducer.finish(statistics, row)


def _plain(tensor: Any) -> Any:
    """Return a tensor as real numbers, in one piece of a type that can be summed."""
    tensor = tensor.detach()
    if tensor.layout is not torch().strided:
        tensor = _dense(tensor)
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_complex():
        tensor = (tensor if tensor.dtype is torch().complex128 else tensor.to(torch().complex64)).abs()
    if tensor.dtype not in (torch().float32, torch().float64):
        tensor = tensor.to(torch().float64 if not tensor.is_floating_point() else torch().float32)
    return tensor


def _norms(power: float) -> Callable[[list[Any]], list[Any]]:
    return lambda tensors: list(torch()._foreach_norm(tensors, power))  # noqa: SLF001 - one pass over all of them


def _squares(tensors: list[Any]) -> list[Any]:
    return [norm.to(torch().float64).square() for norm in _norms(2)(tensors)]


def _each(compute: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda tensors: [compute(tensor) for tensor in tensors]


_ON_DEVICE: dict[int, Callable[[list[Any]], list[Any]]] = {
    SUM: _each(lambda tensor: tensor.sum()),
    SQUARES: _squares,
    ABS: _norms(1),
    LOW: _each(lambda tensor: tensor.amin()),
    HIGH: _each(lambda tensor: tensor.amax()),
    ABS_LOW: _each(lambda tensor: tensor.abs().amin()),
    VARIANCE: _each(lambda tensor: tensor.var(correction=0)),
    ABS_VARIANCE: _each(lambda tensor: tensor.abs().var(correction=0)),
    NANS: _each(lambda tensor: tensor.isnan().sum()),
    INFS: _each(lambda tensor: tensor.isinf().sum()),
    ZEROS: _each(lambda tensor: (tensor == 0).sum()),
}


def fetch(tensors: list[Any]) -> Callable[[], NDArray[Any]]:
    """Begin to copy tensors of one type from a device, side by side; the result waits for the copy and returns it."""
    library = torch()
    if not tensors:
        return lambda: np.empty(0)
    first = tensors[0].device
    flat = library.cat([tensor.detach().reshape(-1).to(first) for tensor in tensors])
    if flat.device.type != "cuda":
        return lambda: np.asarray(flat.cpu().numpy())
    copy = library.empty(flat.shape, dtype=flat.dtype, pin_memory=True)
    copy.copy_(flat, non_blocking=True)
    event = library.cuda.Event()
    event.record(library.cuda.current_stream(flat.device))

    def wait() -> NDArray[Any]:
        event.synchronize()
        return np.asarray(copy.numpy())

    return wait
