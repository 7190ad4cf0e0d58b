"""Whose turn it is where several optimizers of one model step one after the other: together they make one step."""

from __future__ import annotations


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
