"""Records training loops that people write themselves with PyTorch: the loss, the learning rate, the optimizer.

Per step it costs a look-up; a loss on a GPU is copied in the background and read when it has arrived.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from labdeck.runs import active
from labdeck.runs.autolog import loops, models, nesting, options, patching
from labdeck.runs.autolog.loops import Loop
from labdeck.runs.autolog.place import Place

NAME = "torch"
STEP = "torch.step"
_MOST_GROUPS = 8

_loops: weakref.WeakKeyDictionary[Any, Loop] = weakref.WeakKeyDictionary()


class _Seen(threading.local):
    """What the thread has differentiated since its last step.

    Attributes:
        loss: The latest one, detached; None if there was none.
        scaled, unscaled: What a gradient scaler made of a loss, and that loss.
    """

    loss: Any = None
    scaled: Any = None
    unscaled: Any = None


_seen = _Seen()


def install(module: ModuleType) -> None:
    """Observe the steps of every optimizer, and every loss that is differentiated by `backward`."""
    patching.observe(STEP, NAME, lambda *_: None)
    optimizers = sys.modules["torch.optim.optimizer"]  # torch.optim does not name it
    handle = optimizers.register_optimizer_step_post_hook(_after_step_with(module))
    patching.on_restore(NAME, handle.remove)
    patching.on_restore(NAME, loops.end_all)
    _replace(module.Tensor, "backward", _backward)
    scaler = getattr(getattr(module.amp, "grad_scaler", None), "GradScaler", None)
    if scaler is not None:
        _replace(scaler, "scale", _scale)


def _replace(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    before = vars(owner)[name]
    patching.put(NAME, owner, name, functools.wraps(before)(make(before)))


def _backward(original: Callable[..., Any]) -> Callable[..., Any]:
    def backward(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not nesting.busy():
            patching.guarded(NAME, _note_loss, self)
        return original(self, *args, **kwargs)

    return backward


def _note_loss(loss: Any) -> None:
    if loss.ndim == 0:
        scaled = _seen.scaled
        _seen.loss = _seen.unscaled if scaled is not None and scaled() is loss else loss.detach()


def _scale(original: Callable[..., Any]) -> Callable[..., Any]:
    def scale(self: Any, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        scaled = original(self, outputs, *args, **kwargs)
        patching.guarded(NAME, _note_scaled, scaled, outputs)
        return scaled

    return scale


def _note_scaled(scaled: Any, outputs: Any) -> None:
    if getattr(outputs, "ndim", None) == 0:
        _seen.scaled, _seen.unscaled = weakref.ref(scaled), outputs.detach()


def _after_step_with(module: ModuleType) -> Callable[[Any, Any, Any], None]:
    def after_step(optimizer: Any, *_: Any) -> None:
        if patching.is_observed(STEP) and not nesting.busy():
            patching.guarded(NAME, _count, module, optimizer)

    return after_step


def _count(module: ModuleType, optimizer: Any) -> None:
    loop = _loops.get(optimizer)
    if loop is None:
        if int(os.environ.get("RANK", "0") or 0) != 0:
            return  # of processes that train one model together, the first tells
        loop = _loops[optimizer] = Loop(options.current().every)
    number, loop.steps = loop.steps, loop.steps + 1
    if number % loop.every == 0:
        _record(module, optimizer, loop)


def _record(module: ModuleType, optimizer: Any, loop: Loop) -> None:
    trial = active.innermost()
    if loop.place is not None and not loop.belongs_to(trial):
        _conclude(loop, loop.place)
        loops.end_own(loop.place.trial)
        loop.place = None
    if loop.place is None:
        model = find_model(module, optimizer)
        name = type(optimizer).__name__ if model is None else type(model).__name__
        loop.place = loops.open_loop(NAME, name, optimizer, trial)
        loop.started_at = loop.steps - 1
        loop.place.params(_facts(optimizer, model))
        active.before_leaving(loop.place.trial, functools.partial(patching.guarded, NAME, _conclude, loop, loop.place))
        if model is not None and options.current().log_models:
            loop.model = model
    step = loop.steps - 1 - loop.started_at
    metrics = _rates(optimizer)
    loss, _seen.loss = _seen.loss, None
    if loss is not None and loss.device.type == "cpu":
        metrics["train:loss"] = loss.item()
    elif loss is not None:
        loop.send(module, loss, step)
    loop.place.log(metrics, step=step)
    if loop.sent:
        loop.receive(wait=False)


def _conclude(loop: Loop, place: Place) -> None:
    """Record what is still on its way, and the model, before the trial ends."""
    if loop.place is not place:
        return
    loop.receive(wait=True)
    if loop.model is not None:
        models.keep_state(place, loop.model)
    loop.model = None


def _rates(optimizer: Any) -> dict[str, float]:
    groups = optimizer.param_groups[:_MOST_GROUPS]
    return {
        f"lr:{number}" if number else "lr": float(group["lr"]) for number, group in enumerate(groups) if "lr" in group
    }


def _facts(optimizer: Any, model: Any) -> dict[str, object]:
    first = {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}
    counted = [p.numel() for group in optimizer.param_groups for p in group["params"]]
    facts: dict[str, object] = {"optimizer": type(optimizer).__name__, **first, "trained_parameters": sum(counted)}
    if model is not None:
        facts |= {"model": type(model).__name__, "model_parameters": sum(p.numel() for p in model.parameters())}
    return facts


def find_model(module: ModuleType, optimizer: Any) -> Any:
    """Return the model that an optimizer trains: of all in memory with its parameters the largest; None if none has.

    An optimizer does not know its model. Looking at everything takes some ten milliseconds, once per loop.
    """
    base = module.nn.Module
    wanted = {id(p) for group in optimizer.param_groups for p in group["params"]}
    is_model: dict[type, bool] = {}
    best, most = None, (0, False, 0)
    for found in gc.get_objects():
        kind = type(found)
        if kind not in is_model:
            is_model[kind] = issubclass(kind, base)
        if not is_model[kind]:
            continue
        try:
            params = [id(p) for p in found.parameters()]
        except Exception:  # noqa: BLE001, S112 - one that is not made yet, or was unmade
            continue
        # Of a model and the one around it, which have the same parameters, the outer one has more modules.
        size = (len(params), not kind.__module__.startswith("torch."), sum(1 for _ in found.modules()))
        if size > most and not wanted.isdisjoint(params):
            best, most = found, size
    return best
