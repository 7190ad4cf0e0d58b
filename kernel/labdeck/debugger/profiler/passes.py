"""Which part of which step the time around the passes through a model belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.debugger.profiler.profiler import Profiler


class PassTimes:
    """Marks the parts of the steps of a model that is trained, and evaluated in between.

    A step of TRAIN ends with the optimizer's step; one of any other mode with its pass through the model, so that it
    consists of waiting for data, of what happened since the step before it ended, and of that pass. What is computed of
    the pass, and loaded for the next one, belongs to the next step, as it does in training. A pass of an evaluation
    within a step of TRAIN, of a teacher for example, is a step of its own and no part of the other one. The time after
    it belongs to what comes next: to the next pass of an evaluation where the step was given up, else to the way back.

    Args:
        profiler: Times the steps; None for no times.
    """

    def __init__(self, profiler: Profiler | None) -> None:
        self._profiler = profiler
        self._evaluates = False
        self._aside: dict[str, float] | None = None

    def open(self) -> None:
        """The training waits for its first batch, or for the next one."""
        if self._profiler is not None:
            self._resume(self._profiler)
            self._profiler.mark("data")

    def pause(self) -> None:
        """The debugger's own work begins: it belongs to no step."""
        if self._profiler is not None:
            self._profiler.mark("")

    def begin_pass(self, *, is_trained: bool, within: bool) -> None:
        """The model is called.

        Args:
            is_trained: In mode TRAIN.
            within: In another mode, while a step of TRAIN goes on.
        """
        if self._profiler is not None:
            self._evaluates = not is_trained
            if is_trained:
                self._resume(self._profiler)
            elif within and self._aside is None:
                self._aside = self._profiler.timer.aside()
            self._profiler.mark("forward")

    def end_pass(self) -> None:
        """The model has returned; the debugger's own work begins."""
        if self._profiler is None:
            return
        if self._evaluates:
            self._profiler.cut(counts=False)
        else:
            self._profiler.mark("")

    def after_pass(self) -> None:
        """The training goes on."""
        if self._profiler is None:
            return
        evaluated, self._evaluates = self._evaluates, False
        self._profiler.mark("data" if evaluated else "backward")

    def evaluated(self) -> None:
        """A pass of an evaluation was over of which nothing but its end was seen."""
        if self._profiler is not None:
            self._profiler.cut(counts=False)
            self._profiler.mark("data")

    def optimizer(self) -> None:
        """The optimizer steps."""
        if self._profiler is not None:
            self._resume(self._profiler)
            self._profiler.mark("optimizer")

    def end_step(self) -> None:
        """A step of TRAIN has ended; the debugger's own work begins."""
        if self._profiler is not None:
            self._resume(self._profiler)
            self._profiler.cut()

    def tell(self) -> None:
        """The step that ended is handed over."""
        if self._profiler is not None:
            self._profiler.tell()

    def _resume(self, profiler: Profiler) -> None:
        """Go on with the step of TRAIN that was put aside, if one was: what passed since is part of its way back."""
        aside, self._aside = self._aside, None
        if aside is not None:
            since = sum(profiler.timer.aside().values())
            aside["backward"] = aside.get("backward", 0.0) + since
            profiler.timer.back(aside)
