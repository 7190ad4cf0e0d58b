"""Whose turn it is where several optimizers of one model step one after the other: together they make one step."""

from __future__ import annotations

import weakref
from typing import Any


class Turns:
    """Learns which optimizers step together, and says when a step begins and ends.

    Those that step without the model having been called in between belong together.
    """

    def __init__(self) -> None:
        self._together: weakref.WeakSet[Any] = weakref.WeakSet()
        self._done: weakref.WeakSet[Any] = weakref.WeakSet()
        self._late: Any = None
        self._has_moved = True

    def move(self) -> None:
        """The model was called in training, or a loss was differentiated."""
        self._has_moved = True

    def begin(self, optimizer: Any) -> bool:
        """An optimizer is about to step; say whether a new step begins with that."""
        if not self._has_moved and self._together and optimizer not in self._together:
            self._together.add(optimizer)  # its part of the step that has just ended comes late, for this once
            self._late = weakref.ref(optimizer)
            return False
        return not self._done

    def end(self, optimizer: Any) -> bool:
        """An optimizer has stepped; say whether the step ends with that."""
        late, self._late = self._late, None
        if late is not None and late() is optimizer:
            return False
        self._done.add(optimizer)
        return all(other in self._done for other in self._together)

    @property
    def is_open(self) -> bool:
        """A step has begun, and optimizers that stepped with the others before have not stepped yet."""
        return bool(self._done)

    def finish(self) -> None:
        """The step has ended."""
        self._together, self._done = self._done, weakref.WeakSet()
        self._has_moved = False
