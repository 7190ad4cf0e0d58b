"""Watches estimators of scikit-learn that learn batch by batch, with `partial_fit`; imports nothing of it."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.checkpoints import keep_checkpoint
from labdeck.debugger.hooks.attaching import is_estimator
from labdeck.debugger.hooks.calls import Calls
from labdeck.debugger.hooks.rows import RowFiller
from labdeck.debugger.hooks.sklearn_state import (
    Numbers,
    as_numbers,
    batch_loss,
    class_numbers,
    infos_of,
    lower_learning_rate,
    not_finite,
    parts_of,
    told_loss,
)
from labdeck.debugger.origin import line_here
from labdeck.debugger.profiler.rounds import RoundTimes
from labdeck.debugger.switch import is_enabled
from labdeck.errors import TrainingEnded
from labdeck.runs.autolog import importing
from labdeck.runs.autolog.patching import argument
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.debugger.plan import Plan

NAME = "sklearn"
_METHOD = "partial_fit"
_GIVEN = ("inputs", "labels", "predictions")


def can_watch(obj: object) -> bool:
    """Say whether an object is an estimator that learns batch by batch."""
    return is_estimator(obj, "sklearn.base", "BaseEstimator") and hasattr(obj, _METHOD)


def attach(maker: HubMaker, obj: object = None) -> PartialFits:
    """Watch one estimator, or every one that learns batch by batch, until `close`."""
    return PartialFits(maker, obj)


class PartialFits:
    """Calls of `partial_fit` are watched until it is closed; of classes too that are imported later.

    Args:
        maker: Makes the hubs: each estimator has its own.
        estimator: Only this one is watched; None for all.
    """

    def __init__(self, maker: HubMaker, estimator: object = None) -> None:
        self._maker = maker
        self._only = estimator
        self._calls = Calls()
        self._owner = f"debugger-{id(self)}"
        self._inside = threading.local()
        self._feeds: dict[int, tuple[weakref.ref[Any], _Feed]] = {}
        if is_enabled():
            importing.when_imported("sklearn.base", self._owner, self._install)

    @property
    def hubs(self) -> list[Hub]:
        """The hubs of the estimators that were watched."""
        return [feed.hub for _, feed in self._feeds.values() if feed.hub is not None]

    def close(self) -> None:
        """Watch no further step; what was put into the library is taken out again."""
        importing.forget(self._owner)
        self._calls.restore()
        for _, feed in self._feeds.values():
            feed.close()

    def _install(self, module: ModuleType) -> None:
        base = module.BaseEstimator
        if self._only is not None:
            for owner in type(self._only).__mro__:
                self._calls.around_method(owner, _METHOD, self._step)
            return
        for owner in _family(base):
            self._calls.around_method(owner, _METHOD, self._step)
        self._calls.around_subclassing(base, lambda owner: self._calls.around_method(owner, _METHOD, self._step))

    def _step(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        estimator = args[0] if args else None
        watched = estimator is not None and (self._only is None or estimator is self._only)
        if not watched or getattr(self._inside, "is_so", False):
            return original(*args, **kwargs)
        feed = self._feed(estimator)
        inputs, labels = argument(args, kwargs, 1, "X"), argument(args, kwargs, 2, "y")
        feed.begin(estimator)
        self._inside.is_so = True
        try:
            result = original(*args, **kwargs)
        except Exception:
            feed.broke(estimator, inputs, labels)
            raise
        finally:
            self._inside.is_so = False
        feed.end(estimator, inputs, labels)
        return result

    def _feed(self, estimator: Any) -> _Feed:
        known = self._feeds.get(id(estimator))
        if known is None or known[0]() is not estimator:
            feed = _Feed(self._maker, estimator)
            known = self._feeds[id(estimator)] = (weakref.ref(estimator), feed)
        return known[1]


def _family(base: type) -> Iterator[type]:
    """Yield a class, those derived from it, and what these inherit from: mixins define `partial_fit`, too."""
    waiting, seen = [base], set()
    while waiting:
        owner = waiting.pop()
        if owner in seen or owner.__module__ == "builtins":
            continue
        seen.add(owner)
        yield owner
        waiting += [*owner.__subclasses__(), *owner.__bases__]


class _Feed:
    """Hands each batch that an estimator learns to a hub."""

    def __init__(self, maker: HubMaker, estimator: Any) -> None:
        self.hub, _ = maker.make(type(estimator).__name__, NAME, living=estimator)
        self._times = RoundTimes(maker.profiler(self.hub), "data")
        self._sound = True
        self._filler = RowFiller()
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._before: dict[str, Numbers] = {}
        self._given: list[TensorInfo] = []
        self._knows_updates = False
        self._plan: Plan | None = None
        self._cost = 0.0
        if self.hub is not None:
            self._control(self.hub, weakref.ref(estimator))

    def _control(self, hub: Hub, alive: weakref.ref[Any]) -> None:
        controls = hub.controls
        controls.live = lambda: {"model": alive()}
        controls.checkpoint = lambda: keep_checkpoint(hub.trial, alive(), step=max(0, hub.steps["TRAIN"] - 1))
        controls.lower_learning_rate = lambda factor: lower_learning_rate(alive(), factor)

    def begin(self, estimator: Any) -> None:
        """Keep what is about to change, if anybody wants to know by how much."""
        hub = self.hub
        self._plan = None
        if hub is None or not hub.is_on:
            return
        self._times.pause()
        if self._shapes:
            self._prepare(hub, estimator)
        self._times.begin()

    def _prepare(self, hub: Hub, estimator: Any) -> None:
        began = time.perf_counter()
        try:
            if not self._knows_updates:
                self._describe(hub, parts_of(estimator), updates=True)
            self._plan = hub.due("TRAIN")
            self._before = {}
            if self._plan is not None and "updates" in self._plan.collections:
                self._before = {name: part.copy() for name, part in parts_of(estimator).items()}
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
        self._cost = time.perf_counter() - began

    def end(self, estimator: Any, inputs: Any, labels: Any) -> None:
        """End a step; raises TrainingStopped and TrainingPaused."""
        hub = self.hub
        if hub is None or not hub.is_on:
            return
        self._times.end()
        began = time.perf_counter()
        origins: dict[str, str] = {}
        try:
            with np.errstate(all="ignore"):  # what we compute is none of the user's warnings
                parts = parts_of(estimator)
                if {name: part.shape for name, part in parts.items()} != self._shapes:
                    self._given = _infos_of_batch(inputs, labels)
                    self._describe(hub, parts, updates=False)
                    self._plan = hub.due("TRAIN")
                self._tell_loss(hub, estimator, inputs, labels)
                origins = self._look(hub, parts)
                self._times.tell()
                plan = self._plan
                found = None if plan is None else self._compute(plan, estimator, parts, inputs, labels)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
            return
        if plan is None or found is None:
            hub.skip("TRAIN")
        else:
            cost = self._cost + time.perf_counter() - began
            hub.take("TRAIN", plan, *found, origins=origins, cost=cost)
        self._times.go_on()

    def broke(self, estimator: Any, inputs: Any, labels: Any) -> None:
        """Tell of a batch that raised an error, if what was learnt is not finite by now: that may be why."""
        hub = self.hub
        if hub is None or not hub.is_on:
            return
        with contextlib.suppress(Exception, TrainingEnded):  # the error of the batch is what counts
            if not_finite(parts_of(estimator)):
                self.end(estimator, inputs, labels)

    def close(self) -> None:
        """Watch no further step."""
        if self.hub is not None:
            self.hub.close()
            self._times.close()

    def _look(self, hub: Hub, parts: dict[str, Numbers]) -> dict[str, str]:
        """Look at every step whether what was learnt is finite; return where it became something else."""
        if not hub.guards_gradients:
            return {}
        bad = not_finite(parts)
        was_sound, self._sound = self._sound, not bad
        if not bad or not was_sound:
            return {}
        hub.alert()
        self._plan = hub.due("TRAIN")
        line = line_here(_folder())
        return {} if line is None else {bad: str(line)}

    def _describe(self, hub: Hub, parts: dict[str, Numbers], *, updates: bool) -> None:
        self._shapes = {name: part.shape for name, part in parts.items()}
        self._knows_updates = updates
        self._filler = RowFiller([f"update/{name}" for name in parts])
        hub.describe(infos_of(parts, updates=updates) + self._given, sum(part.size for part in parts.values()))

    def _tell_loss(self, hub: Hub, estimator: Any, inputs: Any, labels: Any) -> None:
        loss = told_loss(estimator)
        if loss is None and self._plan is not None and "losses" in self._plan.collections:
            loss = batch_loss(estimator, inputs, labels)
        if loss is not None:
            hub.scalar("loss", loss, "losses")

    def _compute(
        self, plan: Plan, estimator: Any, parts: dict[str, Numbers], inputs: Any, labels: Any
    ) -> tuple[Numbers, dict[str, Any]]:
        arrays: dict[str, Any] = dict(parts)
        needed = {*plan.arrays, *self._filler.needs(plan.layout)}
        given = (inputs, labels, None)
        for name, data in zip(_GIVEN, given, strict=True):
            if name in needed:
                found = _predictions(estimator, inputs) if name == "predictions" else as_numbers(data)
                if found is None and name == "labels" and hasattr(estimator, "classes_"):
                    found = class_numbers(estimator.classes_, data)
                if found is not None:
                    arrays[name] = found
        moved = np.array([_moved(self._before.get(name), part) for name, part in parts.items()])
        return self._filler.fill(plan.layout, moved, arrays), arrays


def _folder() -> str:
    """Return the folder of the library, which is loaded."""
    return str(Path(str(sys.modules["sklearn"].__file__)).parent)


def _infos_of_batch(inputs: Any, labels: Any) -> list[TensorInfo]:
    """Return what is known of a batch, as far as it consists of numbers."""
    given = {"inputs": as_numbers(inputs), "labels": as_numbers(labels)}
    infos = [
        TensorInfo(name, (name,), shape=array.shape, dtype=array.dtype.name)
        for name, array in given.items()
        if array is not None
    ]
    if labels is not None:
        shape = np.shape(labels)
        infos.append(TensorInfo("predictions", ("predictions",), shape=shape))
        if given["labels"] is None:
            infos.append(TensorInfo("labels", ("labels",), shape=shape, dtype="int64"))
    return infos


def _moved(before: Numbers | None, now: Numbers) -> float:
    """Return how far an array moved, relative to its size: |now - before| / |before|; NaN if that is not known."""
    if before is None or before.shape != now.shape:
        return float("nan")
    size = float(np.linalg.norm(before))
    return float(np.linalg.norm(now - before)) / size if size > 0 else 0.0


def _predictions(estimator: Any, inputs: Any) -> Numbers | None:
    found = np.asarray(estimator.predict(inputs))
    if found.dtype.kind not in "biuf":
        return class_numbers(estimator.classes_, found)
    return found
