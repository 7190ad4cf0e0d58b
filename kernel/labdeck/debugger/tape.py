"""What a watch writes: counts steps, puts rows and arrays on their way, keeps the last steps in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.clock import Clock
from labdeck.debugger.flight import FlightRing
from labdeck.debugger.naming import Naming
from labdeck.debugger.scalars import Scalars
from labdeck.debugger.writing import Keeper
from labdeck.errors import UsageError
from labdeck.findings.samples import SYSTEM, is_sample
from labdeck.store.ids import new_id
from labdeck.store.tensors.frames import MODES, Moment
from labdeck.store.tensors.notes import Note
from labdeck.wire.commands import MarkIncomplete

if TYPE_CHECKING:
    from labdeck.debugger.plan import Plan
    from labdeck.store.session import Session
    from labdeck.store.tensors.layout import Layout
    from labdeck.wire.debugging import Mode

MOST_RECORDINGS = 20
"""Flight recordings that are kept of one watch."""


class Teller(Protocol):
    """Tells the user something."""

    def say(self, text: str) -> None:
        """Tell it now."""

    def warn(self, text: str) -> None:
        """Tell it in the panel."""


class Tape:
    """Writes the steps of one watch.

    Args:
        session: The way to the store.
        trial_id: The trial.
        flight: Steps that the flight recorder keeps, 0 for none.
        teller: Tells the user what cannot be kept.
        naming: The names under which tensors are stored.
    """

    def __init__(self, session: Session, trial_id: str, flight: int, teller: Teller, naming: Naming) -> None:
        self._session = session
        self._trial_id = trial_id
        self._teller = teller
        self.naming = naming
        self._now: Moment | None = None
        self._turn = threading.RLock()
        self._keeper = Keeper(session.tensors.writer(trial_id), self._lose)
        self._ring = FlightRing(flight) if flight > 0 else None
        self._samples = Scalars()
        self._sampled = 0
        self._is_closed = False
        self._recording: tuple[Moment | None, str] = (None, "")
        self.clock = Clock()
        self.clock.told.append(self._rested)
        self.scalars = Scalars()
        self.steps: dict[Mode, int] = dict.fromkeys(MODES, 0)
        self.global_step = 0
        self.recorded = 0
        self.dropped = 0
        self.recordings = 0

    @property
    def has_ring(self) -> bool:
        """The flight recorder is on."""
        return self._ring is not None

    def go_on_counting(self) -> None:
        """Count on where an earlier run of the trial, or an earlier watch, ended."""
        if self._trial_id not in self._session.tensors.trial_ids():
            return
        reader = self._session.tensors.reader(self._trial_id)
        for row in reader.rows():
            if is_sample(row.moment.mode, row.layout):
                self._sampled = max(self._sampled, row.moment.step + 1)
            else:
                self._count_on(row.moment)
        for moment in reader.array_moments():
            self._count_on(moment)

    def _count_on(self, moment: Moment) -> None:
        self.steps[moment.mode] = max(self.steps[moment.mode], moment.step + 1)
        self.global_step = max(self.global_step, moment.global_step + 1)

    def _rested(self, seconds: float) -> None:
        """Nobody trained for a while: the same rules over what was recorded are not to take it for a standstill."""
        with self._turn:
            if (self.recorded or self._sampled) and not self._is_closed:
                self._keeper.note(Moment("GLOBAL", 0, self.global_step, time.time()), Note(rest=seconds))

    def count(self, mode: Mode) -> None:
        """A step has ended at which nothing was due."""
        with self._turn:
            self.steps[mode] += 1
            self.global_step += 1
        self.clock.beat()

    def write(
        self,
        mode: Mode,
        plan: Plan,
        values: NDArray[np.float64],
        arrays: Mapping[str, Any],
        origins: Mapping[str, str],
    ) -> tuple[Moment, Layout, NDArray[np.float64], float]:
        """Count a step and write it; return when it was, its row, and the seconds that the flight recorder took.

        Raises:
            UsageError: There are not as many values as the plan's layout has.
        """
        with self._turn:
            self.clock.beat()  # a rest is over before the step was
            moment = self._now = Moment(mode, self.steps[mode], self.global_step, time.time())
            self.count(mode)
            layout = plan.layout
            if len(values) != layout.width:
                raise UsageError(f"{len(values)} values for {layout.width} columns", "hand over what the plan names")
            if self.scalars:
                layout, values = self.scalars.join(layout, values)
            layout = self.naming.layout(layout)
            if len(values):
                self.recorded += self._keeper.row(layout, moment, values)
            if origins:
                self._keeper.note(moment, Note(dict(self.naming.mapping(origins))))
            if plan.stored:
                self._keeper.arrays(moment, self._named(plan.stored, arrays))
            if not plan.flight or self._ring is None:
                return moment, layout, values, 0.0
            begun = time.perf_counter()
            self._fly(self._ring, moment, {**self._named(plan.flight, arrays), **_losses(layout, values)})
            return moment, layout, values, time.perf_counter() - begun

    def _named(self, names: tuple[str, ...], arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.naming.mapping({name: arrays[name] for name in names if name in arrays})

    def complete(self, arrays: Callable[[], Mapping[str, Any]]) -> None:
        """Have the flight recorder keep the step that was just written, if it left it out."""
        with self._turn:
            ring, now = self._ring, self._now
            if ring is not None and now is not None and ring.latest() != now:
                self._fly(ring, now, self.naming.mapping(arrays()))

    def sample(self, values: Mapping[str, float]) -> tuple[Moment, Layout, NDArray[np.float64]]:
        """Write a row of what the machine does."""
        with self._turn:
            for name, value in values.items():
                self._samples.add(name, value, SYSTEM)
            layout, row = self._samples.take()
            moment = Moment("GLOBAL", self._sampled, self.global_step, time.time())
            self._sampled += 1
            self._keeper.row(layout, moment, row)
            return moment, layout, row

    def _fly(self, ring: FlightRing, moment: Moment, arrays: Mapping[str, Any]) -> None:
        self._limit_flight(ring, ring.keep(moment, arrays))

    def expect(self, size: int) -> None:
        """Look, before a step is copied from wherever it is, how many steps of so many bytes fit into memory."""
        with self._turn:
            if self._ring is not None and size:
                self._limit_flight(self._ring, self._ring.limit // size)

    def _limit_flight(self, ring: FlightRing, fitting: int) -> None:
        if fitting >= ring.steps:
            return
        ring.steps = fitting
        room = f"{ring.limit >> 20:,} MB"
        if fitting:
            self._teller.warn(f"the flight recorder keeps {fitting} steps only: more do not fit into {room}")
        else:
            self._teller.warn(f"the flight recorder is off: not even one step fits into {room}")
            self._ring = None

    def record(self) -> str:
        """Keep what the flight recorder holds; return the recording's id, "" if there is nothing; once at a step."""
        with self._turn:
            ring = self._ring
            if ring is None or not len(ring):
                return ""
            latest, known = self._recording
            if latest == ring.latest():
                return known
            if self.recordings >= MOST_RECORDINGS:
                self._teller.warn(f"{MOST_RECORDINGS} flight recordings were kept; further ones are not")
                return ""
            recording = new_id()
            self._recording = (ring.latest(), recording)
            self.recordings += 1
            self._keeper.recording(recording, ring.lend())
            return recording

    def _lose(self, count: int, error: Exception | None) -> None:
        """Rows or arrays could not be kept."""
        first = not self.dropped
        self.dropped += count
        if first:
            why = str(error) if error is not None else "the disk is too slow for whole arrays at this interval"
            self._teller.say(f"{why}; training goes on, what cannot be kept is counted")
            self._session.post(MarkIncomplete(id=self._trial_id, reason=f"tensors could not be kept: {why}"))

    def close(self) -> None:
        """Write what waits, and let go of everything."""
        with self._turn:
            self._is_closed = True
        self._keeper.close()
        self._ring = None

    def after_fork(self) -> None:
        """In a forked child: nobody holds the lock."""
        self._turn = threading.RLock()


def _losses(layout: Layout, values: NDArray[np.float64]) -> dict[str, Any]:
    places = [(name, layout.place(name, "value")) for name in layout.select("losses")]
    return {name: np.asarray(values[place]) for name, place in places if place is not None}
