"""SageMaker's Trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import place
from labdeck.compat.smexperiments.api_types import to_datetime
from labdeck.compat.smexperiments.trial_component import TrialComponent
from labdeck.defaults import studio
from labdeck.errors import Conflict, NotFound, UsageError

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.search_expression import Properties, SearchExpression
    from labdeck.compat.smexperiments.tracker import Tracker
    from labdeck.runs.trial import Trial as LocalTrial


class Trial:
    """One attempt at an experiment's question, by SageMaker's names.

    Attributes:
        trial_name, trial_arn, display_name, experiment_name: What it and its experiment are called.
        tags: Keys and values, as SageMaker lists them.
        creation_time: In UTC.
    """

    def __init__(self, local: LocalTrial) -> None:
        self.local = local
        record = local.record()
        self.trial_name = self.display_name = record.name
        self.trial_arn = place.arn("experiment-trial", record.name)
        self.experiment_name = record.experiment
        self.tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
        self.creation_time = to_datetime(record.started)

    @classmethod
    def of(cls, identity: str) -> Trial:
        """Return the trial of an id of the store."""
        return cls(studio().find_trial(identity))

    @classmethod
    def create(
        cls,
        experiment_name: str,
        trial_name: str | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
        trial_components: Sequence[TrialComponent | Tracker | str] | None = None,
        tags: Sequence[dict[str, str]] | None = None,
    ) -> Trial:
        """Make a trial of an experiment; NotFound, Conflict if there is a trial of that name anywhere."""
        experiment = studio().find_experiment(place.name_in(experiment_name))
        name = place.check_given_name(trial_name or place.unique_name("Trial"), "trial")
        taken = f"there is a trial {name!r} already"
        if _find(name) is not None:
            raise Conflict(taken, "load it, or choose another name")
        made = cls(place.begin(experiment, name, taken))
        if tags:
            made.tags = [*tags]
            made.save()
        for component in trial_components or ():
            made.add_trial_component(component)
        return made

    @classmethod
    def load(
        cls,
        trial_name: str,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Trial:
        """Return the trial of that name or ARN; NotFound."""
        found = _find(place.name_in(trial_name))
        if found is None:
            raise NotFound(f"no trial is called {trial_name!r}", "list them with Trial.list()")
        return cls(found)

    @classmethod
    def list(
        cls,
        experiment_name: str | None = None,
        trial_component_name: str | None = None,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Iterator[Trial]:
        """Yield trials, newest first unless told otherwise: of an experiment or component if one is named."""
        if trial_component_name is not None:
            found = TrialComponent.load(trial_component_name).list_trials()
            trials = [cls.of(one.id) for one in found if experiment_name in (None, one.experiment_name)]
        else:
            trials = [*cls._all(experiment_name)]
        return place.in_order(
            trials,
            created=lambda one: one.creation_time,
            name=lambda one: one.trial_name,
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
    ) -> Iterator[Trial]:
        """Yield the trials that fulfil an expression, sorted by any property."""
        return place.search(cls._all(None), search_expression, sort_by or "CreationTime", sort_order, max_results)

    @classmethod
    def _all(cls, experiment_name: str | None) -> Iterator[Trial]:
        if experiment_name is not None:
            homes = [studio().find_experiment(place.name_in(experiment_name))]
        else:
            homes = [home for home in studio().experiments() if home.name != place.COMPONENTS]
        return (cls(local) for home in homes for local in home.trials())

    def save(self) -> None:
        """Write the tags."""
        wanted = place.tags_to_dict(self.tags)
        self.local.untag(*(key for key in self.local.tags if key not in wanted))
        self.local.tag(**wanted)

    def add_trial_component(self, tracker_or_trial_component: TrialComponent | Tracker | str) -> None:
        """Make a component part of this trial, given itself, its tracker or its name."""
        _component(tracker_or_trial_component).join(self.local)

    def remove_trial_component(self, tracker_or_trial_component: TrialComponent | Tracker | str) -> None:
        """Take a component out of this trial."""
        _component(tracker_or_trial_component).leave(self.local)

    def list_trial_components(
        self,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        max_results: int | None = None,  # noqa: ARG002 - there are no pages
        next_token: str | None = None,  # noqa: ARG002 - there are no pages
    ) -> Iterator[TrialComponent]:
        """Yield its components, newest first unless told otherwise."""
        facts = place.session().catalog.facts(trial_ids=[*place.components_of(self.local)])
        return place.in_order(
            [TrialComponent(studio().find_trial(fact.trial.id)) for fact in facts if fact.trial.deleted is None],
            created=lambda one: one.creation_time,
            name=lambda one: one.trial_component_name,
            created_before=created_before,
            created_after=created_after,
            sort_by=sort_by,
            sort_order=sort_order,
        )

    def delete(self) -> None:
        """Delete it; Conflict while it has components, as SageMaker has it."""
        if any(True for _ in self.list_trial_components()):
            raise Conflict(f"trial {self.trial_name!r} has components", 'delete_all("--force") deletes them too')
        self.local.delete()

    def delete_all(self, action: str) -> None:
        """Delete it, and its components that belong to no other trial; UsageError unless the action is "--force"."""
        if action != "--force":
            raise UsageError("this deletes every component of the trial", 'say delete_all("--force")')
        for component in [*self.list_trial_components()]:
            self.remove_trial_component(component)
            if not any(True for _ in component.list_trials()):
                component.delete()
        self.local.delete()

    def properties(self) -> Properties:
        """Return what searches compare."""
        flat: dict[str, Any] = {
            "TrialName": self.trial_name,
            "TrialArn": self.trial_arn,
            "DisplayName": self.display_name,
            "ExperimentName": self.experiment_name,
            "CreationTime": self.creation_time,
            **{f"Tags.{tag['Key']}": tag["Value"] for tag in self.tags},
        }
        return {name.casefold(): value for name, value in flat.items()}


def _find(name: str) -> LocalTrial | None:
    """Return the trial of that name in any experiment but that of the components."""
    for home in studio().experiments():
        if home.name != place.COMPONENTS:
            try:
                return home.find(name)
            except NotFound:
                continue
    return None


def _component(given: TrialComponent | Tracker | str) -> TrialComponent:
    if isinstance(given, TrialComponent):
        return given
    return TrialComponent.load(given) if isinstance(given, str) else given.trial_component
