"""Notices which files a process opens while a trial runs in it, and whose they are.

An audit hook (PEP 578) cannot be taken away again, so it is hung up with the first trial only and looks no further than
one flag while no trial runs. Whatever goes wrong in here never reaches the program that opened the file.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from typing import Any, Protocol

from labdeck.runs.lineage.suffixes import NOTICED, ending, is_foreign

SWITCH = "LABDECK_LINEAGE"
"""Set to 0, false, no or off, this environment variable keeps files from being noticed."""

_WRITING = os.O_WRONLY | os.O_RDWR
_log = logging.getLogger("labdeck.lineage")
_lock = threading.Lock()


class Listener(Protocol):
    """Who wants to know what is opened.

    Attributes:
        thread: The thread that began its trial.
    """

    thread: int

    def saw(self, path: str, *, writing: bool) -> None:
        """Take note of a file, folder or URL."""

    def before_fork(self) -> None:
        """Be ready for children."""


_trackers: list[Listener] = []
_hooked = False
_failed = False


def is_on() -> bool:
    """Say whether files are noticed at all."""
    return not _failed and os.environ.get(SWITCH, "1").strip().lower() not in {"0", "false", "no", "off"}


def begin(tracker: Listener) -> None:
    """Tell a tracker which files are opened from now on, by the thread that calls this first of all."""
    global _trackers, _hooked  # noqa: PLW0603 - one hook per process
    with _lock:
        _trackers = [*_trackers, tracker]  # never changed in place: the hook reads it without a lock
        if not _hooked:
            _hooked = True
            sys.addaudithook(_hook)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def end(tracker: Listener) -> None:
    """Tell it nothing more."""
    global _trackers  # noqa: PLW0603
    with _lock:
        _trackers = [other for other in _trackers if other is not tracker]


def is_watched() -> bool:
    """Say whether any trial wants to know what is opened."""
    return bool(_trackers)


def _before_fork() -> None:
    for tracker in _trackers:
        tracker.before_fork()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _trackers or event not in {"open", "os.rename", "urllib.Request"}:
        return
    try:
        if event == "open":
            path, _, flags = args
            writing = bool(flags & _WRITING)
        else:
            path, writing = (args[1], True) if event == "os.rename" else (args[0], False)
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str) and ending(path.partition("?")[0]) in NOTICED and not _is_ours(sys._getframe(1)):  # noqa: SLF001
            note(path, writing=writing)
    except Exception as error:  # noqa: BLE001 - the program that opens a file must not notice
        give_up(error)


def note(path: str, *, writing: bool) -> None:
    """Tell the trial in whose part of the program this happens that it opened a file, a folder or a URL."""
    tracker = _whose()
    if tracker is None:
        return
    if "://" in path:
        tracker.saw(path, writing=writing)
        return
    full = os.path.abspath(path)  # noqa: PTH100 - as fast as it can be
    if not is_foreign(full.rpartition("/")[0]):
        tracker.saw(full, writing=writing)


def _whose() -> Listener | None:
    """Return the tracker of the innermost trial that this thread has begun.

    A thread that began none works for the one trial there is; between several nobody can tell, so nothing is said
    unless the last is a part of the others.
    """
    here = threading.get_ident()
    trackers = _trackers
    for tracker in reversed(trackers):
        if tracker.thread == here:
            return tracker
    return trackers[-1] if len({tracker.thread for tracker in trackers}) == 1 else None


def _is_ours(frame: Any) -> bool:
    """Say whether Labdeck itself opens the file, be it by way of pathlib."""
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pathlib"):
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__", "")).startswith("labdeck.")


def give_up(error: BaseException) -> None:
    """Stop noticing files in this process, and say so once."""
    global _trackers, _failed  # noqa: PLW0603
    _trackers = []
    if not _failed:
        _failed = True
        _log.warning("files are no longer noticed", exc_info=error)
        warnings.warn(
            f"Labdeck no longer notices the files that trials open: {type(error).__name__}: {error}",
            UserWarning,
            stacklevel=2,
        )
