"""SageMaker's Run: one trial that logs everything itself.

A Run of an experiment is a trial of it by the run's name. Entering a run that was there before goes on with it.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, Token
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.compat.smexperiments import charts, place
from labdeck.compat.smexperiments.api_types import to_datetime, to_seconds
from labdeck.defaults import studio
from labdeck.errors import NotFound, UsageError
from labdeck.runs.recorder import Recorder
from labdeck.store.contract import Series, SeriesKey

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from labdeck.runs.trial import Trial as LocalTrial

_current: ContextVar[Run | None] = ContextVar("labdeck_run", default=None)


class Run:
    """One attempt at an experiment's question; use it as a context manager.

    Outside of the block the log methods raise RuntimeError, as the original's do.

    Attributes:
        experiment_name, run_name: What they are called.

    Args:
        experiment_name: Opened, or made if there is none.
        run_name: Made up if it is None.
        experiment_display_name, run_display_name: Kept as tags.
        tags: Keys and values, as SageMaker lists them.
        sagemaker_session, artifact_bucket, artifact_prefix: Accepted and not used.

    Example:
        >>> with Run("digits-runs", run_name="cnn-32") as run:
        ...     run.log_parameter("hidden", 32)
        ...     for step in range(3):
        ...         run.log_metric("loss", 1 / (step + 1), step=step)
        >>> [known.run_name for known in list_runs("digits-runs")]
        ['cnn-32']
    """

    def __init__(
        self,
        experiment_name: str,
        run_name: str | None = None,
        experiment_display_name: str | None = None,
        run_display_name: str | None = None,
        tags: Sequence[dict[str, str]] | None = None,
        sagemaker_session: object = None,  # noqa: ARG002 - accepted and not used
        artifact_bucket: str | None = None,  # noqa: ARG002 - accepted and not used
        artifact_prefix: str | None = None,  # noqa: ARG002 - accepted and not used
    ) -> None:
        self.experiment_name = experiment_name
        self.run_name = run_name or place.unique_name("Sagemaker-Run")
        experiment = studio().experiment(experiment_name)
        if experiment_display_name:
            experiment.tag(display_name=experiment_display_name)
        self._local: LocalTrial | None = None
        with suppress(NotFound):
            self._local = experiment.find(self.run_name)
        self._experiment = experiment
        self._tags = place.tags_to_dict(tags)
        if run_display_name:
            self._tags["display_name"] = run_display_name
        self._inside = False
        self._token: Token[Run | None] | None = None
        self._timed: Recorder | None = None

    @property
    def experiment_config(self) -> dict[str, str]:
        """What an estimator is told to find this run."""
        return {"ExperimentName": self.experiment_name, "RunName": self.run_name}

    def __enter__(self) -> Self:
        """Begin, or go on with a run that has ended; RuntimeError inside another run."""
        if _current.get() is not None:
            raise RuntimeError("a run is active already: leave its block first")
        if self._local is None:
            self._local = self._experiment.trial(self.run_name, tags=self._tags).start()
        else:
            self._local.resume()
            if self._tags:
                self._local.tag(**self._tags)
        self._inside = True
        self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End as the block ended; the exception goes on."""
        self._inside = False
        if self._token is not None:
            _current.reset(self._token)
        if self._timed is not None:
            self._timed.leave()
            self._timed = None
        if self._local is not None:
            self._local.__exit__(kind, error, trace)

    def close(self) -> None:
        """End it; what the block does at its end."""
        if self._inside:
            self.__exit__(None, None, None)

    def log_parameter(self, name: str, value: Any) -> None:
        """Record a parameter."""
        self.log_parameters({name: value})

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters."""
        self._require().log_params(parameters)

    def log_metric(
        self, name: str, value: float, timestamp: datetime | float | None = None, step: int | None = None
    ) -> None:
        """Record a point; without a step they are counted."""
        trial, when = self._require(), to_seconds(timestamp)
        if when is None:
            trial.log({name: value}, step=step)
        else:
            point = Series(np.array([step or 0]), np.array([when]), np.array([float(value)]))
            if self._timed is None:
                self._timed = Recorder(place.session(), trial.id)
            self._timed.writer.extend(SeriesKey("", name), point)

    def log_artifact(self, name: str, value: str, media_type: str | None = None, is_output: bool = True) -> None:
        """Record where an output, or an input, lies."""
        trial = self._require()
        log = trial.log_output if is_output else trial.log_input
        log(value, name=name, properties={"media_type": media_type} if media_type else {})

    def log_file(
        self,
        file_path: str,
        name: str | None = None,
        media_type: str | None = None,
        is_output: bool = True,
        extra_args: object = None,  # noqa: ARG002 - accepted and not used
    ) -> None:
        """Keep a file as an output, or an input."""
        trial = self._require()
        stated = media_type or mimetypes.guess_type(file_path)[0]
        trial.log_artifact(file_path, name or Path(file_path).name, stated)
        if not is_output:
            trial.log_input(file_path, name=name)

    def log_precision_recall(
        self,
        y_true: ArrayLike,
        predicted_probabilities: ArrayLike,
        positive_label: Any = None,
        title: str | None = None,
        is_output: bool = True,
        no_skill: float | None = None,
    ) -> None:
        """Keep a precision-recall curve."""
        chart = charts.precision_recall(y_true, predicted_probabilities, positive_label, title, no_skill)
        self._draw(chart, title or "precision_recall", is_output)

    def log_roc_curve(
        self, y_true: ArrayLike, y_score: ArrayLike, title: str | None = None, is_output: bool = True
    ) -> None:
        """Keep a receiver operating characteristic."""
        self._draw(charts.roc_curve(y_true, y_score, title), title or "roc_curve", is_output)

    def log_confusion_matrix(
        self, y_true: ArrayLike, y_pred: ArrayLike, title: str | None = None, is_output: bool = True
    ) -> None:
        """Keep a confusion matrix."""
        self._draw(charts.confusion_matrix(y_true, y_pred, title), title or "confusion_matrix", is_output)

    def _draw(self, chart: dict[str, Any], name: str, is_output: bool) -> None:
        with charts.as_file(chart) as path:
            self.log_file(path, name, "application/json", is_output)

    def _require(self) -> LocalTrial:
        if not self._inside or self._local is None:
            raise RuntimeError("this run is not active: log inside of its `with` block")
        return self._local

    @property
    def creation_time(self) -> datetime | None:
        """When it began, None before."""
        return None if self._local is None else to_datetime(self._local.record().started)


def load_run(
    run_name: str | None = None,
    experiment_name: str | None = None,
    sagemaker_session: object = None,  # noqa: ARG001 - accepted and not used
    artifact_bucket: str | None = None,  # noqa: ARG001 - accepted and not used
    artifact_prefix: str | None = None,  # noqa: ARG001 - accepted and not used
) -> Run:
    """Return a run to go on with: of those names, or the one whose block this is called in.

    Raises:
        UsageError: A run is named without its experiment.
        NotFound: There is no such run.
        RuntimeError: None is named, and none is active.
    """
    if run_name is None:
        active = _current.get()
        if active is None:
            raise RuntimeError("no run is active: give run_name and experiment_name")
        return active
    if experiment_name is None:
        raise UsageError("a run is named without its experiment", "give experiment_name too")
    studio().find_experiment(experiment_name).find(run_name)
    return Run(experiment_name, run_name)


def list_runs(
    experiment_name: str,
    created_before: datetime | None = None,
    created_after: datetime | None = None,
    sagemaker_session: object = None,  # noqa: ARG001 - accepted and not used
    max_results: int | None = None,
    next_token: str | None = None,  # noqa: ARG001 - there are no pages
    sort_by: str = "CreationTime",
    sort_order: str = "Descending",
) -> list[Run]:
    """Return the runs of an experiment; NotFound."""
    names = [trial.name for trial in studio().find_experiment(experiment_name).trials()]
    runs = place.in_order(
        [Run(experiment_name, name) for name in names],
        created=lambda run: run.creation_time,
        name=lambda run: run.run_name,
        created_before=created_before,
        created_after=created_after,
        sort_by=getattr(sort_by, "value", sort_by),
        sort_order=getattr(sort_order, "value", sort_order),
    )
    return [*runs][:max_results]
