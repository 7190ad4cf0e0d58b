"""What a process does with PyTorch, told to those who watch: losses, backward passes, steps of optimizers.

Functions of the library are replaced only while somebody watches, and whoever watches learns nothing while code is
traced by `torch.compile`, so that its graphs stay whole.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from labdeck.debugger.hooks.torch_heard import Differentiated, LossCall
from labdeck.debugger.hooks.torch_library import is_compiling, library_folder, torch
from labdeck.debugger.origin import line_here

_LOSSES = (
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "ctc_loss",
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss",
    "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
)  # fmt: skip
_PAIRS = frozenset(_LOSSES) - {
    "cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
}  # fmt: skip
"""Losses whose first two arguments are what the model says and what is true."""


class Watcher(Protocol):
    """Who is told."""

    def before_step(self, optimizer: Any, closure: bool) -> None:
        """An optimizer is about to step."""

    def after_step(self, optimizer: Any) -> None:
        """It has."""

    def step_was_skipped(self, optimizer: Any) -> None:
        """A gradient scaler found infinities, and let the optimizer not step."""

    def saw_loss(self, call: LossCall) -> None:
        """A loss was computed."""

    def before_backward(self, loss: Differentiated) -> None:
        """A loss is about to be differentiated."""

    def after_backward(self, loss: Differentiated) -> None:
        """It was."""


class Recent(threading.local):
    """What this thread is doing.

    Attributes:
        depth: How many losses are being computed inside of each other.
        scaled, unscaled: What a gradient scaler made of a loss, and that loss.
        steps: Optimizers that have stepped, as often as they have.
        is_tracing: A pass is run once more, to find out where a number was made: nobody is told of it.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.scaled: Any = None
        self.unscaled: Any = None
        self.steps = 0
        self.is_tracing = False


recent = Recent()
_watchers: list[Watcher] = []
_undo: list[Callable[[], None]] = []
_turn = threading.RLock()


def join(watcher: Watcher) -> None:
    """Tell somebody from now on."""
    with _turn:
        if not _watchers:
            _install()
        _watchers.append(watcher)


def leave(watcher: Watcher) -> None:
    """Tell somebody no more; the last one's leaving takes everything back."""
    with _turn:
        if watcher not in _watchers:
            return
        _watchers.remove(watcher)
        if not _watchers:
            while _undo:
                _undo.pop()()


def _install() -> None:
    library = torch()
    steps = sys.modules["torch.optim.optimizer"]  # torch.optim does not name it
    _undo.append(steps.register_optimizer_step_pre_hook(_before_step).remove)
    _undo.append(steps.register_optimizer_step_post_hook(stepped).remove)
    _replace(library.Tensor, "backward", _backward)
    for name in _LOSSES:
        if hasattr(library.nn.functional, name):
            _replace(library.nn.functional, name, functools.partial(_loss, name))
    _replace(library.amp.grad_scaler.GradScaler, "scale", _scale)
    _replace(library.amp.grad_scaler.GradScaler, "step", _scaler_step)


def _replace(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    before = vars(owner)[name]
    after = functools.wraps(before)(make(before))
    setattr(owner, name, after)

    def restore() -> None:
        if vars(owner).get(name) is after:  # what somebody else has put on top since stays
            setattr(owner, name, before)

    _undo.append(restore)


# -- what is put in the place of the library's -------------------------------------------------------------------------


def _before_step(optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    closure = any(one is not None for one in args[1:2]) or kwargs.get("closure") is not None  # the first is itself
    stepping(optimizer, closure=closure)


def stepping(optimizer: Any, *, closure: bool = False) -> None:
    """An optimizer is about to step."""
    for watcher in tuple(_watchers):
        watcher.before_step(optimizer, closure)


def stepped(optimizer: Any, *_: Any) -> None:
    """It has."""
    recent.steps += 1
    for watcher in tuple(_watchers):
        watcher.after_step(optimizer)


def skipped(optimizer: Any) -> None:
    """Gradients were not finite, and it does not step."""
    for watcher in tuple(_watchers):
        watcher.step_was_skipped(optimizer)


def _backward(original: Callable[..., Any]) -> Callable[..., Any]:
    def backward(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not _watchers or is_compiling() or recent.is_tracing or (self.ndim and self.numel() != 1):
            return original(self, *args, **kwargs)
        loss = _differentiated(self)
        told = tuple(_watchers)
        for watcher in told:
            watcher.before_backward(loss)
        found = original(self, *args, **kwargs)
        for watcher in told:
            watcher.after_backward(loss)
        return found

    return backward


def _differentiated(root: Any) -> Differentiated:
    mine, plain = recent, root
    if mine.scaled is not None:
        plain = mine.unscaled if mine.scaled() is root else root
        mine.scaled = mine.unscaled = None
    value = _number(plain) if plain.is_cpu else plain.detach()
    return Differentiated(value, root.grad_fn)


def _number(loss: Any) -> float:
    value = loss.item()
    return abs(value) if isinstance(value, complex) else float(value)


def _scale(original: Callable[..., Any]) -> Callable[..., Any]:
    def scale(self: Any, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        scaled = original(self, outputs, *args, **kwargs)
        if getattr(outputs, "ndim", None) == 0:
            recent.scaled, recent.unscaled = weakref.ref(scaled), outputs.detach()
        return scaled

    return scale


def _scaler_step(original: Callable[..., Any]) -> Callable[..., Any]:
    def step(self: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        before = recent.steps
        found = original(self, optimizer, *args, **kwargs)
        if recent.steps == before:
            skipped(optimizer)
        return found

    return step


def _loss(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def loss(*args: Any, **kwargs: Any) -> Any:
        if not _watchers or is_compiling() or recent.is_tracing:
            return original(*args, **kwargs)
        recent.depth += 1
        try:
            value = original(*args, **kwargs)
        finally:
            recent.depth -= 1
        again = functools.partial(original, *args, **kwargs)
        kind = "batchmean" if name == "kl_div" else "mean"  # of the other mean of this one the library warns
        mean = functools.partial(again, reduction=kind) if kwargs.get("reduction") == "sum" else None
        note_loss(name, value, args, kwargs, again, mean, pair=name in _PAIRS)
        return value

    # `torch.jit.script` compiles the sources of what it meets; this is how it is led to the original.
    vars(loss).update({"__script_if_tracing_wrapper": True, "__original_fn": original})
    return loss


def note_loss(
    name: str,
    value: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    again: Callable[[], Any],
    mean: Callable[[], Any] | None = None,
    *,
    pair: bool,
) -> None:
    """A loss was computed.

    Args:
        name: Of the function, or the class of the module.
        value: What came out.
        args: What it was computed from.
        kwargs: The rest of that.
        again: Computes it once more.
        mean: Computes its mean, if it is a sum over a batch: sums of batches of different sizes cannot be compared.
        pair: The first two arguments are what the model says and what is true.
    """
    if recent.depth or recent.is_tracing or not torch().is_tensor(value):
        return
    predictions, labels = _pair(args, kwargs) if pair else (None, None)
    plain = value.detach() if mean is None else _mean(value.detach(), mean)
    call = LossCall(name, plain, predictions, labels, value.grad_fn, again, line_here(library_folder()))
    for watcher in tuple(_watchers):
        watcher.saw_loss(call)


def _mean(value: Any, compute: Callable[[], Any]) -> Any:
    library = torch()
    recent.depth += 1
    try:
        with library.no_grad():
            mean = compute()
            return library.where(mean.isfinite(), mean, value)  # that of nothing is no number
    finally:
        recent.depth -= 1


def _pair(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return what the model says and what is true; both or neither."""
    found = (*args, *(kwargs[key] for key in ("input", "target") if key in kwargs))[:2]
    tensors = [one.detach() for one in found if torch().is_tensor(one)]
    return (tensors[0], tensors[1]) if len(tensors) == 2 else (None, None)  # noqa: PLR2004 - a pair


def _after_fork() -> None:
    """Tell nobody in a child: what it does is its own."""
    global _turn  # noqa: PLW0603 - whoever held it is not in the child
    _turn = threading.RLock()
    _watchers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
