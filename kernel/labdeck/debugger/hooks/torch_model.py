"""Watches one model of PyTorch, as long as it is trained: each training gets a hub and a feed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.debugger.curves import live_curves
from labdeck.debugger.hooks import keras_library
from labdeck.debugger.hooks.keras_feed import KerasFeed
from labdeck.debugger.hooks.keras_view import View, module_of, unwrap
from labdeck.debugger.hooks.torch_feed import TorchFeed
from labdeck.debugger.hooks.torch_hook import Hook
from labdeck.debugger.hooks.torch_library import is_compiling, torch
from labdeck.debugger.hooks.torch_losses import loss_modules, unknown_functions
from labdeck.debugger.hooks.torch_names import resolve
from labdeck.debugger.profiler.operators import check_steps
from labdeck.debugger.switch import is_enabled
from labdeck.runs import active
from labdeck.runs.autolog import loops
from labdeck.runs.autolog.patching import warn

if TYPE_CHECKING:
    from labdeck.debugger.hooks.making import HubMaker
    from labdeck.debugger.hub import Hub
    from labdeck.runs.trial import Trial

NAME = "torch"


class Model:
    """Watches one model; where no trial runs, from its first pass in training on, in a trial of its own.

    Args:
        maker: Makes the hub.
        model: The model, wrapped or not.
        optimizers: Those that train it, as far as they are known.
        loss: A module or function that computes the loss, or several.
        profile: Time the steps, and sample the machine.
        called: What the training calls, if it is a part of the model.
        ended: Told when what was recorded of one training has ended.

    Attributes:
        named: What the user named; nothing for a model that was found.
        before: The watch over the same model that this one interrupts; None if there is none.
        is_block: It ends with a block, so that it goes on when what interrupts it is closed.

    Raises:
        UsageError: A model of that kind cannot be watched.
    """

    def __init__(
        self,
        maker: HubMaker,
        model: Any,
        optimizers: Sequence[Any] = (),
        loss: Any = None,
        *,
        profile: bool = True,
        called: Any = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        self._maker = maker
        self._unwrapped = unwrap(model)
        self._save = resolve(maker.save, self._unwrapped.root)
        self._optimizers = tuple(optimizers)
        self._losses = loss_modules(loss)
        self._unknown = unknown_functions(loss)
        self._profile = profile
        self._process = os.getpid()
        self._called = called
        self._ended = ended
        self._handle: Any = None
        self._trial: Trial | None = None
        self.named: Callable[[], Any] = _nothing
        self.before: Model | None = None
        self.is_block = False
        self._failed = False
        self._profiler: Any = None
        self._operators = 0
        self.root = self._unwrapped.root
        self._framework = keras_library.NAME if isinstance(self.root, View) else NAME
        self.feed: TorchFeed | None = None
        self.hubs: list[Hub] = []
        self.open()

    def open(self) -> None:
        """Begin to watch, or wait for the training; again after `suspend`."""
        if not is_enabled():
            return
        if self.is_follower:
            self._say_who_tells()
            return
        if self._maker.trial is not None or active.innermost() is not None or self._called is not None:
            self.begin()
        if self._maker.trial is None:
            called = self._unwrapped.called if self._called is None else self._called
            self._handle = called.register_forward_pre_hook(Hook(self._wake), prepend=True)

    @property
    def is_waiting(self) -> bool:
        """A training that begins will be watched."""
        return self._handle is not None and not self._failed

    @property
    def hub(self) -> Hub | None:
        """The hub, None before there is one."""
        return self.hubs[-1] if self.hubs else None

    def _wake(self, module: Any, args: Any) -> None:
        """Begin with the first pass in training, and again when a trial that was started for the model has ended."""
        is_on = self.feed is not None and not self.feed.is_over
        if is_on or self._failed or is_compiling() or not self.root.training or not torch().is_grad_enabled():
            return
        if keras_library.is_symbolic(args):
            return
        if os.getpid() != self._process:
            return  # what a child trains is its own
        hub = self.hub
        if hub is not None and hub.watch_record().state == "failed":
            return
        del module
        self.begin()

    def begin(self) -> None:
        """Make the hub and begin to watch; what goes wrong is said in a warning."""
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self._failed = True  # said once; the next step would fail as this one did
            self._trial_ends()
            warn(f"Labdeck: the training of {type(self.root).__name__} is not watched, it goes on: {error}")

    def _begin(self) -> None:
        name = type(self.root).__name__
        trial, curves = self._maker.trial or active.innermost(), None
        if trial is None:
            place = loops.open_loop(self._framework, name, module_of(self.root), None)
            trial, curves = place.trial, live_curves(place, self._framework)
        active.before_leaving(trial, self._trial_ends)  # before the hub does the same
        hub, _ = dataclasses.replace(self._maker, trial=trial, save=self._save).make(name, self._framework)
        if hub is None:
            self._failed = True
            return
        self._trial = trial
        self.hubs.append(hub)
        if self._unwrapped.ranks > 1:
            hub.facts["ranks"] = self._unwrapped.ranks
            hub.warn(f"{self._unwrapped.ranks} processes train together; the first of them is watched")
        if self._unwrapped.is_parallel:
            hub.warn("inputs and outputs of modules inside of DataParallel are not taken: they are copies")
        for function in self._unknown:
            hub.warn(f"calls of {function} cannot be seen; make it a torch.nn.Module for labels and predictions")
        if self._profile and hub.is_on:
            from labdeck.debugger.profiler.profiler import Profiler

            self._profiler = Profiler(hub)
            self._profiler.start()
            if self._operators:
                self._profiler.operators(self._operators)
        kind = KerasFeed if isinstance(self.root, View) else TorchFeed
        self.feed = kind(hub, self._unwrapped, self._optimizers, self._losses, self._profiler, self._called)
        self.feed.delivery.curves = curves
        self.feed.open()

    def _trial_ends(self) -> None:
        with contextlib.suppress(Exception):  # the trial must end
            self._end()
            if self._ended is not None and not self._failed:
                self._ended()

    def _end(self) -> None:
        profiler, self._profiler = self._profiler, None
        if self.feed is not None:
            self.feed.close()
        if self.hub is not None:
            self.hub.close()
        if profiler is not None:
            profiler.close()  # its report tells what is stored by now

    def operators(self, steps: int) -> None:
        """Have PyTorch's own profiler look at the next steps, or at the first ones that come; UsageError."""
        self._operators = check_steps(steps)
        if self._profiler is not None:
            self._profiler.operators(steps)

    @property
    def is_follower(self) -> bool:
        """Another process tells: of those that train one model together, the first one does."""
        return self._unwrapped.rank > 0

    def _say_who_tells(self) -> None:
        trial = self._maker.trial or active.innermost()
        if trial is not None:
            rank, ranks, name = self._unwrapped.rank, self._unwrapped.ranks, type(self.root).__name__
            warn(
                f"Labdeck: {ranks} processes train {name} together, and the first of them is watched: process {rank} "
                f"records nothing in {trial.name!r}; begin a trial only where torch.distributed.get_rank() is 0"
            )

    def close(self) -> None:
        """Watch no more, and take everything back; an outer watch over the same model goes on."""
        self.is_block, self._ended = False, None
        self.suspend()
        _give_back(self)

    def suspend(self) -> None:
        """Watch no more, and take everything back; a trial that was started for the model ends."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.remove()
        self._end()
        trial, self._trial = self._trial, None
        if trial is not None:
            loops.end_own(trial)


# -- several watches over one model -----------------------------------------------------------------------------------


def _nothing() -> None:
    return None


_open: weakref.WeakKeyDictionary[Any, Callable[[], Model | None]] = weakref.WeakKeyDictionary()
"""Which watch over a model that the user named is on: of several it is the latest."""


def watch_alone(model: Any, make: Callable[[], Model]) -> Model:
    """Return the watch that `make` makes, after ending the one before over the same model.

    One that ends with a block is interrupted: it goes on when the new one is closed.
    """
    before = _open.get(model, _nothing)()
    if before is not None:
        before.suspend()
    watched = make()
    watched.named, watched.before = weakref.ref(model), before
    _open[model] = weakref.ref(watched)
    return watched


def _give_back(closed: Model) -> None:
    """Have the watch go on that one which is closed has interrupted."""
    model = closed.named()
    if model is None or _open.get(model, _nothing)() is not closed:
        return
    del _open[model]
    before = closed.before
    while before is not None and not before.is_block:
        before = before.before
    if before is not None:
        _open[model] = weakref.ref(before)
        before.open()
