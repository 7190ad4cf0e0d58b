"""Training loops: they have no call that begins or ends them, so their trials end with what they train.

A trial that was started for a loop ends with the notebook cell that ran it, when its optimizers are gone, when the next
loop begins, or with the process, whichever is first.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import threading
import weakref
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labdeck.runs import active
from labdeck.runs.autolog import patching
from labdeck.runs.autolog.place import Place, open_place, share_place

if TYPE_CHECKING:
    from labdeck.runs.trial import Trial


class Loop:
    """What is known of the steps of one optimizer.

    Attributes:
        every: Steps from one point to the next.
        steps: Steps taken.
        started_at: How many of them were taken before the present trial.
        place: Where they are recorded; None before the first point.
        model: What is kept at the end; None if nothing is.
        sent: Losses on their way from an accelerator: step, copy, event.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.steps = 0
        self.started_at = 0
        self.place: Place | None = None
        self.model: Any = None
        self.sent: list[tuple[int, Any, Any]] = []

    def belongs_to(self, trial: Trial | None) -> bool:
        """Say whether it is recorded where it should be when this trial runs, None for no trial of the user's."""
        if self.place is None:
            return True
        return self.place.trial is trial if trial is not None else is_own(self.place.trial)

    def send(self, module: ModuleType, loss: Any, step: int) -> None:
        """Let a loss be copied to the CPU without waiting for it."""
        if loss.device.type != "cuda":
            self.sent.append((step, loss, None))
            return
        copy = module.empty((), dtype=loss.dtype, pin_memory=True)
        copy.copy_(loss, non_blocking=True)
        event = module.cuda.Event()
        event.record(module.cuda.current_stream(loss.device))
        self.sent.append((step, copy, event))

    def receive(self, *, wait: bool) -> None:
        """Log the losses that have arrived, in order; `wait` waits for all of them."""
        while self.sent and self.place is not None:
            step, loss, event = self.sent[0]
            if event is None:
                if not wait and len(self.sent) == 1:
                    return  # by the next point it is ready, and reading it costs no waiting
            elif wait:
                event.synchronize()
            elif not event.query():
                return
            self.sent.pop(0)
            self.place.log({"train:loss": loss.item()}, step=step)


@dataclass
class _Own:
    """A trial that was started for a loop, and the optimizers that are trained in it."""

    place: Place
    thread: int
    optimizers: list[weakref.ref[Any]] = field(default_factory=list)
    error: BaseException | None = None

    def is_alive(self) -> bool:
        return any(ref() is not None for ref in self.optimizers)


_own: list[_Own] = []
_lock = threading.RLock()
_gone: queue.SimpleQueue[None] = queue.SimpleQueue()
_watching: list[int] = []


def is_own(trial: Trial) -> bool:
    """Say whether this trial was started for a loop that goes on."""
    return any(own.place.trial is trial for own in _own)


def open_loop(library: str, name: str, optimizer: Any, trial: Trial | None) -> Place:
    """Return where the steps of an optimizer are recorded: in the trial, else in one that is started for the loop.

    Two optimizers that live at the same time, as those of a generator and its critic do, share a trial.
    """
    if trial is not None:
        place = open_place(library, name)
        assert place is not None  # noqa: S101 - a loop stands alone
        return place
    with _lock:
        thread = threading.get_ident()
        running = next((own for own in _own if own.thread == thread), None)
        if running is not None:
            gc.collect()  # once per optimizer: a scheduler keeps the optimizer of the last loop alive in a ring
            if running.is_alive():
                running.optimizers.append(weakref.ref(optimizer, _tell))
                return share_place(running.place, name)
            _end(running)
        place = open_place(library, name)
        assert place is not None  # noqa: S101 - a loop stands alone
        active.hide(place.trial)  # what else happens in the thread is no part of the loop
        _own.append(_Own(place, thread, [weakref.ref(optimizer, _tell)]))
    _watch()
    return place


def _tell(_: object) -> None:
    """An optimizer is gone; called by the garbage collector, at any moment, so it does nothing but say so."""
    _gone.put(None)


def _watch() -> None:
    """End trials whose optimizers are gone in a thread of its own, and those of a cell when the cell has ended."""
    if os.getpid() not in _watching:
        _watching[:] = [os.getpid()]
        threading.Thread(target=_end_what_is_gone, name="labdeck-autolog", daemon=True).start()
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)  # the shell may be younger than the first loop


def _end_what_is_gone() -> None:
    while True:
        _gone.get()
        with _lock:
            for own in [own for own in _own if not own.is_alive()]:
                patching.guarded("torch", _end, own)


def _after_cell(result: Any) -> None:
    end_all(getattr(result, "error_in_exec", None))


def end_all(error: BaseException | None = None) -> None:
    """End every trial that was started for a loop."""
    with _lock:
        for own in _own.copy():
            patching.guarded("torch", _end, own, error)


def note_error(trial: Trial, error: BaseException) -> None:
    """Have a trial that was started for a loop end with what ended the loop."""
    with _lock:
        for own in [own for own in _own if own.place.trial is trial]:
            own.error = error


def end_own(trial: Trial) -> None:
    """End a trial if it was started for a loop."""
    with _lock:
        for own in [own for own in _own if own.place.trial is trial]:
            _end(own)


def _end(own: _Own, error: BaseException | None = None) -> None:
    own.place.finish(error or own.error)
    _own.remove(own)


def _after_fork() -> None:
    global _lock, _gone  # whoever held them is not in the child
    _lock, _gone = threading.RLock(), queue.SimpleQueue()
    _own.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
