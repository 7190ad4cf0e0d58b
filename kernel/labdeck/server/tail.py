"""Follows the event log for all clients at once: one thread, and only while there is a client."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from labdeck.errors import CursorExpired, LabdeckError
from labdeck.version import __version__
from labdeck.wire import WIRE_VERSION
from labdeck.wire.messages import Events, Hello, Reset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from logging import Logger

    from labdeck.server.gate import StoreGate
    from labdeck.studio import Studio
    from labdeck.wire import AnyEvent

PAGE = 500
"""Events in a frame at most."""
GAP = 5_000
"""A reader that is further behind is sent a Reset: reading everything anew is cheaper than so many events."""
_WAIT = 0.1
"""Seconds between two looks for new clients; new events wake the thread at once."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0


@dataclass(eq=False)
class Reader:
    """One client of the tail.

    Attributes:
        after: The last event it has seen; None if it starts now.
        deliver: Takes a frame and the `seq` up to which it brings the reader; called in the tail's thread.
    """

    after: int | None
    deliver: Callable[[bytes, int], None]


class Tail:
    """Reads the event log once and hands every frame to every reader.

    A reader first gets Hello, then what it missed, or a Reset if that cannot be known or is too much, then everything
    new. While the store does not answer, readers wait; nothing is lost, as the cursor stays.
    """

    def __init__(self, gate: StoreGate, log: Logger) -> None:
        self._gate = gate
        self._log = log
        self._lock = threading.Lock()
        self._newcomers: list[Reader] = []
        self._readers: list[Reader] = []
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._cursor: int | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a reader."""
        return bool(self._newcomers or self._readers)

    def join(self, reader: Reader) -> None:
        """Serve a reader from now on."""
        with self._lock:
            self._newcomers.append(reader)
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="labdeck-tail", daemon=True)
                self._thread.start()

    def leave(self, reader: Reader) -> None:
        """Serve a reader no more; the last one to leave ends the thread."""
        with self._lock:
            for readers in (self._newcomers, self._readers):
                if reader in readers:
                    readers.remove(reader)

    def close(self) -> None:
        """Stop for good; returns at once, the thread ends within a tenth of a second unless the store holds it."""
        self._stopped.set()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._finished():
            try:
                self._gate.run(self._follow)
                pause = _FIRST_PAUSE
            except LabdeckError as error:
                self._log.warning("Labdeck cannot follow the store: %s", error)
            except Exception:  # noqa: BLE001 - a thread that must outlive whatever one round meets
                self._log.exception("Labdeck's tail failed; it goes on")
            else:
                continue
            self._stopped.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _finished(self) -> bool:
        """Say whether to end; whoever joins after a yes finds no thread and starts another."""
        with self._lock:
            if self.busy and not self._stopped.is_set():
                return False
            self._thread = None
            self._cursor = None
            return True

    def _follow(self, studio: Studio) -> None:
        with studio.watch() as watcher:
            if self._cursor is None:
                self._cursor = studio.cursor()
            while self.busy and not self._stopped.is_set() and self._gate.is_current(studio):
                with self._lock:
                    newcomers = tuple(self._newcomers)
                # First forward, so that nobody who has read a list a moment ago seems to be ahead of the log.
                self._advance(studio, self._cursor)
                for reader in newcomers:
                    self._admit(studio, reader, self._cursor)
                watcher.wait(_WAIT)

    def _advance(self, studio: Studio, cursor: int) -> None:
        with self._lock:
            readers = tuple(self._readers)
        try:
            for events in _pages(studio, cursor):
                self._cursor = events[-1].seq
                frame = msgspec.json.encode(Events(events=events))
                for reader in readers:
                    reader.deliver(frame, self._cursor)
        except CursorExpired:
            self._cursor = studio.cursor()
            frame = msgspec.json.encode(Reset(seq=self._cursor))
            for reader in readers:
                reader.deliver(frame, self._cursor)

    def _admit(self, studio: Studio, reader: Reader, cursor: int) -> None:
        """Greet a newcomer, send what it missed up to the tail's cursor, and count it among the readers."""
        frames = [(msgspec.json.encode(Hello(version=__version__, wire=WIRE_VERSION, seq=cursor)), cursor)]
        if reader.after is not None and reader.after != cursor:
            frames += _missed(studio, reader.after, cursor)
        with self._lock:
            if reader not in self._newcomers:
                return
            self._newcomers.remove(reader)
            self._readers.append(reader)
        for frame, seq in frames:
            reader.deliver(frame, seq)


def _missed(studio: Studio, after: int, cursor: int) -> list[tuple[bytes, int]]:
    """Return the frames that bring a reader from one cursor to another."""
    reset = [(msgspec.json.encode(Reset(seq=cursor)), cursor)]
    if not 0 <= cursor - after <= GAP:
        return reset
    frames = []
    try:
        for events in _pages(studio, after):
            due = tuple(event for event in events if event.seq <= cursor)
            if due:
                frames.append((msgspec.json.encode(Events(events=due)), due[-1].seq))
            if len(due) < len(events):
                break
    except CursorExpired:
        return reset
    return frames


def _pages(studio: Studio, after: int) -> Iterator[tuple[AnyEvent, ...]]:
    while events := studio.events(after, PAGE):
        yield events
        after = events[-1].seq
