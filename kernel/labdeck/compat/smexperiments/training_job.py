"""What an estimator's `fit` did for tracking, around a function that trains here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import place
from labdeck.compat.smexperiments.active_job import active
from labdeck.compat.smexperiments.tracker import Tracker
from labdeck.compat.smexperiments.trial import Trial
from labdeck.compat.smexperiments.trial_component import TrialComponent
from labdeck.errors import UsageError
from labdeck.runs.definitions import Definitions, to_definitions
from labdeck.runs.output import output_of

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.runs.trial import Trial as LocalTrial


class TrainingJob:
    """A training that runs here, recorded as SageMaker records a training job.

    It makes a trial component, in a trial if the configuration names one. What is printed inside the block is searched
    for metrics, as `metric_definitions` say; `Tracker.load()` inside the block records into the component.

    Args:
        job_name: Made up if it is None.
        hyperparameters: Recorded as parameters.
        metric_definitions: [{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}]: the first group is the value.
        inputs: Names of channels to where their data lies.
        experiment_config: {"TrialName": …, "TrialComponentDisplayName": …}; "ExperimentName" alone makes a trial.

    Attributes:
        tracker: Records into the job's component.
        name: The job's name.

    Raises:
        UsageError: The configuration or a regular expression cannot be used.
        NotFound: There is no such trial.

    Example:
        >>> import labdeck
        >>> _ = labdeck.experiment("mnist-jobs")
        >>> with TrainingJob(
        ...     "cnn-2-job",
        ...     metric_definitions=[{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}],
        ...     experiment_config={"ExperimentName": "mnist-jobs", "TrialComponentDisplayName": "Training"},
        ... ) as job:
        ...     print("Train Loss: 0.25;")
        Train Loss: 0.25;
        >>> job.tracker.trial_component.metrics[0].last
        0.25
    """

    def __init__(
        self,
        job_name: str | None = None,
        *,
        hyperparameters: Mapping[str, Any] | None = None,
        metric_definitions: Sequence[Mapping[str, str]] = (),
        inputs: Mapping[str, str] | None = None,
        experiment_config: Mapping[str, str] | None = None,
    ) -> None:
        config = dict(experiment_config or {})
        self.name = place.check_given_name(job_name or place.unique_name("training-job"), "job")
        self._definitions = to_definitions(metric_definitions)
        trial = _trial_of(config)
        component = TrialComponent.create(
            f"{self.name}-aws-training-job", display_name=config.get("TrialComponentDisplayName")
        )
        component.source = {"SourceArn": place.arn("training-job", self.name), "SourceType": "SageMakerTrainingJob"}
        component.parameters.update(hyperparameters or {})
        component.save()
        self.tracker = Tracker(component)
        for channel, uri in (inputs or {}).items():
            self.tracker.log_input(channel, uri)
        self._shown: LocalTrial = component.local if trial is None else trial.local
        if trial is not None:
            trial.add_trial_component(component)
        self._token: Token[Tracker | None] | None = None

    def __enter__(self) -> Self:
        """Begin: the trial runs, and what is printed is read.

        Raises:
            Conflict: The trial runs in another process.
        """
        self._shown.resume()
        output = output_of(self._shown.id)
        if output is not None and self._definitions:
            output.definitions = Definitions(self.tracker.log_metric)
            output.definitions.add(self._definitions)
        self._token = active.set(self.tracker)
        self.tracker.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End as the block ended; the exception goes on."""
        if self._token is not None:
            active.reset(self._token)
        self._shown.__exit__(kind, error, trace)
        self.tracker.__exit__(kind, error, trace)


def _trial_of(config: Mapping[str, str]) -> Trial | None:
    """Return the trial that an experiment configuration names, made if only its experiment is named."""
    unknown = set(config) - {"ExperimentName", "TrialName", "TrialComponentDisplayName", "RunName"}
    if unknown:
        raise UsageError(
            f"experiment_config has no {min(unknown)!r}",
            "it takes ExperimentName, TrialName, TrialComponentDisplayName",
        )
    if "TrialName" in config:
        return Trial.load(config["TrialName"])
    if "ExperimentName" in config:
        return Trial.create(config["ExperimentName"], config.get("RunName"))
    return None
