"""What the machine does while a trial runs: sampled now and then, logged as metrics of the component "system".

One thread a process samples for all trials that the process began. It never raises into a training: what cannot be
measured is left out.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from labdeck.errors import TrialClosed
from labdeck.store.forks import unforked
from labdeck.store.objective import SYSTEM

if TYPE_CHECKING:
    from labdeck.runs.machine import Machine
    from labdeck.store.contract import SeriesWriter

INTERVAL = 10.0
"""Seconds between two samples, unless it is set otherwise."""
FIRST = 1.0
"""Seconds after the beginning of a trial until its first sample."""
SHORTEST = 0.1
AHEAD = 0.3
"""Seconds before the first sample at which the machine is read for the first time: rates need two readings."""

_log = logging.getLogger("labdeck.runs")
_configured = INTERVAL


def configure(interval: float) -> None:
    """Set the seconds between two samples where LABDECK_SYSTEM_METRICS says nothing; 0 switches sampling off."""
    global _configured  # noqa: PLW0603 - one setting a process
    _configured = interval


def interval() -> float:
    """Return the seconds between two samples, 0 for none.

    LABDECK_SYSTEM_METRICS decides if it is set: 0 or "off" for none, or the seconds.
    """
    said = os.environ.get("LABDECK_SYSTEM_METRICS", "").strip().lower()
    if said in {"off", "false", "no"}:
        return 0.0
    seconds = _configured
    with suppress(ValueError):
        seconds = float(said)
    return max(seconds, SHORTEST) if seconds > 0 else 0.0


class Sampler:
    """The thread that samples, while there is a trial to sample for."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[SeriesWriter, float] = {}
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, writer: SeriesWriter) -> None:
        """Log samples with this writer from now on; returns at once."""
        if not interval():
            return
        with self._lock:
            self._due[writer] = time.monotonic() + min(FIRST, interval())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="labdeck-system", daemon=True)
                self._thread.start()
            self._changed.set()

    def forget(self, writer: SeriesWriter) -> None:
        """Log nothing with it any more."""
        with self._lock:
            self._due.pop(writer, None)
            self._changed.set()

    def _run(self) -> None:
        try:
            if not self._wait(AHEAD):
                return  # a short trial costs nothing
            with unforked():  # it imports what reads the machine
                from labdeck.runs.machine import Machine

                machine = Machine()
            while self._wait():
                self._sample(machine)
        except Exception:  # noqa: BLE001 - a thread of ours must not show a traceback to the user
            _log.warning(
                "the machine is not sampled any more", exc_info=True
            )  # the thread stays: it is not tried again

    def _wait(self, ahead: float = 0.0) -> bool:
        """Wait until a trial is due, or almost; False when there is none left, and then the thread ends."""
        while True:
            with self._lock:
                if not self._due:
                    self._thread = None
                    return False
                left = min(self._due.values()) - time.monotonic() - ahead
                self._changed.clear()
            if left <= 0:
                return True
            self._changed.wait(left)

    def _sample(self, machine: Machine) -> None:
        values = machine.read()
        now = time.monotonic()
        with self._lock:
            due = [writer for writer, when in self._due.items() if when <= now]
            self._due.update(dict.fromkeys(due, now + (interval() or INTERVAL)))
        for writer in due:
            with suppress(TrialClosed):
                writer.log(values, None, SYSTEM)


SAMPLER = Sampler()
"""This process's."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SAMPLER._reset)  # noqa: SLF001 - the hook of the same module
