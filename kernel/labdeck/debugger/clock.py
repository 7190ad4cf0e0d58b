"""How long nothing was heard of a training; the time in which nobody trains is not counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Counts seconds since the latest step, or since the beginning.

    Attributes:
        told: Called with the seconds of each rest that is over, in the thread that knows of its end.
        thread: Where the watching began.

    Example:
        >>> rests = []
        >>> clock = Clock()
        >>> clock.told.append(rests.append)
        >>> clock.rest()
        >>> clock.is_resting, clock.idle
        (True, 0.0)
        >>> clock.beat()  # a step has ended, so somebody trains
        >>> clock.is_resting, len(rests)
        (False, 1)
    """

    def __init__(self) -> None:
        self.told: list[Callable[[float], None]] = []
        self._latest = time.monotonic()
        self._since: float | None = None
        self.thread = threading.get_ident()

    @property
    def is_resting(self) -> bool:
        """Nobody trains: a person looks, or a notebook waits for its next cell."""
        return self._since is not None

    @property
    def idle(self) -> float:
        """Seconds since the latest step, or since the beginning, or since somebody trains again; 0 during a rest."""
        return 0.0 if self._since is not None else time.monotonic() - self._latest

    def beat(self) -> None:
        """A step has ended."""
        self._latest = time.monotonic()
        if self._since is not None:
            self.go_on()

    def rest(self) -> None:
        """Nobody trains from now on, until `go_on` or the next step."""
        if self._since is None:
            self._since = time.monotonic()

    def go_on(self) -> None:
        """Somebody trains again, or is about to: the clock begins anew."""
        since, self._latest, self._since = self._since, time.monotonic(), None
        if since is not None:
            for tell in self.told:
                tell(self._latest - since)
