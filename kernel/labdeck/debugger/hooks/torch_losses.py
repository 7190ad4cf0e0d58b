"""Losses of one PyTorch model, and what they were computed from: predictions and labels."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_compiling, torch, type_name
from labdeck.debugger.hooks.torch_reductions import Pending, fetch, is_on_device
from labdeck.errors import UsageError
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_events import LossCall
    from labdeck.debugger.hooks.torch_program import Measured, Program


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
            name = type(module).__name__
            self._isolated(lambda: events.note_loss(name, value, args, kwargs, module.forward, pair=True))

    def release(self) -> None:
        """Hear no more of them."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


def _enter(*_: Any) -> None:
    if not is_compiling():
        events.recent.depth += 1


class Losses:
    """Puts losses, predictions and labels where they belong."""

    def __init__(self) -> None:
        self._ends: dict[str, Any] = {}

    def put(self, measured: Measured, roots: Sequence[Any], calls: Sequence[LossCall]) -> None:
        """Take in what was differentiated and computed since the last step.

        The loss of a step is the mean of what was differentiated, over the passes that its gradient was gathered from;
        where nothing was, that of the losses that were computed, if all are of one kind.
        """
        kinds: dict[str, list[Any]] = {}
        for call in calls:
            kinds.setdefault(call.name, []).append(call.value)
        chosen: Sequence[Any] = roots
        if not roots and len(kinds) == 1:
            chosen = next(iter(kinds.values()))
        if chosen:
            measured.put(_mean(chosen, measured.losses, "loss"))
        if len(kinds) > 1:
            for name, values in kinds.items():
                measured.put(_mean(values, measured.losses, f"loss/{name}"))
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


def _mean(values: Sequence[Any], losses: dict[str, float], name: str) -> Pending | None:
    """Put the mean of losses, numbers or tensors, where it belongs: now, or when it has come from its device."""
    if not any(not isinstance(value, float) and is_on_device(value) for value in values):
        losses[name] = sum(map(_total, values)) / len(values)
        return None
    library = torch()
    tensors = [library.tensor(value) if isinstance(value, float) else value.detach() for value in values]
    copy = fetch([tensor.double().mean().reshape(1) for tensor in sorted(tensors, key=_is_cpu)])

    def arrive() -> None:
        losses[name] = float(np.mean(copy()))

    return Pending(arrive)


def _is_cpu(tensor: Any) -> bool:
    return bool(tensor.is_cpu)


def _total(value: Any) -> float:
    """Return a loss as a number: one that was not reduced counts with its mean."""
    if isinstance(value, float):
        return value
    value = value.detach()
    value = value.abs() if value.is_complex() else value
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
