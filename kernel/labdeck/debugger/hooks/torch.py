"""Attaches the debugger to models of PyTorch: to one that is named, or to each that is trained."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks import keras_library
from labdeck.debugger.hooks import torch_events as events
from labdeck.debugger.hooks.keras_view import module_of, unwrap
from labdeck.debugger.hooks.torch_library import is_compiling, is_module, torch
from labdeck.debugger.hooks.torch_model import NAME, Model
from labdeck.debugger.hooks.torch_taken import tensors_in
from labdeck.debugger.profiler.operators import check_steps
from labdeck.debugger.switch import is_enabled
from labdeck.runs.autolog import importing
from labdeck.runs.autolog.patching import warn
from labdeck.runs.autolog.torch import find_model

if TYPE_CHECKING:
    from types import ModuleType

    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.errors import UsageError

_TOGETHER = 8
"""Steps of the first model within which others that train together with it show."""
_EARLY = 8
"""Losses that are remembered until it is known which models train."""
_COMPILED = "Using `torch.compile"
"""How the library begins to warn of hooks that see a compiled model twice; ours do not mind."""


def can_watch(obj: object) -> bool:
    """Say whether something is a model of PyTorch, or the library itself."""
    return is_module(obj) or getattr(obj, "__name__", "") == NAME


def attach(maker: HubMaker, obj: object = None, **options: Any) -> Models | Model:
    """Watch one model, or each that is trained, until `close`; options are those of `Model`."""
    if is_module(obj):
        return Model(maker, obj, **options)
    return Models(maker, **options)


class Models:
    """Watches each model that is trained until it is closed; nothing else is known of them.

    A model is found by its first call in training; what is called may be a part of it, so that the largest model in
    memory with the same parameters is taken. What was missed is found when an optimizer steps.

    Args:
        maker: Makes the hubs: each model has its own.
        loss, profile: As of `Model`.
        together: Watch only what trains together with the first one, as a generator and its critic do.
    """

    def __init__(self, maker: HubMaker, loss: Any = None, *, profile: bool = True, together: bool = False) -> None:
        self._maker = maker
        self._loss = loss
        self._profile = profile
        self._together = together
        self._place = (os.getpid(), threading.get_ident())
        self._undo: list[Callable[[], None]] = []
        self._refused: set[type] = set()
        self._closing: Any = None
        self._is_closed = False
        self._operators = 0
        self._heard: list[Any] = []
        self.models: list[Model] = []
        self._owner = f"debugger-{id(self)}"
        if is_enabled():
            importing.when_imported(NAME, self._owner, self._install)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the models that were watched."""
        return [hub for model in self.models for hub in model.hubs]

    def operators(self, steps: int) -> None:
        """Have PyTorch's own profiler look at the next steps, or at the first ones of each model; UsageError."""
        self._operators = check_steps(steps)
        for model in self.models:
            model.operators(steps)

    def _install(self, module: ModuleType) -> None:
        if self._undo:
            return
        handle = module.nn.modules.module.register_module_forward_pre_hook(self._called)
        self._undo.append(handle.remove)
        self._undo.append(_quietly())
        events.join(self)

    def _look_again(self) -> None:
        """Look for models once more when the trial of what trained has ended: another may train next."""
        if not self._is_closed and self._maker.trial is None and os.getpid() == self._place[0]:
            self.release()
            self._install(sys.modules[NAME])

    @property
    def is_waiting(self) -> bool:
        """What trains next will be watched."""
        return bool(self._undo) or any(model.is_waiting for model in self.models)

    def _called(self, module: Any, args: Any) -> None:
        if is_compiling() or (os.getpid(), threading.get_ident()) != self._place or not module.training:
            return
        if keras_library.is_symbolic(args):
            return
        if not torch().is_grad_enabled() or self._knows(module) or any(one.is_meta for one in tensors_in(args)):
            return
        if any(parameter.requires_grad for parameter in module.parameters()):
            self._isolated(self._meet, module, args)

    def _knows(self, module: Any) -> bool:
        inner = unwrap(module).root if type(module).__name__ == "OptimizedModule" else module
        return any(inner is part for model in self.models for part in model.root.modules())

    def _meet(self, module: Any, args: Any) -> None:
        parts = SimpleNamespace(param_groups=[{"params": list(module.parameters())}])
        found = find_model(torch(), parts)
        own = unwrap(module).root
        root = unwrap(own if found is None else found).root
        if not any(part is module_of(own) for part in root.modules()):
            root = own
        is_whole = own is root
        model = self._watch(root if not is_whole else module, called=module)
        if model is not None and model.feed is not None:
            if self._closing is not None:
                model.feed.before_step(self._closing, closure=True)
            model.feed.enter(module, args, {})  # its hooks come too late for this call

    def _watch(self, model: Any, called: Any = None) -> Model | None:
        running = [hub for hub in self.hubs if hub.is_on]
        if self._together and any(hub.steps["TRAIN"] > _TOGETHER for hub in running):
            self.release()
            name = type(unwrap(model).root).__name__
            running[0].say(f"{name} is trained, too, and not watched; name it in a labdeck.watch of its own")
            return None
        from labdeck.errors import UsageError

        try:
            found = Model(
                self._maker, model, (), self._loss, profile=self._profile, called=called, ended=self._look_again
            )
        except UsageError as error:
            self._refuse(model, error)
            return None
        if found.is_follower:
            self.release()
            return None
        if found.feed is None:
            found.begin()
        if self._operators:
            found.operators(self._operators)
        self.models.append(found)
        return found

    def _refuse(self, model: Any, error: UsageError) -> None:
        if type(model) not in self._refused:
            self._refused.add(type(model))
            warn(f"Labdeck: {error}")

    def _isolated(self, action: Callable[..., Any], *args: Any) -> None:
        try:
            action(*args)
        except Exception as error:  # noqa: BLE001 - nothing automatic may end the user's training
            self.release()
            warn(f"Labdeck: models of PyTorch are not watched, training goes on: {error}")

    # -- what `torch_events` tells ---------------------------------------------------------------------------------

    def before_step(self, optimizer: Any, closure: bool) -> None:
        """Watch a model whose call was not seen, as long as it is not watched."""
        if (os.getpid(), threading.get_ident()) != self._place or self._is_known(optimizer):
            return
        if closure and self._undo:
            self._closing = optimizer  # the model will be called within the step
        else:
            self._isolated(self._meet_late, optimizer, closure)

    def _is_known(self, optimizer: Any) -> bool:
        return any(model.feed is not None and model.feed.inventory.is_ours(optimizer) for model in self.models)

    def _meet_late(self, optimizer: Any, closure: bool) -> None:
        found = find_model(torch(), optimizer)
        if found is None or type(found) in self._refused:
            return
        model = self._watch(found)
        if model is not None and model.feed is not None:
            model.feed.heard.adopt(self._heard)
            model.feed.before_step(optimizer, closure)

    def after_step(self, optimizer: Any) -> None:
        """Look at calls no longer: what trains is known."""
        if self._closing is optimizer and not self._is_known(optimizer):
            self._isolated(self._meet_late, optimizer, True)
        self._closing = None
        while self._undo:
            self._undo.pop()()
        self._heard.clear()

    def step_was_skipped(self, optimizer: Any) -> None:
        """Nothing to do."""

    def saw_loss(self, call: Any) -> None:
        """Remember it until the models are known: of one that is found late it is the first loss."""
        if self._undo:
            self._heard.append(call)
            del self._heard[:-_EARLY]

    def before_backward(self, loss: Any) -> None:
        """Remember it as well."""
        if self._undo:
            self._heard.append(loss)
            del self._heard[:-_EARLY]

    def after_backward(self, loss: Any) -> None:
        """Nothing to do."""

    # -- its end ---------------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Look for no further model."""
        importing.forget(self._owner)
        while self._undo:
            self._undo.pop()()
        events.leave(self)

    def close(self) -> None:
        """Watch no more, and take everything back."""
        self._is_closed = True
        self.release()
        for model in self.models:
            model.close()


def _quietly() -> Callable[[], None]:
    """Keep a warning of the library's back that hooks on all modules cause; return what undoes that."""
    warnings.filterwarnings("ignore", message=_COMPILED)
    kept = warnings.filters[0]

    def undo() -> None:
        with contextlib.suppress(ValueError):
            warnings.filters.remove(kept)  # type: ignore[attr-defined]

    return undo
