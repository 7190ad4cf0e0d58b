"""Where the time of a step goes."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Literal

from labdeck.store.tensors.layout import TensorInfo

Part = Literal["data", "forward", "backward", "optimizer", "update", "other"]
PARTS: tuple[Part, ...] = ("data", "forward", "backward", "optimizer", "other")
"""The parts of a network's steps; of a training that learns in whole pieces "update" is such a piece."""
COLLECTION = "timing"
STEP, WORKERS, INITIALIZATION = "timing/step", "timing/workers", "timing/initialization"


class StepTimer:
    """Splits the time of a training into the parts of its steps.

    A mark says which part the time from now on belongs to. One step is what lies between two calls of `end`:

        timer.mark("data")        the step before has ended: waiting for the next batch
        timer.mark("forward")     before the model is called
        timer.mark("backward")    after it
        timer.mark("optimizer")   before the optimizer's step
        seconds = timer.end()     after it; what follows until the next mark belongs to nobody, so the debugger's own
                                  work is in no step
        timer.mark("data")

    A mark takes well below a microsecond. Work that a graphics card does later counts where it is waited for, which
    often is the reading of the loss.

    Args:
        clock: Seconds, rising.

    Example:
        >>> ticks = iter([0.0, 1.0, 1.5, 3.5, 6.5, 7.0])
        >>> timer = StepTimer(lambda: next(ticks))
        >>> for part in ("data", "forward", "backward", "optimizer"):
        ...     timer.mark(part)
        >>> timer.end()["timing/step"], timer.seconds["timing/backward"]
        (6.0, 3.0)
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._begun: float | None = clock()
        self._parts: dict[str, float] = {}
        self._part = ""
        self._since = self._begun
        self._loaded: float | None = None
        self._workers: int | None = None

    def mark(self, part: Part | Literal[""]) -> None:
        """Let the time from now on belong to a part of the step, "" for none."""
        now = self._clock()
        if self._part:
            self._parts[self._part] = self._parts.get(self._part, 0.0) + now - self._since
        self._part = part
        self._since = now

    def leave_out(self, seconds: float) -> None:
        """Take time that has just passed out of the part that goes on: it was the debugger's own work."""
        self._since += seconds

    def rested(self, seconds: float) -> None:
        """Take time that has just passed out of everything: nobody trained."""
        self.leave_out(seconds)
        if self._begun is not None:
            self._begun += seconds

    def loaded(self, seconds: float, workers: int) -> None:
        """Say how long a data loader was waited for, as part of the time that "data" is marked for.

        Once a loader is known, only its time counts as "data", and the rest of that time as "other": validation and
        bookkeeping between two steps are no waiting for data.

        Args:
            seconds: How long.
            workers: Processes that load; 0 if the training itself does.
        """
        self._loaded = (self._loaded or 0.0) + seconds
        self._workers = workers

    def aside(self) -> dict[str, float]:
        """Put the parts of a step aside within which another one begins; return them, for `back`."""
        self.mark("")
        found, self._parts = self._parts, {}
        return found

    def back(self, parts: dict[str, float]) -> None:
        """Go on with a step that was put aside."""
        self._parts = parts

    def end(self) -> dict[str, float]:
        """End the step; return the seconds of its parts by name, "timing/step" being their sum.

        Parts without a mark are missing. The first step has "timing/initialization", too: the time from the making of
        the timer to the first mark of a step; and with a data loader there is "timing/workers".
        """
        self.mark("")
        parts = self._parts
        if self._loaded is not None and "data" in parts:
            waited = min(self._loaded, parts["data"])
            parts["other"] = parts.get("other", 0.0) + parts["data"] - waited
            parts["data"] = waited
            self._loaded = 0.0
        found = {f"timing/{part}": seconds for part, seconds in parts.items()}
        found[STEP] = total = sum(parts.values())
        if self._workers is not None:
            found[WORKERS] = float(self._workers)
        if self._begun is not None:
            found[INITIALIZATION] = max(self._since - total - self._begun, 0.0)
            self._begun = None
        self._parts = {}
        self.seconds = found
        return found


def timing_infos() -> tuple[TensorInfo, ...]:
    """Return the scalars that a timer makes of a network's steps, as the hub wants them described."""
    names = (STEP, *(f"timing/{part}" for part in PARTS), WORKERS)
    return tuple(TensorInfo(name, (COLLECTION,), dtype="float64") for name in names)
