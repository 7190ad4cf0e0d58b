"""Watches trainings of Keras on another backend than PyTorch, where a step is compiled as a whole.

What a batch shows when it has ended is recorded: its metrics, the learning rate, and the weights, read as arrays of
numpy where they are due. There are no gradients and no outputs of layers: nobody outside the step sees them.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.checkpoints import keep_file
from labdeck.debugger.hooks.calls import Calls
from labdeck.debugger.hooks.keras_followers import followed, owner_of
from labdeck.debugger.hooks.keras_library import NAME
from labdeck.debugger.hooks.keras_optimizer import seen_as_torch
from labdeck.debugger.hooks.keras_view import View
from labdeck.debugger.hooks.rows import RowFiller
from labdeck.debugger.steering import Controls
from labdeck.errors import TrainingStopped
from labdeck.runs.autolog import loops
from labdeck.runs.autolog.place import floats
from labdeck.store.tensors.given import given
from labdeck.store.tensors.layout import TensorInfo
from labdeck.wire.debugging import Mode

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.debugger.plan import Plan

_SCALARS = ("loss", "lr")


class KerasArrays:
    """Calls that train or evaluate a model are watched until it is closed.

    Args:
        maker: Makes the hubs: each model has its own.
        module: The library.
        model: Only this one is watched; None for all.
    """

    def __init__(self, maker: HubMaker, module: ModuleType, model: Any = None) -> None:
        self._maker, self._module, self._only = maker, module, model
        self._feeds: dict[int, tuple[weakref.ref[Any], _Feed]] = {}
        self._calls = Calls()
        for name in ("fit", "evaluate"):
            self._calls.around_method(owner_of(module.Model, name), name, self._loop)
        modes: dict[str, Mode] = {"train_on_batch": "TRAIN", "test_on_batch": "EVAL"}
        for name, mode in modes.items():
            self._calls.around_method(owner_of(module.Model, name), name, functools.partial(self._batch, mode))

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the models that were watched."""
        return [feed.hub for _, feed in self._feeds.values() if feed.hub is not None]

    def close(self) -> None:
        """Watch no more; what was put into the library is taken out again."""
        self._calls.restore()
        for _, feed in self._feeds.values():
            feed.close()

    def _loop(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not args or (self._only is not None and args[0] is not self._only):
            return original(*args, **kwargs)

        def ended(mode: Mode, logs: Mapping[str, Any]) -> None:
            self._ended(args[0], mode, logs, is_loop=True)

        with followed(self._module, original, args, kwargs, ended) as (given, named):
            return original(*given, **named)

    def _batch(self, mode: Mode, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = original(*args, **kwargs)
        if args and (self._only is None or args[0] is self._only):
            self._ended(args[0], mode, args[0].get_metrics_result(), is_loop=False)
        return found

    def _ended(self, model: Any, mode: Mode, logs: Mapping[str, Any], *, is_loop: bool) -> None:
        known = self._feeds.get(id(model))
        if known is None or known[0]() is not model:
            if mode != "TRAIN":
                return  # one that is never trained
            known = self._feeds[id(model)] = (weakref.ref(model), _Feed(self._maker, model))
        known[1].batch(mode, model, floats(logs), is_loop=is_loop)


class _Feed:
    """Hands each batch of one model to a hub."""

    def __init__(self, maker: HubMaker, model: Any) -> None:
        self.hub, _ = maker.again().make(type(model).__name__, NAME, living=model)
        self._model = weakref.ref(model)
        self._filler = RowFiller(_SCALARS)
        self._variables: dict[str, Any] = {}
        if self.hub is not None:
            self.hub.controls = Controls(
                checkpoint=self._checkpoint,
                lower_learning_rate=self._lower,
                live=lambda: {"model": _synced(self._model())},
                arrays=self._now,
            )

    def batch(self, mode: Mode, model: Any, values: Mapping[str, float], *, is_loop: bool) -> None:
        """End a batch; TrainingStopped, TrainingPaused, the first only where no `fit` can be ended."""
        hub, begun = self.hub, perf_counter()
        if hub is None or not hub.is_on or mode == "PREDICT":
            return
        try:
            plan, row, arrays = self._measure(hub, mode, model, values)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
            return
        try:
            if plan is None:
                hub.skip(mode)
            else:
                hub.take(mode, plan, row, arrays, cost=perf_counter() - begun)
        except TrainingStopped as ending:
            if not is_loop:
                raise
            model.stop_training = model.stop_evaluating = hub.trial.was_interrupted = True
            hub.say(f"the training was stopped: {ending}")

    def _measure(
        self, hub: Hub, mode: Mode, model: Any, values: Mapping[str, float]
    ) -> tuple[Plan | None, NDArray[np.float64], dict[str, Any]]:
        if not self._variables:
            self._describe(hub, _synced(model))
        for name, value in values.items():
            if name != "loss":
                hub.scalar(name, value, "losses" if "loss" in name.lower() else "metrics")
        plan = hub.due(mode)
        if plan is None:
            return None, np.empty(0), {}
        _synced(model)
        rate = seen_as_torch(model.optimizer).rate if mode == "TRAIN" and model.optimizer is not None else None
        scalars = np.array([given(values["loss"]) if "loss" in values else np.nan, np.nan if rate is None else rate])
        arrays = self._read([*self._filler.needs(plan.layout), *plan.arrays, *plan.flight])
        return plan, self._filler.fill(plan.layout, scalars, arrays), arrays

    def _describe(self, hub: Hub, model: Any) -> None:
        named = View(model).variables()
        self._variables = {one.name: one.variable for one in named}
        infos = [
            TensorInfo("loss", ("losses",), dtype="float64"),
            TensorInfo("lr", ("learning_rates",), dtype="float64"),
        ]
        for one in named:
            kind = "biases" if "bias" in one.key else "weights"
            shape, dtype = tuple(one.variable.shape), str(one.variable.dtype)
            infos.append(TensorInfo(one.name, (kind,), one.path, one.layer, shape, dtype, one.name))
        hub.describe(infos, sum(int(np.prod(one.variable.shape)) for one in named))

    def _read(self, names: Iterable[str]) -> dict[str, NDArray[Any]]:
        return {name: _plain(self._variables[name]) for name in dict.fromkeys(names) if name in self._variables}

    def _now(self, names: Iterable[str]) -> dict[str, NDArray[Any]]:
        _synced(self._model())
        return self._read(names)

    def _checkpoint(self) -> str:
        assert self.hub is not None  # noqa: S101 - it has asked
        step = max(self.hub.steps["TRAIN"] - 1, 0)
        return keep_file(self.hub.trial, f"checkpoint-step-{step}.keras", _synced(self._model()).save)

    def _lower(self, factor: float) -> str:
        return seen_as_torch(_synced(self._model()).optimizer).lower(factor)

    def close(self) -> None:
        """Watch no more; a trial that was started for the model ends."""
        if self.hub is not None:
            self.hub.close()
            loops.end_own(self.hub.trial)


def _synced(model: Any) -> Any:
    """Return a model whose variables hold their values: on JAX they are elsewhere while it is trained."""
    sync = getattr(model, "jax_state_sync", None)
    if sync is not None:
        sync()
    return model


def _plain(variable: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.asarray(variable.numpy())
    return array if array.dtype.kind in "biuf" else array.astype(np.float32)
