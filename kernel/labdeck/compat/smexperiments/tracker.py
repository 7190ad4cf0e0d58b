"""SageMaker's Tracker: records into one trial component."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import charts, place
from labdeck.compat.smexperiments.active_job import active
from labdeck.compat.smexperiments.api_types import TrialComponentArtifact, to_seconds
from labdeck.compat.smexperiments.trial_component import TrialComponent
from labdeck.errors import NotFound, UsageError
from labdeck.runs.outcome import describe_error, outcome_of

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd
    from numpy.typing import ArrayLike
    from typing_extensions import Self

_STATUS = {"completed": "Completed", "failed": "Failed", "interrupted": "Stopped"}


class Tracker:
    """Records parameters, metrics, inputs and outputs of a step; as a context manager it tells how the step ended.

    Points logged anywhere are kept, as the documentation has it: the original keeps them only inside a training job.

    Attributes:
        trial_component: Where it records.

    Example:
        >>> with Tracker.create(display_name="Preprocessing") as tracker:
        ...     tracker.log_parameters({"normalization_mean": 0.13})
        ...     tracker.log_input(name="mnist-dataset", media_type="s3/uri", value="s3://bucket/mnist")
        >>> tracker.trial_component.status.primary_status
        'Completed'
    """

    def __init__(self, trial_component: TrialComponent) -> None:
        self.trial_component = trial_component

    @classmethod
    def create(
        cls,
        display_name: str | None = None,
        artifact_bucket: str | None = None,  # noqa: ARG003 - accepted and not used
        artifact_prefix: str | None = None,  # noqa: ARG003 - accepted and not used
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
        boto3_session: object = None,  # noqa: ARG003 - accepted and not used
        base_trial_component_name: str | None = None,
    ) -> Tracker:
        """Return a tracker of a new component; its name is made up from the base."""
        name = place.unique_name(base_trial_component_name or "TrialComponent")
        return cls(TrialComponent.create(name, display_name=display_name))

    @classmethod
    def load(
        cls,
        trial_component_name: str | None = None,
        artifact_bucket: str | None = None,  # noqa: ARG003 - accepted and not used
        artifact_prefix: str | None = None,  # noqa: ARG003 - accepted and not used
        boto3_session: object = None,  # noqa: ARG003 - accepted and not used
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
        training_job_name: str | None = None,
        processing_job_name: str | None = None,
    ) -> Tracker:
        """Return a tracker of a component, given its name or that of its job; inside a job that of the job.

        Raises:
            NotFound: There is no such component.
            UsageError: None is named, and no job runs.
        """
        job = training_job_name or processing_job_name
        if trial_component_name is not None:
            return cls(TrialComponent.load(trial_component_name))
        if job is not None:
            return cls(_of_job(job))
        running = active.get()
        if running is None:
            raise UsageError(
                "no trial component is named", "give trial_component_name, or call it inside a TrainingJob"
            )
        return running

    def __enter__(self) -> Self:
        """Begin."""
        self.trial_component.set_status("InProgress")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End as the block ended; the exception goes on."""
        outcome = outcome_of(error)
        message = describe_error(error) if error is not None and outcome == "failed" else None
        self.trial_component.set_status(_STATUS[outcome], message)
        self.close()

    def close(self) -> None:
        """Finish writing."""
        self.trial_component.mirror.close()

    def log_parameter(self, name: str, value: Any) -> None:
        """Record a parameter."""
        self.log_parameters({name: value})

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters."""
        self.trial_component.log_params(parameters)

    def log_metric(
        self,
        metric_name: str,
        value: float,
        timestamp: datetime | float | None = None,
        iteration_number: int | None = None,
    ) -> None:
        """Record a point; without a number the iterations are counted."""
        self.trial_component.mirror.log_metric(metric_name, value, iteration_number, to_seconds(timestamp))

    def log_input(self, name: str, value: str, media_type: str | None = None) -> None:
        """Record where an input lies."""
        self.trial_component.log_artifact(name, TrialComponentArtifact(value, media_type), output=False)

    def log_output(self, name: str, value: str, media_type: str | None = None) -> None:
        """Record where an output lies."""
        self.trial_component.log_artifact(name, TrialComponentArtifact(value, media_type), output=True)

    def log_artifact(self, file_path: str, name: str | None = None, media_type: str | None = None) -> None:
        """Keep a file as an output."""
        self.log_output_artifact(file_path, name, media_type)

    def log_output_artifact(self, file_path: str, name: str | None = None, media_type: str | None = None) -> None:
        """Keep a file as an output."""
        self._keep(file_path, name, media_type, output=True)

    def log_input_artifact(self, file_path: str, name: str | None = None, media_type: str | None = None) -> None:
        """Keep a file as an input."""
        self._keep(file_path, name, media_type, output=False)

    def log_artifacts(self, directory: str, media_type: str | None = None) -> None:
        """Keep the files of a folder, those of its folders left out, as outputs; NotFound."""
        if not Path(directory).is_dir():
            raise NotFound(f"there is no folder {directory!r}", "give the path of a folder that exists")
        for path in sorted(Path(directory).iterdir()):
            if path.is_file():
                self._keep(str(path), path.stem, media_type, output=True)

    def log_table(
        self,
        title: str | None = None,
        values: Mapping[str, Sequence[Any]] | None = None,
        data_frame: pd.DataFrame | None = None,
        output_artifact: bool = True,
    ) -> None:
        """Keep a table, given as columns or as a frame."""
        self._draw(charts.table(title, values, data_frame), title or "table", output=output_artifact)

    def log_precision_recall(
        self,
        y_true: ArrayLike,
        predicted_probabilities: ArrayLike,
        positive_label: Any = None,
        title: str | None = None,
        no_skill: float | None = None,
        output_artifact: bool = True,
    ) -> None:
        """Keep a precision-recall curve."""
        chart = charts.precision_recall(y_true, predicted_probabilities, positive_label, title, no_skill)
        self._draw(chart, title or "precision_recall", output=output_artifact)

    def log_roc_curve(
        self, y_true: ArrayLike, y_score: ArrayLike, title: str | None = None, output_artifact: bool = True
    ) -> None:
        """Keep a receiver operating characteristic."""
        self._draw(charts.roc_curve(y_true, y_score, title), title or "roc_curve", output=output_artifact)

    def log_confusion_matrix(
        self, y_true: ArrayLike, y_pred: ArrayLike, title: str | None = None, output_artifact: bool = True
    ) -> None:
        """Keep a confusion matrix."""
        chart = charts.confusion_matrix(y_true, y_pred, title)
        self._draw(chart, title or "confusion_matrix", output=output_artifact)

    def _draw(self, chart: dict[str, Any], name: str, *, output: bool) -> None:
        with charts.as_file(chart) as path:
            self._keep(path, name, "application/json", output=output)

    def _keep(self, file_path: str, name: str | None, media_type: str | None, *, output: bool) -> None:
        called = name or Path(file_path).name
        stated = media_type or mimetypes.guess_type(file_path)[0]
        address = self.trial_component.mirror.keep_file(file_path, called, stated)
        self.trial_component.log_artifact(called, TrialComponentArtifact(address, stated), output=output)


def _of_job(job: str) -> TrialComponent:
    for component in TrialComponent.list():
        if (component.source or {}).get("SourceArn", "").endswith(f"/{job}"):
            return component
    raise NotFound(f"no job is called {job!r}", "list the components with TrialComponent.list()")
