"""Which part of which step the time around the rounds of a training belongs to that learns in whole pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.debugger.profiler.profiler import Profiler
    from labdeck.debugger.profiler.timer import Part


class RoundTimes:
    """Marks the rounds of a booster, or the batches of what learns with `partial_fit`; each is a step.

    Args:
        profiler: Times the steps; None for no times.
        between: What the time between two rounds is, as far as their beginnings are seen: "other", or "data" where the
            next batch is fetched in it.
    """

    def __init__(self, profiler: Profiler | None, between: Part = "other") -> None:
        self._profiler = profiler
        self._between = between
        self._sees_beginnings = self._has_begun = False

    def pause(self) -> None:
        """The debugger's own work begins: it belongs to no step."""
        if self._profiler is not None:
            self._profiler.mark("")

    def begin(self) -> None:
        """A round begins."""
        self._sees_beginnings = self._has_begun = True
        if self._profiler is not None:
            self._profiler.mark("update")

    def end(self) -> None:
        """A round has ended; one of which the beginning was not seen has no time. The debugger's own work begins."""
        if self._profiler is not None and self._has_begun:
            self._profiler.cut()

    def tell(self) -> None:
        """The round that ended is handed over."""
        if self._profiler is not None:
            self._profiler.tell()

    def go_on(self) -> None:
        """The training goes on."""
        if self._profiler is not None:
            self._profiler.mark(self._between if self._sees_beginnings else "update")
            self._has_begun = True

    def close(self) -> None:
        """Sample the machine no more; a second call has no effect."""
        if self._profiler is not None:
            self._profiler.close()
