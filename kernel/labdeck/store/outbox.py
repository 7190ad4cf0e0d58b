"""Commands on their way from a training process to the catalog.

A training process never waits for a database. `post` writes the command to a journal, which is safe against SIGKILL,
and returns; a background thread opens the catalog and applies what is waiting, exactly once (see `Receipt`). What a
dead process left behind is applied by whoever opens the store next (`adopt`). Besides, the thread asks its *sources* a
few times a second for commands that need no journal because they can be made anew: metric summaries and signs of life.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError, StoreError, StoreUnreachable
from labdeck.store.contract import Receipt
from labdeck.store.disk import disk_error
from labdeck.store.ids import new_id
from labdeck.store.journal import DAMAGED, MAGIC, SUFFIX, Journal, check_command, read_journal
from labdeck.store.locks import is_held
from labdeck.store.process import host_name, this_process

if TYPE_CHECKING:
    from pathlib import Path

    from labdeck.store.contract import Catalog
    from labdeck.wire.commands import AnyCommand

Source = Callable[[], Sequence["AnyCommand"]]

TICK = 0.25
"""Seconds between two questions to the sources."""
LINGER = 0.03
"""Seconds to wait for more commands before a transaction, and before the first import of the database library."""
RETRY = (0.5, 5.0)
"""First and longest pause, in seconds, after the catalog could not be written."""
CLOSING = 15.0
"""Longest time, in seconds, that the end of a process waits for the catalog."""
STILLBORN = 3600.0
"""Age, in seconds, at which an outbox without content is removed."""
_JOURNAL_LIMIT = 1 << 20

_log = logging.getLogger("labdeck.store")


class Outbox:
    """Carries one process's commands to the catalog.

    Args:
        folder: The store's outbox folder.
        open_catalog: Opens the catalog, or returns the open one; called in the background thread.
    """

    def __init__(self, folder: Path, open_catalog: Callable[[], Catalog]) -> None:
        self._folder = folder
        self._open_catalog = open_catalog
        self._condition = threading.Condition()
        self._sources: list[Source] = []
        self._reset()

    def _reset(self) -> None:
        """Begin anew: in a new object, and in a forked child, which must not share its parent's file or thread."""
        self._pid = os.getpid()
        self._writer = new_id()
        self._journal: Journal | None = None
        self._waiting: list[tuple[int, AnyCommand]] = []
        self._posted = 0
        self._applied = 0
        self._thread: threading.Thread | None = None
        self._closing = False
        self._hurry = threading.Event()
        self._asked = 0.0
        self._announced: list[AnyCommand] = []  # from the sources, not in the catalog yet
        self._telling = False  # the thread may hold announcements that nobody else has
        self._retry_journal = 0.0
        self._error: LabdeckError | None = None
        self._warned = False

    def after_fork(self) -> None:
        """Forget what belongs to the parent process; sources stay with the parent, too."""
        if self._journal is not None:
            self._journal.close(remove=False)  # else the child would hold the parent's file when the parent is gone
        self._condition = threading.Condition()
        self._sources = []
        self._reset()

    def post(self, *commands: AnyCommand) -> None:
        """Accept commands; when this returns, SIGKILL cannot lose them.

        A full disk or a lost database is no error here.

        Raises:
            UsageError: A value in them cannot be recorded; none of them is accepted.
        """
        for command in commands:
            check_command(command)
        with self._condition:
            for command in commands:
                self._posted += 1
                self._write(command)
                self._waiting.append((self._posted, command))
            self._ensure_thread()
            self._condition.notify_all()

    def _write(self, command: AnyCommand) -> None:
        now = time.monotonic()
        if self._journal is None and now < self._retry_journal:
            return
        try:
            if self._journal is None:
                self._journal = Journal(self._folder / (self._writer + SUFFIX), this_process())
            self._journal.append(self._posted, command)
        except OSError as error:
            self._retry_journal = now + RETRY[0]
            self._warn(disk_error(error, "the outbox cannot be written"))

    def add_source(self, source: Source) -> None:
        """Ask this source for commands from now on."""
        with self._condition:
            self._sources.append(source)
            self._ensure_thread()
            self._condition.notify_all()

    def remove_source(self, source: Source) -> None:
        """Do not ask this source any more."""
        with self._condition, contextlib.suppress(ValueError):
            self._sources.remove(source)

    def flush(self, timeout: float = 60.0) -> None:
        """Wait until everything posted so far is in the catalog.

        Raises:
            StoreError: The catalog cannot be written, or not within `timeout` seconds; nothing is lost, it stays in
                the outbox.
        """
        deadline = time.monotonic() + timeout
        with self._condition:
            goal = self._posted
            if self._applied >= goal and not self._telling:
                return
            self._error = None
            self._ensure_thread()
            self._hurry.set()
            self._condition.notify_all()
            while self._applied < goal or self._telling:
                if self._error is not None:
                    raise self._error
                left = deadline - time.monotonic()
                if left <= 0:
                    raise StoreUnreachable("the catalog did not take the facts in time", "they stay in the outbox")
                self._condition.wait(left)

    def close(self, timeout: float = CLOSING) -> None:
        """Flush, stop the thread and remove the journal if all of it is in the catalog. Never raises.

        Takes `timeout` seconds at most: what is not delivered by then is safe in the journal.
        """
        deadline = time.monotonic() + timeout
        try:
            self.flush(timeout)
        except LabdeckError as error:
            _log.warning("facts stay in the outbox until the store is opened again: %s", error)
        with self._condition:
            self._closing = True
            self._hurry.set()
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(max(deadline - time.monotonic(), 0.1))
        with self._condition:
            if self._journal is not None:
                self._journal.close(remove=self._applied == self._posted)
            self._reset()

    # -- the background thread -------------------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._closing = False
            self._thread = threading.Thread(target=self._run, name="labdeck-outbox", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = 0.0
        while self._await_work(pause):
            try:
                self._deliver()
                pause = 0.0
            except Exception as error:  # noqa: BLE001 - the thread must live: facts would pile up unseen
                pause = min(max(pause * 2, RETRY[0]), RETRY[1])
                self._fail(error)

    def _await_work(self, pause: float) -> bool:
        """Block until there may be something to deliver; False when the thread is to end."""
        if pause:
            self._hurry.wait(pause)
        with self._condition:
            if not self._waiting and not self._closing:
                self._condition.wait(TICK if self._sources else None)
            waiting, closing = bool(self._waiting), self._closing
        if closing:
            return waiting and not pause
        if waiting and not pause:
            self._hurry.wait(LINGER)
        self._hurry.clear()
        return True

    def _deliver(self) -> None:
        """Apply what could not be announced the last time, then what was posted, then what the sources say now.

        In this order a summary that was held up never comes after a newer one, and none comes before its trial.
        """
        with self._condition:
            batch, held_up = list(self._waiting), list(self._announced)
            self._telling = True
        fresh = self._ask_sources()
        self._announced = held_up + fresh
        if batch or self._announced:
            catalog = self._open_catalog()
            if held_up:
                catalog.apply(held_up)
            if batch:
                position = batch[-1][0]
                _apply_all(catalog, [command for _, command in batch], Receipt(self._writer, position))
                self._done(position, len(batch))
            if fresh:
                catalog.apply(fresh)
        with self._condition:
            self._announced = []
            self._telling = False
            self._condition.notify_all()

    def _ask_sources(self) -> list[AnyCommand]:
        now = time.monotonic()
        if now - self._asked < TICK:
            return []
        self._asked = now
        return [command for source in list(self._sources) for command in source()]

    def _done(self, position: int, count: int) -> None:
        with self._condition:
            del self._waiting[:count]
            self._applied = position
            self._error = None
            if self._journal is not None and not self._waiting and self._journal.pending > _JOURNAL_LIMIT:
                self._journal.clear()
            self._condition.notify_all()

    def _fail(self, error: Exception) -> None:
        known = error if isinstance(error, LabdeckError) else StoreError(f"{type(error).__name__}: {error}")
        if known is not error:
            _log.error("the outbox could not be delivered", exc_info=None if self._warned else error)
        with self._condition:
            self._error = known
            self._telling = bool(self._announced)
            self._condition.notify_all()
        self._warn(known)

    def _warn(self, error: LabdeckError) -> None:
        _log.info("%s", error)  # who listens to the log gets each, who does not reads one line
        if not self._warned:
            self._warned = True
            # A thread's warning turned into an error would end the thread, and with it the delivery.
            with contextlib.suppress(UserWarning):
                warnings.warn(f"Labdeck: {error}; training goes on, facts wait in memory", UserWarning, stacklevel=4)


def _apply_all(catalog: Catalog, commands: list[AnyCommand], receipt: Receipt) -> None:
    """Apply a batch, or, if one command in it cannot be applied, all the others."""
    try:
        catalog.apply(commands, receipt)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - whatever one command does, the others must arrive
        for command in commands:
            _apply_or_log(catalog, command)
        catalog.apply([], receipt)


def _apply_or_log(catalog: Catalog, command: AnyCommand) -> None:
    try:
        catalog.apply([command])
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - see _apply_all
        _log.warning("%s was left out: %s", type(command).__name__, error)


def adopt(folder: Path, catalog: Catalog) -> int:
    """Apply what dead processes left in their outboxes; return how many commands that were.

    Outboxes of processes that live, or of other machines, are left alone. A damaged one is delivered as far as it can
    be read and then kept under another name. Two adopters at once do no harm: the receipt lets each command in once.
    """
    return sum(_adopt(path, catalog) for path in sorted(folder.glob("*" + SUFFIX)))


def _adopt(path: Path, catalog: Catalog) -> int:
    if is_held(path):
        return 0
    try:
        found = read_journal(path)
    except FileNotFoundError:
        return 0
    except LabdeckError as error:
        status = path.stat()
        if status.st_size <= len(MAGIC):
            # Its writer died before it had written anything, or is about to hold the file and write.
            if time.time() - status.st_mtime > STILLBORN:
                path.unlink(missing_ok=True)
        else:
            _set_aside(path, str(error))
        return 0
    if found.identity.host != host_name():
        return 0
    done = catalog.position(path.stem)
    rest = [(position, command) for position, command in found.entries if position > done]
    if rest:
        _apply_all(catalog, [command for _, command in rest], Receipt(path.stem, rest[-1][0]))
    if found.damaged:
        _set_aside(path, f"a part of {path.name} cannot be read")
    else:
        path.unlink(missing_ok=True)
    return len(rest)


def _set_aside(path: Path, what: str) -> None:
    _log.warning("%s; it is kept as %s", what, path.stem + DAMAGED)
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_suffix(DAMAGED))
