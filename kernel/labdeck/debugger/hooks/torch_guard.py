"""Looks at every step whether a gradient is NaN or infinite, also at those of which nothing else is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.hooks.torch_library import torch
from labdeck.debugger.hooks.torch_names import Parameter
from labdeck.debugger.hooks.torch_reductions import Pending, fetch, is_quick
from labdeck.store.tensors.given import given

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_program import Measured
    from labdeck.debugger.hub import Hub

MOST = 1_000
"""Gradients that are looked at in a step; of a model with more, the next ones are looked at in the next step."""


class GradientGuard:
    """Looks at gradients: about a microsecond and one pass through memory for each.

    Args:
        hub: Has steps recorded in full, this one already, if a gradient is not finite.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._start = 0

    def look(self, measured: Measured, parameters: Sequence[Parameter]) -> None:
        """Look at the gradients of a step, before anything of it but the modules was looked at.

        Nothing waits for a device: what lies there is known when the step is handed over. Then it is the scalar
        "gradients" that is not finite in this step, and the next ones tell more.
        """
        if measured.unscale is not None:
            return  # a scaler looks itself, and skips the step
        found = self._look(parameters)
        if callable(found):
            measured.put(Pending(lambda: self._arrive(found())))
        elif not isfinite(found):
            self._hub.alert()
            measured.renew(self._hub.due("TRAIN"))

    def _arrive(self, value: float) -> None:
        if not isfinite(value):
            self._hub.alert()
            self._hub.scalar("gradients", given(value), "gradients")

    def _look(self, parameters: Sequence[Parameter]) -> float | Callable[[], float]:
        """Return a number that is finite if all gradients are: at once, or a function that waits for it."""
        if len(parameters) > MOST:
            start = self._start % len(parameters)
            self._start = start + MOST
            parameters = parameters[start : start + MOST]
        total, rest = 0.0, []
        for gradient in [one.value.grad for one in parameters]:
            if gradient is None:
                continue
            if is_quick(gradient) and gradient.is_contiguous():
                total += _bad(gradient)
            else:
                rest.append(gradient)
        if not rest or not isfinite(total):
            return total
        return _elsewhere(rest)


def _bad(gradient: Any) -> float:
    """Return 0 for a gradient whose numbers are finite, else NaN or infinity."""
    flat = gradient.detach().numpy().reshape(-1)
    with np.errstate(all="ignore"):
        square = flat.dot(flat)
        if square - square == 0:
            return 0.0
        worst = float(np.abs(flat).max())  # of large numbers only the square is infinite
    return 0.0 if isfinite(worst) else worst


def _elsewhere(gradients: list[Any]) -> float | Callable[[], float]:
    library = torch()
    with library.no_grad():
        dense = [one if one.layout is library.strided else one.coalesce().values() for one in map(_detached, gradients)]
        # NaN and infinity times zero are NaN: one number tells of all, without any that is too large to be squared.
        sums = [(one * 0).sum().abs().float() for one in dense if one.numel()]
        if not sums:
            return 0.0
        found = fetch([one.reshape(1) for one in sums])
    if not any(one.is_cuda for one in sums):
        return float(found().sum())
    return lambda: float(found().sum())


def _detached(gradient: Any) -> Any:
    return gradient.detach()
