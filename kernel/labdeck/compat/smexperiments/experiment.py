"""SageMaker's Experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import place
from labdeck.compat.smexperiments.api_types import to_datetime
from labdeck.compat.smexperiments.trial import Trial
from labdeck.defaults import studio
from labdeck.errors import Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.search_expression import Properties, SearchExpression
    from labdeck.runs.experiment import Experiment as LocalExperiment


class Experiment:
    """A question and its trials, by SageMaker's names.

    Attributes:
        experiment_name, experiment_arn, display_name: What it is called.
        description: Kept as the experiment's note; written by `save`.
        tags: Keys and values, as SageMaker lists them.
        creation_time, last_modified_time: In UTC.

    Example:
        >>> experiment = Experiment.create("mnist", description="classification of digits")
        >>> experiment.create_trial("cnn-2").trial_name
        'cnn-2'
        >>> [trial.trial_name for trial in experiment.list_trials()]
        ['cnn-2']
    """

    def __init__(self, local: LocalExperiment) -> None:
        self._local = local
        record = local.record()
        self.experiment_name = self.display_name = record.name
        self.experiment_arn = place.arn("experiment", record.name)
        self.description: str | None = record.note or None
        self.tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
        self.creation_time = to_datetime(record.created)
        self.last_modified_time = to_datetime(record.updated)

    @classmethod
    def create(
        cls,
        experiment_name: str | None = None,
        description: str | None = None,
        tags: Sequence[dict[str, str]] | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Experiment:
        """Make an experiment, its name made up if none is given; Conflict if there is one of that name."""
        name = place.check_given_name(experiment_name or place.unique_name("Experiment"), "experiment")
        try:
            studio().find_experiment(name)
        except NotFound:
            local = studio().experiment(name, note=description or "")
        else:
            raise Conflict(f"there is an experiment {name!r} already", "load it, or choose another name")
        if tags:
            local.tag(**place.tags_to_dict(tags))
        return cls(local)

    @classmethod
    def load(
        cls,
        experiment_name: str,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Experiment:
        """Return the experiment of that name or ARN; NotFound."""
        return cls(studio().find_experiment(place.name_in(experiment_name)))

    @classmethod
    def list(
        cls,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Iterator[Experiment]:
        """Yield experiments, newest first unless told otherwise."""
        return place.in_order(
            cls._all(),
            created=lambda one: one.creation_time,
            name=lambda one: one.experiment_name,
            created_before=created_before,
            created_after=created_after,
            sort_by=sort_by,
            sort_order=sort_order,
        )

    @classmethod
    def search(
        cls,
        search_expression: SearchExpression | Mapping[str, Any] | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        max_results: int | None = 50,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Iterator[Experiment]:
        """Yield the experiments that fulfil an expression, sorted by any property."""
        return place.search(cls._all(), search_expression, sort_by or "CreationTime", sort_order, max_results)

    @classmethod
    def _all(cls) -> Iterator[Experiment]:
        return (cls(local) for local in studio().experiments() if local.name != place.COMPONENTS)

    def list_trials(
        self,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
    ) -> Iterator[Trial]:
        """Yield its trials, newest first unless told otherwise."""
        return Trial.list(
            self.experiment_name,
            created_before=created_before,
            created_after=created_after,
            sort_by=sort_by,
            sort_order=sort_order,
        )

    def create_trial(
        self,
        trial_name: str | None = None,
        trial_name_prefix: str = "SDK-Trial",
        tags: Sequence[dict[str, str]] | None = None,
    ) -> Trial:
        """Make a trial of it; a name is made up from the prefix if none is given."""
        return Trial.create(self.experiment_name, trial_name or place.unique_name(trial_name_prefix), tags=tags)

    def save(self) -> None:
        """Write the description and the tags."""
        self._local.set_note(self.description or "")
        wanted = place.tags_to_dict(self.tags)
        self._local.untag(*(key for key in self._local.tags if key not in wanted))
        self._local.tag(**wanted)

    def delete(self) -> None:
        """Delete it; Conflict while it has trials, as SageMaker has it."""
        if any(True for _ in self.list_trials()):
            raise Conflict(f"experiment {self.experiment_name!r} has trials", 'delete_all("--force") deletes them too')
        self._local.delete()

    def delete_all(self, action: str) -> None:
        """Delete it with its trials and their components; UsageError unless the action is "--force"."""
        if action != "--force":
            raise UsageError("this deletes every trial and component of the experiment", 'say delete_all("--force")')
        for trial in [*self.list_trials()]:
            trial.delete_all("--force")
        self._local.delete()

    def properties(self) -> Properties:
        """Return what searches compare."""
        flat: dict[str, Any] = {
            "ExperimentName": self.experiment_name,
            "ExperimentArn": self.experiment_arn,
            "DisplayName": self.display_name,
            "Description": self.description,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            **{f"Tags.{tag['Key']}": tag["Value"] for tag in self.tags},
        }
        return {name.casefold(): value for name, value in flat.items()}
