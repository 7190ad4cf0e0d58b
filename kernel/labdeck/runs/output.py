"""Keeps what is printed while a trial runs: people see it as before, and it is in the store as well.

The `write` of the streams that were standard output and error when a trial began is wrapped for as long as a trial
runs; so loggers and progress bars that hold a stream are heard, too. What a thread prints belongs to the trial that
`active.innermost` names.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labdeck.runs import active
from labdeck.runs.definitions import Definitions
from labdeck.runs.redact import redact
from labdeck.runs.terminal import Screen
from labdeck.store.outputs import Printed
from labdeck.wire.commands import AdvanceOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labdeck.store.session import Session
    from labdeck.wire.recording import Stream

EVERY = 1.0
"""Seconds between two announcements that there is more."""
_SCREENS = 64
"""Most pairs of a thread and a stream whose rows are put together apart."""

_log = logging.getLogger("labdeck.runs")
_open: list[TrialOutput] = []
_taps: list[_Tap] = []
_change = threading.RLock()
_here = threading.local()
_outputs: weakref.WeakSet[TrialOutput] = weakref.WeakSet()


class TrialOutput:
    """What this process prints into one trial, from `open` to `close`.

    Args:
        session: The way to the store.
        trial_id: The trial.
        log: Logs a metric that was read off a line.
    """

    def __init__(self, session: Session, trial_id: str, log: Callable[[str, float], None]) -> None:
        self.trial_id = trial_id
        self.definitions = Definitions(log)
        self._session = session
        self._writer = session.outputs.writer(trial_id) if is_kept() else None
        self._size = 0
        self._reset()
        _outputs.add(self)

    def _reset(self) -> None:
        """Know of nothing begun: in a new object, and in a forked child."""
        self._lock = threading.RLock()
        self._screens: dict[tuple[int, Stream], Screen] = {}
        self._next = 0.0

    def open(self) -> None:
        """Listen from now on."""
        with _change:
            _open.append(self)
            _listen()
            _follow_cells()
        if self._writer is not None:
            self._session.add_source(self)

    def close(self) -> None:
        """Listen no longer; rows that were begun are kept as they are."""
        with _change:
            if self not in _open:
                return
            _open.remove(self)
            if not _open:
                _stop_listening()
        with self._lock:
            for (_, stream), screen in self._screens.items():
                self._keep(stream, screen.finish())
            self._screens.clear()
        if self._writer is not None:
            self._session.remove_source(self)
            self._writer.close()
            if self._has_grown():
                self._session.post(AdvanceOutput(trial_id=self.trial_id))

    def feed(self, stream: Stream, text: str) -> None:
        """Take in a piece of text that the calling thread printed."""
        with self._lock:
            key = (threading.get_ident(), stream)
            if key not in self._screens:
                self._make_room()
                self._screens[key] = Screen()
            done = self._screens[key].feed(text)
            self._keep(stream, done)

    def _make_room(self) -> None:
        while len(self._screens) >= _SCREENS:
            (_, stream), screen = next(iter(self._screens.items()))
            self._keep(stream, screen.finish())
            del self._screens[next(iter(self._screens))]

    def _keep(self, stream: Stream, rows: Sequence[str]) -> None:
        if rows and self._writer is not None:
            now = time.time()
            self._writer.add([Printed(now, stream, redact(row)) for row in rows])
        if self.definitions:
            for row in rows:
                self.definitions.read(row)

    def __call__(self) -> Sequence[AdvanceOutput]:
        """Say what has been begun, now and then, and whether there is more: a source of the session's outbox."""
        now = time.monotonic()
        if now < self._next or self._writer is None:
            return ()
        self._next = now + EVERY
        with self._lock:
            begun: list[Printed] = []
            for (_, stream), screen in self._screens.items():
                self._keep(stream, screen.settle())
                begun += [Printed(time.time(), stream, redact(row)) for row in screen.begun()]
            changed = self._writer.show(begun)
        return (AdvanceOutput(trial_id=self.trial_id),) if self._has_grown() or changed else ()

    def _has_grown(self) -> bool:
        """Say whether there is more than the last time, whichever process printed it."""
        before, self._size = self._size, self._session.outputs.size(self.trial_id)
        return self._size != before


class _Tap:
    """Hears what is written to one stream."""

    def __init__(self, stream: Any, name: Stream) -> None:
        self.stream = stream
        self._name = name
        self._active = True
        self._before: Any = vars(stream).get("write") if hasattr(stream, "__dict__") else None
        self._write = stream.write
        self.heard = self._hear_and_write
        stream.write = self.heard

    def _hear_and_write(self, text: Any, *rest: Any) -> Any:
        # Others wrap streams, too: where one of our taps lies above another, only the upper one listens.
        if not self._active or getattr(_here, "above", False):
            return self._write(text, *rest)
        _here.above = True
        try:
            written = self._write(text, *rest)
        finally:
            _here.above = False
        _hear(self._name, text)
        return written

    def remove(self) -> None:
        """Leave the stream as it was; if somebody has wrapped it since, let everything through."""
        self._active = False
        if getattr(self.stream, "write", None) is not self.heard:
            return
        with suppress(AttributeError):
            if self._before is not None:
                self.stream.write = self._before
            else:
                del self.stream.write


def is_kept() -> bool:
    """Say whether what is printed is kept; `LABDECK_OUTPUT=0` says that it is not."""
    return os.environ.get("LABDECK_OUTPUT", "1").strip().lower() not in {"0", "off", "false", "no"}


def output_of(trial_id: str) -> TrialOutput | None:
    """Return what this process prints into a trial; None if it does not write it."""
    return next((found for found in reversed(_open) if found.trial_id == trial_id), None)


def _listen() -> None:
    """Wrap the streams of now, those that are not yet."""
    streams: tuple[tuple[Stream, Any], ...] = (("stdout", sys.stdout), ("stderr", sys.stderr))
    for name, stream in streams:
        write = getattr(stream, "write", None)
        if write is not None and not any(tap.heard is write for tap in _taps):
            with suppress(AttributeError, TypeError):  # a stream that lets nobody in
                _taps.append(_Tap(stream, name))


def _stop_listening() -> None:
    while _taps:
        _taps.pop().remove()


def _listen_again() -> None:
    """Wrap the streams of the cell that begins: IPython wraps them for each, and unwraps them as they were before."""
    with _change:
        if _open:
            _listen()


def _follow_cells() -> None:
    """Have IPython tell of each cell, if we are in it; once a shell."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None and _listen_again not in shell.events.callbacks["pre_execute"]:
        shell.events.register("pre_execute", _listen_again)


def _hear(name: Stream, text: Any) -> None:
    """Hand on what was written; whatever goes wrong, whoever prints never learns of it."""
    if getattr(_here, "inside", False) or not isinstance(text, str):
        return
    _here.inside = True
    try:
        trial = active.innermost()
        output = None if trial is None else output_of(trial.id)
        if output is not None:
            output.feed(name, text)
    except Exception:  # noqa: BLE001 - printing must not fail because of us
        _log.warning("a printed text was not kept", exc_info=True)
    finally:
        _here.inside = False


def _after_fork() -> None:
    global _change  # noqa: PLW0603 - whoever held it is not in the child
    _change = threading.RLock()
    _here.inside = _here.above = False
    for output in list(_outputs):
        output._reset()  # noqa: SLF001 - the hook of the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
