"""Profiles a training that is watched: times its steps, and samples the machine beside it."""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Literal

from labdeck.debugger.profiler.loading import LoaderWatch
from labdeck.debugger.profiler.operators import OperatorProfile
from labdeck.debugger.profiler.timer import COLLECTION, StepTimer
from labdeck.errors import UsageError
from labdeck.store.forks import unforked

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.debugger.profiler.timer import Part

INTERVAL, SHORTEST, LONGEST = 0.5, 0.1, 60.0
"""Seconds between two samples of the machine: usually, at least, at most."""

REPORT = "ProfilerReport"
"""The rule that asks for a report."""

_log = logging.getLogger("labdeck.debugger")
_usual = INTERVAL
_numbers = itertools.count()
_running: weakref.WeakSet[Profiler] = weakref.WeakSet()


def sample_every(seconds: float) -> None:
    """Have the machine sampled at another interval, in trainings that are watched now and from now on.

    Args:
        seconds: 0.1 to 60; 0.5 to begin with.

    Raises:
        UsageError: It is out of range.

    Example:
        >>> sample_every(1)
        >>> sample_every(0.5)
    """
    global _usual  # noqa: PLW0603 - one setting a process
    _usual = _checked(seconds)
    for profiler in tuple(_running):
        profiler.interval = _usual


class Profiler:
    """Times the steps of one watched training, and samples the machine while it runs.

    A hook marks the parts of its steps (see `StepTimer`) and calls `end` before the hub's `take` or `skip` of that
    step, so that the seconds stand in the step's row; where a step is handed over later than it ends, as one of an
    evaluation is, it calls `cut` and then `tell`. The machine is sampled by a thread of its own. Nothing of it raises
    into the training.

    Args:
        hub: Of the training.
        interval: Seconds between two samples, 0.1 to 60; may be changed at any time. A sample costs about a
            millisecond. None for what `sample_every` says, 0.5 to begin with.

    Raises:
        UsageError: The interval is out of range.
    """

    def __init__(self, hub: Hub, interval: float | None = None) -> None:
        self._hub = hub
        self._interval = _usual if interval is None else _checked(interval)
        self._number = next(_numbers)
        self.timer = StepTimer()
        self._operators = OperatorProfile(hub)
        self._loaders = LoaderWatch(self.timer.loaded)
        self._changed = threading.Event()
        self._ended = False
        self._cut: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    @property
    def interval(self) -> float:
        """Seconds between two samples."""
        return self._interval

    @interval.setter
    def interval(self, seconds: float) -> None:
        self._interval = _checked(seconds)
        self._changed.set()

    def start(self) -> None:
        """Begin to sample and to listen to data loaders; a second call has no effect."""
        if self._thread is not None or not self._hub.is_on:
            return
        self._loaders.start()
        self._hub.clock.told.append(self.timer.rested)
        _running.add(self)
        self._thread = threading.Thread(target=self._run, name="labdeck-profiler", daemon=True)
        self._thread.start()

    def mark(self, part: Part | Literal[""]) -> None:
        """Let the time from now on belong to a part of the step, "" for none."""
        self.timer.mark(part)

    def end(self) -> None:
        """End a step: hand the seconds of its parts to the hub, for the row that it is about to write."""
        self.cut()
        self.tell()

    def cut(self, *, counts: bool = True) -> None:
        """End a step that is handed over later: its seconds are kept until `tell`.

        Args:
            counts: It is one of those whose operators were asked for; a step of an evaluation is none.
        """
        if counts and self._operators.is_on:
            self._operators.step()
        if not self._loaders.is_on and self._thread is not None:
            self._loaders.start()
        self._cut = self.timer.end()

    def tell(self) -> None:
        """Hand the seconds of the step that was cut to the hub; no effect where none was."""
        found, self._cut = self._cut, {}
        for name, seconds in found.items():
            self._hub.scalar(name, seconds, COLLECTION)

    def operators(self, steps: int = 5) -> None:
        """Have PyTorch's own profiler tell which operators take the time of the next steps.

        This makes those steps several times slower, so it is never done without being asked for. The tables are kept
        with the trial and shown in the profiler report.

        Args:
            steps: How many, 1 to 100.

        Raises:
            UsageError: The number is out of range.
        """
        self._operators.start(steps)

    def close(self) -> None:
        """Sample no more, and keep the report if the rule ProfilerReport watched; a second call has no effect.

        The report tells what is stored by then: it tells everything when the hub was closed before.
        """
        if self._ended:
            return
        self._ended = True
        self._changed.set()
        _running.discard(self)
        self._loaders.stop()
        self._operators.stop()
        if self._thread is not None and any(rule.rule == REPORT for rule in self._hub.runner.records()):
            self._keep_report()

    def _keep_report(self) -> None:
        from labdeck.debugger.reports import keep_report, make_report

        session, trial_id = self._hub.session, self._hub.trial.id
        try:
            keep_report(session, make_report(session, trial_id, "profiler"))
        except Exception as error:  # noqa: BLE001 - a report that cannot be made must not end the training
            self._hub.say(f"the profiler report could not be made: {error}")

    def _run(self) -> None:
        try:
            with unforked():  # it imports what reads the machine
                from labdeck.debugger.profiler.gauges import Gauges

                gauges = Gauges()
            while self._wait():
                if self._is_first():
                    self._hub.sample(gauges.read())
        except Exception as error:  # noqa: BLE001 - a thread of ours must not show a traceback to the user
            _log.warning("the machine is not sampled any more", exc_info=True)
            self._hub.warn(f"the machine is not sampled any more ({type(error).__name__}: {error})")

    def _wait(self) -> bool:
        """Wait for the next sample; False when there is to be none."""
        while True:
            self._changed.clear()
            if not self._goes_on():
                return False
            if not self._changed.wait(self._interval):
                return self._goes_on()

    def _is_first(self) -> bool:
        """Of several models that are trained together, one has the machine sampled for all."""
        others = [each for each in tuple(_running) if each._hub.trial.id == self._hub.trial.id]  # noqa: SLF001
        return min(others, key=lambda each: each._number, default=self) is self  # noqa: SLF001

    def _goes_on(self) -> bool:
        return not self._ended and self._hub.is_on


def _checked(seconds: float) -> float:
    try:
        given = float(seconds)
    except (TypeError, ValueError):
        given = float("nan")
    if not SHORTEST <= given <= LONGEST:
        raise UsageError(
            f"the machine cannot be sampled every {seconds!r} s", f"give {SHORTEST:g} to {LONGEST:g} seconds"
        )
    return given
