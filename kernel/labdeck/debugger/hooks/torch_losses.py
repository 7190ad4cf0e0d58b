"""Losses of one PyTorch model, and what they were computed from: predictions and labels."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_compiling, torch, type_name
from labdeck.debugger.hooks.torch_reductions import Pending, fetch, is_on_device
from labdeck.errors import UsageError
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_heard import LossCall, Root
    from labdeck.debugger.hooks.torch_program import Measured, Program

DIFFERENTIATED = "loss/backward"
"""What was differentiated, where that is not the loss; no rule takes it for a loss, which were to judge it twice."""
_SAME = 1e-3
"""Relative difference up to which what was differentiated is what was computed: half precision has three digits."""


class GivenLosses:
    """Hooks on modules that compute losses: of those that the user names the library knows nothing.

    Args:
        losses: The modules.
        isolated: Runs something of ours so that its failure does no harm.
    """

    def __init__(self, losses: Iterable[Any], isolated: Callable[..., Any]) -> None:
        self._losses = list(losses)
        self._isolated = isolated
        self._handles: list[Any] = []

    def hook(self) -> None:
        """Begin to hear of them."""
        for loss in self._losses:
            self._handles.append(loss.register_forward_pre_hook(Hook(_enter)))
            self._handles.append(loss.register_forward_hook(Hook(self._leave), with_kwargs=True, always_call=True))

    def _leave(self, module: Any, args: Any, kwargs: Any, value: Any) -> None:
        if is_compiling():
            return
        events.recent.depth = max(events.recent.depth - 1, 0)
        if value is not None:
            self._isolated(_note, module, args, kwargs, value)

    def release(self) -> None:
        """Hear no more of them."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


def _enter(*_: Any) -> None:
    if not is_compiling():
        events.recent.depth += 1


def _note(module: Any, args: Any, kwargs: Any, value: Any) -> None:
    again, mean = functools.partial(module.forward, *args, **kwargs), None
    if getattr(module, "reduction", "") == "sum":
        twin = copy.copy(module)
        twin.reduction = "mean"
        mean = functools.partial(twin.forward, *args, **kwargs)
    events.note_loss(type(module).__name__, value, args, kwargs, again, mean, pair=True)


class Losses:
    """Puts losses, predictions and labels where they belong.

    "loss" is the same quantity in training and in evaluations, so that they can be compared: what the function or
    module for it computed, whatever factors and penalties the training puts around it. Where that differs from what was
    differentiated, the latter is "loss/backward". Of losses of several kinds each has its name, and "loss" is what was
    differentiated; so it is where none is known.

    Args:
        warn: Has the user told something.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._ends: dict[str, Any] = {}
        self._trained: dict[str, int] = {}
        self._has_trained = False
        self._differs = False

    def train(self, measured: Measured, roots: Sequence[Root], calls: Sequence[LossCall]) -> None:
        """Take in a step: what was differentiated, or, if nothing was, the losses that were computed.

        A step may gather the gradients of several passes, and losses are means over these.
        """
        chosen = [call for root in roots for call in root.calls] if roots else calls
        self._keep_ends(chosen)
        kinds = _by_name(chosen)
        passes = max(sum(root.passes > 0 for root in roots), 1) if any(root.passes for root in roots) else len(roots)
        for name, values in kinds.items():
            self._trained[name] = max(round(len(values) / (passes or len(values))), 1)
        self._has_trained = True
        names = [name for name, values in kinds.items() for _ in values]
        values = [value for values in kinds.values() for value in values]

        def put(numbers: Sequence[float]) -> None:
            self._put(measured.losses, numbers[: len(roots)], _sums(names, numbers[len(roots) :]), passes)

        measured.put(_when_there([*(root.value for root in roots), *values], put))

    def _put(self, losses: dict[str, float], roots: Sequence[float], kinds: dict[str, float], passes: int) -> None:
        total = sum(roots)
        if len(self._trained) > 1:
            losses.update({f"loss/{name}": value / (passes or 1) for name, value in kinds.items()})
        if len(kinds) != 1:
            if roots:
                losses["loss"] = total / passes
            return
        loss = next(iter(kinds.values())) / (passes or 1)
        if roots:
            self._differs = self._differs or not math.isclose(total, loss, rel_tol=_SAME, abs_tol=_SAME**2)
            if self._differs:
                losses[DIFFERENTIATED] = total
            if not math.isfinite(total):
                loss = total  # what is wrong is in a penalty, say; the training is over all the same
        losses["loss"] = loss

    def evaluate(self, measured: Measured, calls: Sequence[LossCall]) -> None:
        """Take in a pass of another mode than TRAIN: the losses that were computed of it."""
        self._keep_ends(calls)
        kinds = _by_name(calls)
        trained = self._trained
        if kinds and self._has_trained and not any(self._is_comparable(name, kinds) for name in trained):
            self._warn(f"the loss of evaluations, {next(iter(kinds))}, is not that of the training: they differ")
        for name, values in kinds.items():
            if len(trained) == 1 and self._is_comparable(name, kinds):
                key = "loss"
            else:
                key = f"loss/{name}" if self._has_trained or len(kinds) > 1 else "loss"
            measured.put(_when_there(values, self._average(measured.losses, key, trained.get(name, 0))))

    def _is_comparable(self, name: str, kinds: dict[str, list[Any]]) -> bool:
        """Say whether a loss is computed in evaluations as often as in training, or some times as often."""
        times = self._trained.get(name, 0)
        return times > 0 and name in kinds and len(kinds[name]) % times == 0

    @staticmethod
    def _average(losses: dict[str, float], key: str, times: int) -> Callable[[Sequence[float]], None]:
        def put(numbers: Sequence[float]) -> None:
            losses[key] = sum(numbers) * (times or 1) / len(numbers)

        return put

    def _keep_ends(self, calls: Sequence[LossCall]) -> None:
        first = next((call for call in calls if call.predictions is not None), None)
        self._ends = {} if first is None else {"predictions": first.predictions, "labels": first.labels}

    def unknown_ends(self, known: Container[str]) -> dict[str, TensorInfo]:
        """Return what there is to know of predictions and labels, if they have come for the first time."""
        return {
            name: TensorInfo(name, (name,), shape=tuple(tensor.shape), dtype=type_name(tensor))
            for name, tensor in self._ends.items()
            if name not in known
        }

    def take_ends(self, measured: Measured, program: Program) -> None:
        """Take predictions and labels, as far as they are due, and let go of them."""
        for name, tensor in self._ends.items():
            columns, whole = program.columns.get(name, ()), name in program.whole
            if columns or whole:
                measured.taken.take(name, tensor, columns, whole=whole, copied=False)
        self._ends = {}


def _by_name(calls: Sequence[LossCall]) -> dict[str, list[Any]]:
    kinds: dict[str, list[Any]] = {}
    for call in calls:
        kinds.setdefault(call.name, []).append(call.value)
    return kinds


def _sums(names: Sequence[str], numbers: Sequence[float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, number in zip(names, numbers, strict=True):
        sums[name] = sums.get(name, 0.0) + number
    return sums


def _when_there(values: Sequence[Any], put: Callable[[Sequence[float]], None]) -> Pending | None:
    """Have losses, numbers or tensors, put where they belong: now, or when they have come from their device."""
    if not any(not isinstance(value, float) and is_on_device(value) for value in values):
        put([_total(value) for value in values])
        return None
    library = torch()
    tensors = [library.tensor(value) if isinstance(value, float) else _plain(value) for value in values]
    order = sorted(range(len(tensors)), key=lambda number: _is_cpu(tensors[number]))  # the first one tells the device
    fetched = fetch([tensors[number].double().mean().reshape(1) for number in order])

    def arrive() -> None:
        numbers = dict(zip(order, map(float, fetched()), strict=True))
        put([numbers[number] for number in range(len(tensors))])

    return Pending(arrive)


def _plain(value: Any) -> Any:
    value = value.detach()
    return value.abs() if value.is_complex() else value


def _is_cpu(tensor: Any) -> bool:
    return bool(tensor.is_cpu)


def _total(value: Any) -> float:
    """Return a loss as a number: one that was not reduced counts with its mean."""
    if isinstance(value, float):
        return value
    value = _plain(value)
    return float(value) if value.numel() == 1 else float(value.double().mean())


def loss_modules(given: Any) -> list[Any]:
    """Return the modules among what the user names as losses; UsageError for what can be none.

    Functions are left out: those of `torch.nn.functional` are known anyway.
    """
    if given is None:
        return []
    wanted = list(given) if isinstance(given, (list, tuple)) else [given]
    for one in wanted:
        if not callable(one):
            raise UsageError(f"{one!r} computes no loss", "give a module such as nn.CrossEntropyLoss(), or a function")
    return [one for one in wanted if isinstance(one, torch().nn.Module)]


def unknown_functions(given: Any) -> list[str]:
    """Return the names of functions among the losses whose calls nobody can see."""
    wanted = given if isinstance(given, (list, tuple)) else [given]
    known = vars(torch().nn.functional).values()
    functions = [one for one in wanted if one is not None and not isinstance(one, torch().nn.Module)]
    return [getattr(one, "__name__", repr(one)) for one in functions if not any(one is other for other in known)]
