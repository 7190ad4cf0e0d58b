"""Whose turn it is where several optimizers of one model step one after the other: together they make one step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.debugger.hooks.torch_names import Parameter
    from labdeck.debugger.hub import Hub

_CHANGES, _PASSES = 3, 64
"""Changes of a weight, or backward passes, without any optimizer's step, after which none is expected."""


class Turns:
    """Learns which optimizers step together, and says when a step begins and ends.

    Those that step without the model having been called in between belong together. Optimizers are known by `id`.
    """

    def __init__(self) -> None:
        self._together: set[int] = set()
        self._done: set[int] = set()
        self._late = 0
        self._has_moved = True

    def move(self) -> None:
        """The model was called in training, or a loss was differentiated."""
        self._has_moved = True

    def begin(self, optimizer: int) -> bool:
        """An optimizer is about to step; say whether a new step begins with that."""
        if not self._has_moved and self._together and optimizer not in self._together:
            self._together.add(optimizer)  # its part of the step that has just ended comes late, for this once
            self._late = optimizer
            return False
        return not self._done

    def end(self, optimizer: int) -> bool:
        """An optimizer has stepped; say whether the step ends with that."""
        late, self._late = self._late, 0
        if late == optimizer:
            return False
        self._done.add(optimizer)
        return optimizer not in self._together or self._together <= self._done

    @property
    def is_open(self) -> bool:
        """A step has begun, and optimizers that stepped with the others before have not stepped yet."""
        return bool(self._done)

    def finish(self) -> None:
        """The step has ended."""
        self._together, self._done = self._done, set()
        self._has_moved = False


class Idle:
    """Notices that weights are trained, but no optimizer steps."""

    def __init__(self) -> None:
        self._passes = self._changes = self._steps = 0
        self._version: int | None = None
        self._is_over = False

    def look(self, hub: Hub, parameters: Iterable[Parameter], steps: int) -> None:
        """Tell once of a training in which nothing but the backward passes shows; arguments are those of `is_sure`."""
        if self._is_over:
            return
        if hub.steps["TRAIN"]:
            self._is_over = True
        elif self.is_sure(parameters, steps):
            self._is_over = True
            hub.say(
                "no optimizer of PyTorch steps, so that no step of training is seen; "
                "call step() of what labdeck.watch returns when the weights are changed"
            )

    def is_sure(self, parameters: Iterable[Parameter], steps: int) -> bool:
        """Say whether there is no optimizer.

        Args:
            parameters: Of the model, of which a loss is about to be differentiated.
            steps: Steps that any optimizers have made.
        """
        trained = next((one.value for one in parameters if one.value.requires_grad), None)
        if trained is None or steps != self._steps:  # another model has its turn, this one may come later
            self._passes, self._steps, self._version = 0, steps, None
            return False
        version, before = trained._version, self._version  # noqa: SLF001 - it counts changes in place
        self._version = version
        self._changes += before is not None and version != before
        self._passes += 1
        return self._changes >= _CHANGES or self._passes >= _PASSES
