"""Passes of a model in training mode that no gradient can come from: what they are shows later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.debugger.hooks.torch_library import torch

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_heard import LossCall
    from labdeck.wire.debugging import Mode


class Doubt:
    """Tells evaluations without `model.eval()` from other passes within `torch.no_grad` or `torch.inference_mode`.

    Such a pass is an evaluation if a loss is computed of it that no gradient can come from, either. Else it is none: a
    policy acts, a generator feeds its critic, a layer gathers statistics. It never is part of a step of training,
    unless the weights are changed by hand.

    Args:
        warn: Tells the user, once.

    Attributes:
        is_open: It is not known yet what the latest pass was.
        is_by_hand: The training needs no gradients.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._model: Any = None
        self.is_open = False
        self.is_by_hand = False

    def mode_of(self, model: Any) -> Mode:
        """Return in which mode a pass begins."""
        self.is_open = model.training and not torch().is_grad_enabled() and not self.is_by_hand
        self._model = model
        return "TRAIN" if model.training and not self.is_open else "EVAL"

    def ends_with(self, call: LossCall) -> bool:
        """Say whether a loss is one of a training, so that the pass before it is over."""
        return self.is_open and call.node is not None

    def is_settled(self, calls: Sequence[LossCall]) -> bool:
        """Say, when a pass is over, whether it was an evaluation: these losses were computed since it began."""
        is_open, self.is_open = self.is_open, False
        if is_open and calls:
            names = sorted({type(each).__name__ for each in self._model.modules() if _differs(type(each).__name__)})
            if names:
                self._warn(f"the model is evaluated without model.eval(): {', '.join(names)} worked as in training")
        return bool(calls) or not is_open


def _differs(name: str) -> bool:
    """Say whether a layer works otherwise in evaluations."""
    return "Dropout" in name or "BatchNorm" in name
