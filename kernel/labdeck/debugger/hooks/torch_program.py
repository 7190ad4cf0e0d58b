"""What is to be done at a step at which something is due of a PyTorch model: one packed pass, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.hooks.torch_names import GRADIENT, OPTIMIZER, UPDATE, Parameter
from labdeck.debugger.hooks.torch_reductions import Pending, TensorReducer, array_of, fetch, is_on_device, is_quick
from labdeck.debugger.hooks.torch_taken import Taken
from labdeck.debugger.reducing import Row
from labdeck.store.tensors.given import given
from labdeck.store.tensors.layout import Column, Layout, TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.plan import Plan

MOST_DENSE = 64 << 20
"""Bytes that a sparse tensor may take as a whole array; larger ones are left out."""
State = Callable[[Any], Mapping[str, Any]]
"""What the optimizers keep of a parameter, by its name there."""


class Measured:
    """What was measured at one step.

    Attributes:
        plan: What was due.
        row: float64, shape (plan.layout.width,); NaN for what there is not.
        taken: Inputs, outputs, predictions and labels.
        arrays: Whole arrays.
        pending: What is still on its way from a device.
        before: The parameters as they were before the optimizer's step, by name.
        losses: Losses by name.
        unscale: What the gradients are multiplied by; None for 1.
        is_late: The gradients come only within the optimizer's step.
        has_passed: The model was called in this step.
        left_out: Sparse tensors whose whole arrays would be too large.
        cost: Seconds that were spent.
    """

    def __init__(self, plan: Plan | None) -> None:
        self.plan = plan
        self.row: Row = _empty(plan)
        self.taken = Taken()
        self.arrays: dict[str, Any] = {}
        self.pending: list[Pending] = []
        self.before: dict[str, Any] = {}
        self.losses: dict[str, float] = {}
        self.unscale: Any = None
        self.is_late = False
        self.has_passed = False
        self.left_out: list[str] = []
        self.cost = 0.0

    def renew(self, plan: Plan | None) -> None:
        """Take another plan, before anything but the modules was looked at."""
        if plan is not self.plan:
            self.plan = plan
            self.row = _empty(plan)

    @property
    def is_on_its_way(self) -> bool:
        """Something has still to come from a device."""
        return bool(self.pending or self.taken.pending)

    def put(self, pending: Pending | None) -> None:
        """Take in what is still on its way."""
        if pending is not None:
            self.pending.append(pending)

    def keep(self, name: str, tensor: Any) -> None:
        """Keep a whole tensor; one of a device begins its way."""
        if tensor is None:
            return
        dense = tensor.detach()
        if not is_quick(dense) and dense.layout is not torch().strided:
            if dense.numel() * dense.element_size() > MOST_DENSE:
                self.left_out.append(name)
                return
            dense = dense.to_dense()
        if not is_on_device(dense):
            self.arrays[name] = dense
            return
        copy, shape = fetch([dense]), tuple(dense.shape)

        def arrive() -> None:
            self.arrays[name] = copy().reshape(shape)

        self.pending.append(Pending(arrive))


def _empty(plan: Plan | None) -> Row:
    row = np.empty(0 if plan is None else plan.layout.width)
    row.fill(np.nan)
    return row


class Program:
    """One plan, worked out for the parameters of one model.

    Args:
        plan: What is due.
        parameters: Of the model, by name.
    """

    def __init__(self, plan: Plan, parameters: Mapping[str, Parameter]) -> None:
        self.plan = plan
        self.columns = columns = columns_of(plan.layout)
        self.scalars: dict[str, int] = {}
        self._weights: list[tuple[str, Parameter]] = []
        self._gradients: list[tuple[str, Parameter]] = []
        self._states: list[tuple[str, Parameter, str]] = []
        self._updates: list[tuple[int, Parameter]] = []
        self._ends: list[tuple[str, tuple[str, ...], list[Column]]] = []
        for info in plan.layout.tensors:
            self._sort(info, parameters.get(info.parameter), columns[info.name])
        names = [name for name, _ in (*self._weights, *self._gradients)]
        self._reducer = TensorReducer([columns[name] for name in names])
        self._state_reducer = TensorReducer([columns[name] for name, _, _ in self._states])
        count = len(self._updates)
        places = [Column(number, "l2", number) for number in range(2 * count)]
        self._distances = TensorReducer([[place] for place in places])
        self._update_row = np.empty(2 * count)
        self._update_places = np.array([place for place, _ in self._updates], np.intp)
        whole = frozenset((*plan.arrays, *plan.flight))
        self.whole = whole
        self._whole_weights = [one for name, one in parameters.items() if name in whole]
        self._whole_gradients = [one for name, one in parameters.items() if GRADIENT + name in whole]
        self._copied = {one.name: one for one in (*self._whole_weights, *(one for _, one in self._updates))}
        self._buffer = np.empty(0, np.float32)
        telling = {name: _telling(columns[name]) for name, _ in self._gradients}
        self.watched = [(name, one) for name, one in self._gradients if telling[name] is not None]
        self.watched_places = np.array([telling[name] for name, _ in self.watched], np.intp)

    def _sort(self, info: TensorInfo, parameter: Parameter | None, columns: list[Column]) -> None:
        name = info.name
        if parameter is None:
            values = [column.start for column in columns if column.reduction == "value"]
            if values and not info.module_type:
                self.scalars[name] = values[0]
            if columns:
                self._ends.append((name, tuple(column.reduction for column in columns), columns))
        elif name == info.parameter:
            self._weights.append((name, parameter))
        elif name.startswith(GRADIENT):
            self._gradients.append((name, parameter))
        elif name.startswith(UPDATE):
            self._updates += [(column.start, parameter) for column in columns]
        elif name.startswith(OPTIMIZER):
            self._states.append((name, parameter, name.rsplit("/", 1)[-1]))

    # -- the two halves of a step ----------------------------------------------------------------------------------

    def hold(self, measured: Measured) -> None:
        """Keep the parameters as they are, before the optimizer changes them."""
        if self._copied:
            measured.before = self._copy(list(self._copied.values()))

    def before(self, measured: Measured) -> None:
        """Take weights and gradients: right before the optimizer changes the weights, or, of a late step, after it."""
        if not measured.is_late:
            self.hold(measured)
        held = measured.before
        unscale = measured.unscale
        chosen = [one for _, one in self._gradients]
        gradients = [_gradient(one, unscale) for one in chosen]
        if self._weights or gradients:
            weights = [held.get(one.name, one.value.detach()) for _, one in self._weights]
            measured.put(self._reducer.fill([*weights, *gradients], measured.row))
        for one in self._whole_weights:
            measured.keep(one.name, held.get(one.name, one.value))
        for one in self._whole_gradients:
            measured.keep(GRADIENT + one.name, _gradient(one, unscale))

    def _copy(self, chosen: Sequence[Parameter]) -> dict[str, Any]:
        """Return copies of parameters; those that numpy can read side by side in memory that is used again."""
        library = torch()
        quick = [one for one in chosen if one.value.dtype is library.float32 and is_quick(one.value)]
        arrays = [array_of(one.value) for one in quick]
        flat = [array.reshape(-1) for array in arrays if array is not None]
        size = sum(array.size for array in flat)
        if self._buffer.size != size:
            self._buffer = np.empty(size, np.float32)
        copies: dict[str, Any] = {}
        if flat:
            np.concatenate(flat, out=self._buffer)
        start = 0
        for one, array in zip(quick, flat, strict=True):
            copies[one.name] = library.from_numpy(self._buffer[start : start + array.size].reshape(one.value.shape))
            start += array.size
        for one in chosen:
            if one.name not in copies:
                copies[one.name] = one.value.detach().clone()
        return copies

    def after(self, measured: Measured, state: State) -> None:
        """Take what the optimizer has made of it: how far the weights moved, and what it keeps."""
        if self._updates:
            self._measure_updates(measured)
        if self._states:
            values = [state(one.value).get(key) for _, one, key in self._states]
            measured.put(self._state_reducer.fill(values, measured.row))
            for (name, _, _), value in zip(self._states, values, strict=True):
                if name in self.whole:
                    measured.keep(name, value)

    def _measure_updates(self, measured: Measured) -> None:
        """Measure |after - before| / |before| in the 2-norm; 0 where nothing moved, infinite from 0 on."""
        before = [measured.before.get(one.name) for _, one in self._updates]
        with torch().no_grad():
            moved = [
                None if old is None or old.shape != one.value.shape else one.value.detach() - old
                for (_, one), old in zip(self._updates, before, strict=True)
            ]
        row = self._update_row
        pending = self._distances.fill([*moved, *before], row)

        def arrive() -> None:
            count = len(self._updates)
            with np.errstate(all="ignore"):
                ratios = row[:count] / row[count:]
            ratios[row[:count] == 0] = 0.0
            measured.row[self._update_places] = ratios

        if pending is None:
            arrive()
        else:
            measured.put(pending)
            measured.put(Pending(arrive))

    # -- its end ---------------------------------------------------------------------------------------------------

    def complete(self, measured: Measured) -> None:
        """Wait for what is on its way, and put what was taken of the modules into the row."""
        for pending in (*measured.pending, *measured.taken.pending):
            pending.arrive()
        for name, value in measured.losses.items():
            if name in self.scalars:
                measured.row[self.scalars[name]] = given(value)
        for name, reductions, columns in self._ends:
            found = measured.taken.rows.get(name)
            if found is None:
                continue
            if found[0] == reductions:
                start = 0
                for column in columns:
                    measured.row[column.start : column.start + column.width] = found[1][start : start + column.width]
                    start += column.width
        for name, tensor in measured.taken.arrays.items():
            if name in self.whole:
                measured.keep(name, tensor.cpu())


def columns_of(layout: Layout) -> dict[str, list[Column]]:
    """Return the columns of each tensor."""
    columns: dict[str, list[Column]] = {info.name: [] for info in layout.tensors}
    for column in layout.columns:
        columns[layout.tensors[column.tensor].name].append(column)
    return columns


def _telling(columns: Sequence[Column]) -> int | None:
    """Return the place of a reduction that is finite only if all numbers are."""
    places = {column.reduction: column.start for column in columns}
    return next((places[name] for name in ("l2", "abs_mean", "l1", "mean", "sum", "max") if name in places), None)


def _gradient(parameter: Parameter, unscale: Any) -> Any:
    """Return the gradient of a parameter, None if it has none."""
    gradient = parameter.value.grad
    return gradient if unscale is None or gradient is None else gradient / unscale.to(gradient.device)
