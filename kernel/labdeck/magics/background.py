"""Trainings in a thread of the notebook, so that it stays free meanwhile."""

from __future__ import annotations

import html
import threading
from typing import TYPE_CHECKING

from labdeck.errors import TrainingEnded, UsageError

if TYPE_CHECKING:
    from labdeck.magics.cells import Body
    from labdeck.magics.watched_cell import WatchedCell
    from labdeck.wire.debugging import Wish
    from labdeck.wire.judging import WatchReport


class BackgroundTraining:
    """A cell that runs in a thread, watched; made by `%%debug_rules --background`.

    Attributes:
        error: What ended it, None if nothing did or it still runs.
    """

    def __init__(self, watched: WatchedCell, body: Body) -> None:
        self._watched = watched
        self._body = body
        self._begun = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="labdeck-training", daemon=True)

    def start(self) -> None:
        """Begin, and return when it is watched; whatever keeps it from beginning is raised."""
        self._thread.start()
        self._begun.wait()
        if self.error is not None and self._watched.trial is None:
            raise self.error

    @property
    def is_running(self) -> bool:
        """It has not ended."""
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> WatchReport:
        """Wait until it has ended, or so many seconds; return how it went, or goes."""
        self._thread.join(timeout)
        return self.status()

    def status(self) -> WatchReport:
        """Return how it goes."""
        return self._watched.report()

    def stop(self) -> None:
        """Let it end at its step."""
        self._ask("stop")

    def pause(self) -> None:
        """Let it wait at the end of its step, until `go_on` or `stop`."""
        self._ask("pause")

    def go_on(self) -> None:
        """Let it go on after a pause."""
        self._ask("go-on")

    def __repr__(self) -> str:
        """Say in words how it goes."""
        trial = self._watched.trial
        name = "" if trial is None else f" as {trial.name}"
        if self.is_running:
            return f"training{name} in the background; %debug_rules status shows how it goes"
        return f"trained{name}" if self.error is None else f"training{name} ended: {self.error}"

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(repr(self))}</div>"

    def _ask(self, wish: Wish) -> None:
        trial = self._watched.trial
        if trial is not None and self.is_running:
            self._watched.context.studio.debugger.ask(trial.id, wish)

    def _run(self) -> None:
        try:
            self._body.run(_Telling(self._watched, self._begun))
        except TrainingEnded as ended:
            self.error = ended
        except BaseException as error:  # noqa: BLE001 - it is the user's code, and the thread is its end
            self.error = error
            if self._begun.is_set():
                self._watched.context.shell.showtraceback((type(error), error, error.__traceback__))
        finally:
            self._begun.set()


class _Telling:
    """Enters and leaves a watched cell, and tells when it has begun."""

    def __init__(self, watched: WatchedCell, begun: threading.Event) -> None:
        self._watched = watched
        self._begun = begun

    def __enter__(self) -> None:
        self._watched.__enter__()
        self._begun.set()

    def __exit__(self, *ended: object) -> None:
        self._watched.__exit__(*ended)  # type: ignore[arg-type]


def train_in_background(watched: WatchedCell, body: Body) -> BackgroundTraining:
    """Run a cell in a thread; UsageError if it awaits."""
    if body.needs_await:
        raise UsageError("a cell that awaits cannot train in the background", "leave out --background")
    training = BackgroundTraining(watched, body)
    training.start()
    return training
