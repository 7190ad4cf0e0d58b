"""What a process does with Keras on PyTorch, told as if PyTorch did it: losses, steps, and which mode it is.

Methods of the library are surrounded only while somebody watches. A step of training is told when its batch has ended,
so that the metrics of the batch belong to it.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.calls import Calls
from labdeck.debugger.hooks.keras_arrays import KerasArrays
from labdeck.debugger.hooks.keras_followers import followed, owner_of
from labdeck.debugger.hooks.keras_library import NAME, backend, layers_in, value_of
from labdeck.debugger.hooks.keras_optimizer import KerasOptimizer, seen_as_torch
from labdeck.debugger.hooks.torch_library import is_compiling, torch
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog import importing
from labdeck.runs.autolog.patching import argument, warn
from labdeck.runs.autolog.place import floats
from labdeck.wire.debugging import Mode

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub

_MODES: dict[str, Mode] = {
    "fit": "TRAIN", "train_on_batch": "TRAIN", "evaluate": "EVAL", "test_on_batch": "EVAL",
    "predict": "PREDICT", "predict_on_batch": "PREDICT",
}  # fmt: skip


class Watcher(Protocol):
    """Who watches a model of Keras."""

    def batch_ended(self, model: Any, mode: Mode, values: Mapping[str, float]) -> None:
        """A batch of a call of the model has ended, with these metrics."""


class _Call(NamedTuple):
    """A call that trains, evaluates or asks a model."""

    model: Any
    mode: Mode
    is_loop: bool


class _Applying:
    """An optimizer that is given gradients."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.variables: list[Any] = []
        self.begun: KerasOptimizer | None = None


class _Doing(threading.local):
    """What this thread does with Keras.

    Attributes:
        calls: Calls of models, the innermost last.
        applying: Optimizers that are given gradients, the innermost last.
        stepped: One whose step has not been told yet.
        steps: How many steps optimizers have made.
    """

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.applying: list[_Applying] = []
        self.stepped: KerasOptimizer | None = None
        self.steps = 0


_doing = _Doing()
_calls: Calls | None = None
_joined: list[object] = []
_turn = threading.RLock()
_told: weakref.WeakSet[Any] = weakref.WeakSet()
watchers: list[Watcher] = []
"""Those who are told of batches."""


class KerasCalls:
    """Has Keras told of until it is closed; as soon as it is imported if it is not yet.

    On PyTorch it watches nothing itself; on another backend it does.

    Args:
        maker: Makes the hubs there.
        model: Only this one is watched there; None for all.
    """

    def __init__(self, maker: HubMaker, model: Any = None) -> None:
        self._maker, self._model = maker, model
        self._arrays: KerasArrays | None = None
        self._owner = f"debugger-{id(self)}"
        if is_enabled():
            importing.when_imported(NAME, self._owner, self._install)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of models on another backend."""
        return [] if self._arrays is None else self._arrays.hubs

    def _install(self, module: ModuleType) -> None:
        global _calls  # noqa: PLW0603 - a method is surrounded once, however many watch
        if backend() != "torch":
            self._arrays = self._arrays or KerasArrays(self._maker, module, self._model)
            return
        with _turn:
            if self not in _joined:
                _joined.append(self)
                _calls = _calls or _surround(module)

    def close(self) -> None:
        """Have it told no more; the last one takes everything back."""
        global _calls  # noqa: PLW0603
        importing.forget(self._owner)
        if self._arrays is not None:
            self._arrays.close()
        with _turn:
            if self in _joined:
                _joined.remove(self)
            if not _joined and _calls is not None:
                _calls.restore()
                _calls = None


def _surround(module: ModuleType) -> Calls:
    calls = Calls()
    for name in _MODES:
        calls.around_method(owner_of(module.Model, name), name, _call_of(module, name))
    for name in ("compute_loss", "_compute_loss"):
        calls.around_method(owner_of(module.Model, name), name, _model_loss)
    calls.around_method(module.losses.Loss, "__call__", _loss)
    optimizer = module.optimizers.Optimizer
    calls.around_method(owner_of(optimizer, "apply"), "apply", _apply)
    calls.around_method(owner_of(optimizer, "_backend_apply_gradients"), "_backend_apply_gradients", _take_variables)
    calls.around_method(owner_of(optimizer, "_clip_gradients"), "_clip_gradients", _clip)
    scaler = module.optimizers.LossScaleOptimizer
    calls.around_method(scaler, "apply", _apply_scaled)
    for kind in (owner_of(optimizer, "scale_loss"), scaler):
        calls.around_method(kind, "scale_loss", _scale)
    return calls


# -- calls of models ---------------------------------------------------------------------------------------------------


def mode_of(model: Any) -> Mode | None:
    """Return what this thread does with a model, or one that holds it; None if no call says so."""
    return next((call.mode for call in reversed(_doing.calls) if _holds(call.model, model)), None)


def _holds(outer: Any, inner: Any) -> bool:
    return outer is inner or any(_holds(one, inner) for one in layers_in(outer))


def end_loops(model: Any) -> bool:
    """Have the `fit` that goes on with a model, or one that holds it, end as after early stopping; say if one does."""
    if not any(call.is_loop and call.mode == "TRAIN" and _holds(call.model, model) for call in _doing.calls):
        return False
    for call in _doing.calls:
        for flag in ("stop_training", "stop_evaluating", "stop_predicting"):
            setattr(call.model, flag, True)
    return True


def _call_of(module: ModuleType, name: str) -> Callable[..., Any]:
    mode, is_loop = _MODES[name], not name.endswith("_on_batch")

    def around(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not args or is_compiling():
            return original(*args, **kwargs)
        model = args[0]
        if mode == "TRAIN" and getattr(model, "jit_compile", False) is True:
            _tell_of_compiling(model)
        flush()
        _doing.calls.append(_Call(model, mode, is_loop))
        try:
            if is_loop:
                ended = functools.partial(_batch_ended, model)
                with followed(module, original, args, kwargs, ended) as (given, named):
                    return original(*given, **named)
            found = original(*args, **kwargs)
            if not is_loop:
                _batch_ended(model, mode, model.get_metrics_result() if mode != "PREDICT" else {})
            return found
        finally:
            _doing.calls.pop()
            flush()

    return around


def _tell_of_compiling(model: Any) -> None:
    if model not in _told:
        _told.add(model)
        warn(
            f"Labdeck: steps of {type(model).__name__} are compiled and not watched; compile it with jit_compile=False"
        )


def _batch_ended(model: Any, mode: Mode, logs: Mapping[str, Any]) -> None:
    if watchers:
        values = floats(logs)
        for watcher in tuple(watchers):
            watcher.batch_ended(model, mode, values)
    flush()


# -- losses ------------------------------------------------------------------------------------------------------------


def _model_loss(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    pair = argument(args, kwargs, 3, "y_pred"), argument(args, kwargs, 2, "y")
    return _noted("compute_loss", original, args, kwargs, pair)


def _loss(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    pair = argument(args, kwargs, 2, "y_pred"), argument(args, kwargs, 1, "y_true")
    return _noted(type(args[0]).__name__, original, args, kwargs, pair)


def _noted(
    name: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], pair: tuple[Any, Any]
) -> Any:
    if is_compiling():
        return original(*args, **kwargs)
    mine = events.recent
    mine.depth += 1
    try:
        value = original(*args, **kwargs)
    finally:
        mine.depth -= 1
    if torch().is_tensor(value) and not value.is_meta and not mine.depth:
        ends = tuple(_tensor(one) for one in pair)
        again = functools.partial(_again, original, args, kwargs)
        events.note_loss(name, value, ends, {}, again, pair=all(one is not None for one in ends))
    return value


def _again(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *_: Any) -> Any:
    return original(*args, **kwargs)


def _tensor(value: Any) -> Any:
    """Return predictions or labels as a tensor, None for what is no single one."""
    if torch().is_tensor(value):
        return value
    kind = getattr(value, "dtype", None)
    return torch().as_tensor(value) if getattr(kind, "kind", "") in tuple("biuf") else None


def _scale(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    loss: Any = args[1] if len(args) > 1 else kwargs.get("loss")
    scaled = original(*args, **kwargs)
    if scaled is not loss and torch().is_tensor(loss) and torch().is_tensor(scaled):
        events.recent.scaled, events.recent.unscaled = weakref.ref(scaled), loss.detach()
    return scaled


# -- optimizers --------------------------------------------------------------------------------------------------------


def flush() -> None:
    """Tell of a step that has been made."""
    stepped, _doing.stepped = _doing.stepped, None
    if stepped is not None:
        events.stepped(stepped)


def _apply(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not args or is_compiling():
        return original(*args, **kwargs)
    mine = _Applying(args[0])
    _doing.applying.append(mine)
    try:
        found = original(*args, **kwargs)
    finally:
        _doing.applying.pop()
    if mine.begun is not None:
        _doing.stepped = mine.begun
        if not (_doing.calls and _doing.calls[-1].mode == "TRAIN"):
            flush()
    return found


def _take_variables(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _doing.applying and not is_compiling():
        _doing.applying[-1].variables = list(argument(args, kwargs, 2, "trainable_variables") or ())
    return original(*args, **kwargs)


def _clip(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Tell of a step: what this returns is applied next, gathered, unscaled and clipped; weights are as before."""
    gradients = original(*args, **kwargs)
    if _doing.applying and not is_compiling():
        mine = _doing.applying[-1]
        if mine.begun is None and mine.optimizer is args[0]:
            mine.begun = seen_as_torch(args[0])
            _doing.steps += 1
            flush()
            with _in_place(mine.variables, gradients):
                events.stepping(mine.begun)
    return gradients


@contextmanager
def _in_place(variables: Iterable[Any], gradients: Iterable[Any]) -> Iterator[None]:
    """Have the parameters hold the gradients that are applied, where these are others than those that they hold."""
    before = []
    for variable, gradient in zip(variables, gradients, strict=False):
        value = value_of(variable)
        if value.grad is not gradient and _fits(value, gradient):
            before.append((value, value.grad))
            value.grad = gradient.detach()
    try:
        yield
    finally:
        for value, gradient in before:
            value.grad = gradient


def _fits(value: Any, gradient: Any) -> bool:
    return (
        torch().is_tensor(gradient)
        and (gradient.shape, gradient.dtype, gradient.device) == (value.shape, value.dtype, value.device)
        and value.requires_grad
    )


def _apply_scaled(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    before = _doing.steps
    found = original(*args, **kwargs)
    if _doing.steps == before and not is_compiling():
        inner = args[0].inner_optimizer
        if not getattr(inner, "gradient_accumulation_steps", None):
            events.skipped(seen_as_torch(inner))
    return found
