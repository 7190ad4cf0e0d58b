"""A trial component: a step that stands by itself and may belong to several trials."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labdeck.compat.smexperiments import place
from labdeck.compat.smexperiments.api_types import (
    TrialComponentArtifact,
    TrialComponentMetricSummary,
    TrialComponentStatus,
    TrialSummary,
    to_datetime,
    to_seconds,
)
from labdeck.compat.smexperiments.mirror import Mirror
from labdeck.compat.smexperiments.search_expression import SearchExpression
from labdeck.defaults import studio
from labdeck.errors import Conflict
from labdeck.wire.numbers import to_float

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.search_expression import Properties
    from labdeck.runs.trial import Trial as LocalTrial
    from labdeck.wire.records import TrialState

_SHEET = "sagemaker-trial-component"
_STATES: dict[str | None, TrialState] = {
    "InProgress": "running",
    "Completed": "completed",
    "Failed": "failed",
    "Stopping": "interrupted",
    "Stopped": "interrupted",
}


class TrialComponent:
    """A step of one or several trials, with parameters, metrics, inputs and outputs.

    The package's docstring says how it is kept.

    Attributes:
        trial_component_name, trial_component_arn, display_name: What it is called.
        source: {"SourceArn": …, "SourceType": …} of the job it came from, or None.
        status: How it stands.
        start_time, end_time, creation_time, last_modified_time: In UTC, or None.
        parameters: Names to numbers and text.
        input_artifacts, output_artifacts: Names to artifacts.
        parameters_to_remove, input_artifacts_to_remove, output_artifacts_to_remove: Names that `save` takes away.
        tags: Keys and values, as SageMaker lists them.

    Example:
        >>> component = TrialComponent.create("preprocessing-1", display_name="Preprocessing")
        >>> component.parameters["mean"] = 4.88
        >>> component.save()
        >>> TrialComponent.load("preprocessing-1").parameters
        {'mean': 4.88}
    """

    def __init__(self, local: LocalTrial) -> None:
        self.local = local
        self.parameters_to_remove: list[str] = []
        self.input_artifacts_to_remove: list[str] = []
        self.output_artifacts_to_remove: list[str] = []
        self._read()

    def _read(self) -> None:
        detail = self.local.detail()
        sheet = place.read_sheet(self.local, _SHEET)
        self.trial_component_name = detail.trial.name
        self.trial_component_arn = place.arn("experiment-trial-component", detail.trial.name)
        self.display_name: str = sheet.get("display_name") or detail.trial.name
        self.source: dict[str, str] | None = sheet.get("source")
        status = sheet.get("status") or {}
        self.status = TrialComponentStatus(status.get("primary_status"), status.get("message"))
        self.start_time: datetime | None = to_datetime(sheet.get("start_time"))
        self.end_time: datetime | None = to_datetime(sheet.get("end_time"))
        self.creation_time = to_datetime(detail.trial.started)
        self.last_modified_time = to_datetime(sheet.get("modified", detail.trial.started))
        self.parameters: dict[str, Any] = {param.name: param.value for param in detail.params if not param.component}
        self.input_artifacts = _artifacts(sheet.get("inputs"))
        self.output_artifacts = _artifacts(sheet.get("outputs"))
        self.tags = [{"Key": key, "Value": value} for key, value in detail.trial.tags.items()]
        self.mirror = Mirror(self.local, dict(sheet.get("trials") or {}))

    # -- making and finding ----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        trial_component_name: str,
        display_name: str | None = None,
        tags: Sequence[dict[str, str]] | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> TrialComponent:
        """Make a component; UsageError for a name SageMaker would refuse, Conflict for one that is taken."""
        name = place.check_given_name(trial_component_name, "trial component")
        local = place.begin(place.components_home(), name, f"there is a trial component {name!r} already")
        if tags:
            local.tag(**place.tags_to_dict(tags))
        place.write_sheet(local, _SHEET, {"display_name": display_name})
        return cls(local)

    @classmethod
    def load(
        cls,
        trial_component_name: str,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> TrialComponent:
        """Return the component of that name or ARN; NotFound."""
        return cls(place.components_home().find(place.name_in(trial_component_name)))

    @classmethod
    def list(  # noqa: PLR0913, PLR0917 - SageMaker's own signature
        cls,
        source_arn: str | None = None,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
        trial_name: str | None = None,
        experiment_name: str | None = None,
        max_results: int | None = None,  # noqa: ARG003 - there are no pages
        next_token: str | None = None,  # noqa: ARG003 - there are no pages
    ) -> Iterator[TrialComponent]:
        """Yield components, newest first unless told otherwise; of a source, trial or experiment if one is named."""
        found = (
            one
            for one in cls._all()
            if (source_arn is None or (one.source or {}).get("SourceArn") == source_arn)
            and (trial_name is None or any(each.trial_name == trial_name for each in one.list_trials()))
            and (experiment_name is None or any(each.experiment_name == experiment_name for each in one.list_trials()))
        )
        return place.in_order(
            found,
            created=lambda one: one.creation_time,
            name=lambda one: one.trial_component_name,
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
        max_results: int | None = None,
        sagemaker_boto_client: object = None,  # noqa: ARG003 - accepted and not used
    ) -> Iterator[TrialComponent]:
        """Yield the components that fulfil an expression, sorted by any property, at most `max_results`."""
        return place.search(cls._all(), search_expression, sort_by or "CreationTime", sort_order, max_results)

    @classmethod
    def _all(cls) -> Iterator[TrialComponent]:
        return (cls(local) for local in place.components_home().trials())

    def list_trials(self) -> Iterator[TrialSummary]:
        """Yield the trials it belongs to."""
        facts = place.session().catalog.facts(trial_ids=[*self.mirror.trials])
        for record in (fact.trial for fact in facts if fact.trial.deleted is None):
            yield TrialSummary(
                trial_name=record.name,
                trial_arn=place.arn("experiment-trial", record.name),
                display_name=record.name,
                experiment_name=record.experiment,
                creation_time=to_datetime(record.started),
                id=record.id,
            )

    # -- changing --------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write what was changed; parameters and artifacts are added, and taken away only if they are named for it."""
        for name in self.parameters_to_remove:
            self.parameters.pop(name, None)
        if self.parameters_to_remove:
            self.mirror.remove_params(tuple(self.parameters_to_remove))
        self.mirror.log_params(self.parameters)
        for name in self.input_artifacts_to_remove:
            if (gone := self.input_artifacts.pop(name, None)) is not None:
                self.mirror.unrelate(gone, "ContributedTo")
        for name in self.output_artifacts_to_remove:
            if (gone := self.output_artifacts.pop(name, None)) is not None:
                self.mirror.unrelate(gone, "Produced")
        for name, artifact in self.input_artifacts.items():
            self.mirror.relate(name, artifact, "ContributedTo")
        for name, artifact in self.output_artifacts.items():
            self.mirror.relate(name, artifact, "Produced")
        self.parameters_to_remove, self.input_artifacts_to_remove, self.output_artifacts_to_remove = [], [], []
        self._show_state()
        self._write_sheet()

    def delete(self, force_disassociate: bool | None = None) -> None:
        """Delete it; Conflict while it belongs to a trial, unless it is taken out of all by force."""
        trials = [*self.list_trials()]
        if trials and not force_disassociate:
            raise Conflict(
                f"{self.trial_component_name!r} belongs to {len(trials)} trials",
                "take it out of them, or say force_disassociate=True",
            )
        for trial in trials:
            self.leave(studio().find_trial(trial.id))
        self.local.delete()

    # -- what trackers and trials do to it -------------------------------------------------------------------------

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters."""
        self.parameters.update(params)
        self.mirror.log_params(params)

    def log_artifact(self, name: str, artifact: TrialComponentArtifact, *, output: bool) -> None:
        """Record an input or output."""
        (self.output_artifacts if output else self.input_artifacts)[name] = artifact
        self.mirror.relate(name, artifact, "Produced" if output else "ContributedTo")
        self._write_sheet()

    def set_status(self, status: str, message: str | None = None) -> None:
        """Say how it stands: the first "InProgress" is its beginning, what follows its end."""
        now = to_datetime(time.time())
        if status == "InProgress":
            self.start_time, self.end_time = self.start_time or now, None
        else:
            self.end_time = now
        self.status = TrialComponentStatus(status, message)
        self._show_state()
        self._write_sheet()

    def join(self, trial: LocalTrial) -> None:
        """Become a component of a trial."""
        known = place.components_of(trial)
        if trial.id not in self.mirror.trials:
            taken = {name for identity, name in known.items() if identity != self.id}
            name = self.display_name if self.display_name not in taken else self.trial_component_name
            self.mirror.join(trial.id, name)
            self._show_state()
            self._write_sheet()
        place.set_components(trial, {**known, self.id: self.mirror.trials[trial.id]})

    def leave(self, trial: LocalTrial) -> None:
        """Belong to a trial no more; what was repeated there stays."""
        known = place.components_of(trial)
        known.pop(self.id, None)
        place.set_components(trial, known)
        if trial.id in self.mirror.trials:
            self.mirror.part(trial.id)
            self._write_sheet()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Its identity in the store."""
        return self.local.id

    @property
    def metrics(self) -> Sequence[TrialComponentMetricSummary]:
        """The six statistics of each metric."""
        return [
            TrialComponentMetricSummary(
                metric_name=one.name,
                source_arn=self.trial_component_arn,
                time_stamp=to_datetime(one.last_time),
                max=to_float(one.max),
                min=to_float(one.min),
                last=to_float(one.last),
                count=one.count,
                avg=to_float(one.mean),
                std_dev=to_float(one.std),
            )
            for one in self.local.detail().metrics
            if not one.component
        ]

    def properties(self) -> Properties:
        """Return what searches compare."""
        flat: dict[str, Any] = {
            "TrialComponentName": self.trial_component_name,
            "TrialComponentArn": self.trial_component_arn,
            "DisplayName": self.display_name,
            "CreationTime": self.creation_time,
            "StartTime": self.start_time,
            "EndTime": self.end_time,
            "LastModifiedTime": self.last_modified_time,
            "Status.PrimaryStatus": self.status.primary_status,
            "Source.SourceArn": (self.source or {}).get("SourceArn"),
            "Parents": [{"ExperimentName": t.experiment_name, "TrialName": t.trial_name} for t in self.list_trials()],
        }
        flat.update({f"Parameters.{name}": value for name, value in self.parameters.items()})
        flat.update({f"Tags.{tag['Key']}": tag["Value"] for tag in self.tags})
        for one in self.metrics:
            for statistic in ("max", "min", "last", "count", "avg", "std_dev"):
                flat[f"Metrics.{one.metric_name}.{statistic}"] = getattr(one, statistic)
        for kind, artifacts in (("InputArtifacts", self.input_artifacts), ("OutputArtifacts", self.output_artifacts)):
            flat.update({f"{kind}.{name}.Value": artifact.value for name, artifact in artifacts.items()})
        return {name.casefold(): value for name, value in flat.items()}

    # -- below -----------------------------------------------------------------------------------------------------

    def _show_state(self) -> None:
        state = _STATES.get(self.status.primary_status, "completed")
        error = (self.status.message or "") if state == "failed" else ""
        self.mirror.set_state(state, to_seconds(self.start_time), to_seconds(self.end_time), error)

    def _write_sheet(self) -> None:
        body = {
            "display_name": self.display_name,
            "source": self.source,
            "status": vars(self.status),
            "start_time": to_seconds(self.start_time),
            "end_time": to_seconds(self.end_time),
            "modified": time.time(),
            "inputs": {name: vars(artifact) for name, artifact in self.input_artifacts.items()},
            "outputs": {name: vars(artifact) for name, artifact in self.output_artifacts.items()},
            "trials": self.mirror.trials,
        }
        place.write_sheet(self.local, _SHEET, body)


def _artifacts(stored: Mapping[str, Any] | None) -> dict[str, TrialComponentArtifact]:
    return {name: TrialComponentArtifact(one["value"], one.get("media_type")) for name, one in (stored or {}).items()}
