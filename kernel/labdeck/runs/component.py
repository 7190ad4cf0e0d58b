"""A step of a trial: preprocessing, training, evaluation."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from labdeck.errors import InvalidName
from labdeck.runs.media.logging import LogsMedia
from labdeck.runs.outcome import check_end, describe_error, outcome_of
from labdeck.runs.values import require_metrics, to_text
from labdeck.store.names import check_name
from labdeck.store.objective import SYSTEM
from labdeck.wire.commands import FinishComponent, StartComponent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.runs.media.content import Content
    from labdeck.runs.recorder import Recorder
    from labdeck.runs.trial import Trial
    from labdeck.store.contract import Series
    from labdeck.wire.records import ArtifactRecord, TrialState


class Component(LogsMedia):
    """A step of a trial, with parameters, metrics and artifacts of its own; made by `Trial.component`.

    Use it as a context manager, or call `start` and `finish`. Entering a component of a name used before continues it.

    Example:
        >>> import labdeck
        >>> with labdeck.experiment("digits").trial("cnn-32") as trial:
        ...     with trial.component("preprocessing") as preprocessing:
        ...         preprocessing.log_params(mean=4.88, std=6.02)
    """

    def __init__(self, trial: Trial, name: str, recorder: Callable[[], Recorder]) -> None:
        self.trial = trial
        self.name = check_name(name, "component")
        if self.name == SYSTEM:
            remedy = 'choose another; trial.history("cpu_percent", component="system") reads it'
            raise InvalidName(f"the component {SYSTEM!r} is kept for what the machine does", remedy)
        self._recorder = recorder
        self._runner = 0

    def start(self) -> Self:
        """Begin, and return itself; the trial is started if it is not."""
        recorder = self._recorder()
        if not self._runner:
            self._runner = os.getpid()
            recorder.post(StartComponent(trial_id=self.trial.id, name=self.name, started=time.time()))
        return self

    def finish(self, state: TrialState = "completed", error: str = "") -> None:
        """End, as `Trial.finish` does: in a forked child the component of the parent goes on."""
        state, error = check_end(state), to_text(error, "the error")
        runner, self._runner = self._runner, 0
        if runner == os.getpid():
            self.trial.experiment.session.post(
                FinishComponent(trial_id=self.trial.id, name=self.name, state=state, ended=time.time(), error=error)
            )

    def __enter__(self) -> Self:
        """Begin."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End as the block ended; the exception goes on."""
        self.finish(outcome_of(error), describe_error(error) if outcome_of(error) == "failed" else "")

    def log(self, mapping: Mapping[str, float] | None = None, /, step: int | None = None, **metrics: float) -> None:
        """Log one point per metric of this component; see `Trial.log`."""
        try:
            both = metrics if mapping is None else {**mapping, **metrics}
            self._begin().log(self.name, both, step)
        except (AttributeError, TypeError, ValueError):
            require_metrics(mapping)
            raise

    def log_params(self, mapping: Mapping[str, object] | None = None, /, **params: object) -> None:
        """Record parameters of this component; see `Trial.log_params`."""
        self._begin().log_params(self.name, mapping, params)

    def log_artifact(
        self, path: str | PathLike[str], name: str | None = None, media_type: str | None = None
    ) -> ArtifactRecord:
        """Keep a file with this component; see `Trial.log_artifact`."""
        return self._begin().log_artifact(self.name, path, name, media_type)

    def _keep(self, name: str, content: Content, step: int | None, caption: str) -> ArtifactRecord:
        return self._begin().keep(self.name, name, content, step, caption)

    def history(self, metric: str) -> Series:
        """Return the points of one of this component's metrics; see `Trial.history`."""
        return self.trial.history(metric, component=self.name)

    def _begin(self) -> Recorder:
        """Return what writes the trial; the component is started if it is not."""
        if not self._runner:
            self.start()
        return self._recorder()

    def __repr__(self) -> str:
        """Name the component and its trial."""
        return f"<component {self.name!r} of {self.trial!r}>"
