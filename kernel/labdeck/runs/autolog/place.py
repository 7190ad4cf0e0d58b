"""Where what is recorded of one training goes: the trial that runs, or one of its own."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.errors import TrialClosed
from labdeck.runs import active
from labdeck.runs.autolog import options
from labdeck.runs.autolog.describe import short
from labdeck.runs.outcome import describe_error, outcome_of
from labdeck.runs.recorder import Recorder

if TYPE_CHECKING:
    from labdeck.runs.trial import Trial

_lock = threading.Lock()
_taken: weakref.WeakKeyDictionary[Trial, set[str]] = weakref.WeakKeyDictionary()


class Place:
    """A trial or a component of one, to which the facts of one training are written.

    Args:
        trial: The trial.
        component: The component's name, "" for the trial itself.
        own: It was started for this training and ends with it.
    """

    def __init__(self, trial: Trial, component: str, *, own: bool) -> None:
        self.trial = trial
        self.own = own
        self.component = component
        self._target = trial.component(component).start() if component else trial

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log a point per metric."""
        if metrics:
            self._target.log(metrics, step=step)

    def params(self, params: Mapping[str, object]) -> None:
        """Record parameters, bounded in number and length."""
        kept = {name: short(value) for name, value in list(params.items())[: options.MOST_PARAMS]}
        if len(params) > len(kept):
            kept["params_left_out"] = len(params) - len(kept)
        if kept:
            self._target.log_params(kept)

    def keep(self, name: str, write: Callable[[Path], object]) -> None:
        """Keep a file that a function writes to the path that it is given."""
        with tempfile.TemporaryDirectory(prefix="labdeck-") as folder:
            path = Path(folder) / name
            write(path)
            self._target.log_artifact(path, name=name)

    def log_late(self, metrics: Mapping[str, float]) -> None:
        """Log a point per metric when the training may have ended, and its trial with it."""
        try:
            if self.component:
                with self.trial.component(self.component) as component:
                    component.log(metrics)
            else:
                self.trial.log(metrics)
        except TrialClosed:
            recorder = Recorder(self.trial.experiment.session, self.trial.id)
            recorder.log(self.component, metrics, None)
            recorder.leave()

    def finish(self, error: BaseException | None = None) -> None:
        """End what was begun for this training, as the training ended."""
        state = outcome_of(error)
        said = describe_error(error) if error is not None and state == "failed" else ""
        if self.own or self.component:
            self._target.finish(state, said)


def open_place(library: str, name: str, *, stands_alone: bool = True) -> Place | None:
    """Return where a training is recorded.

    In a running trial the first training that stands alone is recorded as the trial's own facts, the others in
    components named after them. Without one a trial is started, unless the training does not stand alone.

    Args:
        library: What trains, kept as the tag "autolog" of a trial that is started.
        name: What the training is called.
        stands_alone: It yields a model; a preparation of data does not.
    """
    trial = active.innermost()
    if trial is not None:
        return Place(trial, _free_name(trial, name, first=stands_alone), own=False)
    if not stands_alone:
        return None
    trial = options.current().open_experiment().trial(name, tags={"autolog": library}).start()
    return Place(trial, _free_name(trial, name, first=True), own=True)


def share_place(place: Place, name: str) -> Place:
    """Return a component for a further part of a training that has a trial of its own."""
    return Place(place.trial, _free_name(place.trial, name, first=False), own=False)


def _free_name(trial: Trial, name: str, *, first: bool) -> str:
    with _lock:
        taken = _taken.setdefault(trial, set())
        wanted = "" if first and "" not in taken else name
        found, number = wanted, 1
        while found in taken:
            number += 1
            found = f"{name}-{number}"
        taken.add(found)
        return found


def floats(values: Mapping[Any, Any]) -> dict[str, float]:
    """Return those values that are one number, by their names as text.

    Example:
        >>> floats({"loss": 1, "name": "x"})
        {'loss': 1.0}
    """
    found = {}
    for name, value in values.items():
        try:
            found[str(name)] = float(value)
        except (TypeError, ValueError):
            continue
    return found
