"""Watches one model of Keras on PyTorch: as any model of PyTorch, but for what Keras has its own way of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks import keras_calls as calls
from labdeck.debugger.hooks.keras_optimizer import KerasOptimizer
from labdeck.debugger.hooks.keras_view import View
from labdeck.debugger.hooks.torch_control import whole
from labdeck.debugger.hooks.torch_feed import TorchFeed
from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.hooks.torch_origin import Origins
from labdeck.debugger.hooks.torch_taken import tensors_in
from labdeck.debugger.steering import Controls
from labdeck.errors import TrainingStopped

if TYPE_CHECKING:
    from labdeck.wire.debugging import Mode


class KerasFeed(TorchFeed):
    """Watches one model; arguments are those of `TorchFeed`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._origins = _Origins(self.root, self.called)
        self.heard.gathers_elsewhere = True

    @property
    def model(self) -> Any:
        """The model itself."""
        return self.root.model

    def open(self) -> None:
        """Begin to watch."""
        super().open()
        self.hub.controls = Controls(
            checkpoint=self._checkpoint,
            lower_learning_rate=self._lower,
            live=lambda: {"model": self.model, "optimizer": getattr(self.model, "optimizer", None)},
            arrays=lambda names: whole(self, names),
        )
        calls.watchers.append(self)

    def release(self) -> None:
        """Take every hook back."""
        if self in calls.watchers:
            calls.watchers.remove(self)
        super().release()

    # -- passes and steps ------------------------------------------------------------------------------------------

    def enter(self, module: Any, args: Any, kwargs: Any) -> None:
        """The model is about to be called."""
        calls.flush()
        if not _is_real((args, kwargs)):
            return
        said, self.mode = self.mode, self.mode or calls.mode_of(self.model)
        try:
            super().enter(module, args, kwargs)
        finally:
            self.mode = said

    def _leave(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        if _is_real((args, kwargs)):
            super()._leave(module, args, kwargs, output)

    def batch_ended(self, model: Any, mode: Mode, values: Mapping[str, float]) -> None:
        """Take the metrics of a batch; its own loss is known."""
        if model is not self.model or not self.hub.is_on:
            return
        for name, value in values.items():
            if name != "loss":
                self.hub.scalar(name, value, "losses" if "loss" in name.lower() else "metrics")
        if mode != "TRAIN":
            self._isolated(self._end_evaluation)

    def _isolated(self, action: Callable[..., Any], *args: Any) -> Any:
        """Do something of ours; a stop ends `fit` as early stopping does."""
        try:
            return super()._isolated(action, *args)
        except TrainingStopped as ending:
            if not calls.end_loops(self.model):
                raise
            self.hub.trial.was_interrupted = True
            self.hub.say(f"the training was stopped: {ending}")
        return None

    # -- what can be done to the training --------------------------------------------------------------------------

    def _optimizers(self) -> Iterator[KerasOptimizer]:
        return (one for one in self.inventory.optimizers if isinstance(one, KerasOptimizer))

    def _lower(self, factor: float) -> str:
        return "; ".join(one.lower(factor) for one in self._optimizers()) or "no optimizer has a learning rate"

    def _checkpoint(self) -> str:
        from labdeck.debugger.checkpoints import keep_file

        step = max(self.hub.steps["TRAIN"] - 1, 0)
        return keep_file(self.hub.trial, f"checkpoint-step-{step}.keras", self.model.save)


def _is_real(value: Any) -> bool:
    """Say whether a model is called with numbers: Keras calls it with shapes alone, too."""
    first = next(tensors_in(value), None)
    return first is not None and not first.is_meta


class _Origins(Origins):
    """Traces origins, and leaves no trace in the variables of layers: Keras keeps states of random numbers there."""

    def _guarded(self, trace: Callable[..., Any]) -> Any:
        with _unchanged(self._root):
            return super()._guarded(trace)


@contextmanager
def _unchanged(root: Any) -> Iterator[None]:
    model = root.model if isinstance(root, View) else root
    kept = [(one.value, one.value.detach().clone()) for one in model.non_trainable_variables]
    try:
        yield
    finally:
        with torch().no_grad():
            for value, before in kept:
                value.copy_(before)
