"""What the store knows of a trial: reading it and changing it, whoever writes it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labdeck.errors import NotFound
from labdeck.runs.artifact import Artifact, choose
from labdeck.runs.lookup import find_key
from labdeck.runs.printed import ALL, Output
from labdeck.runs.values import to_tags, to_text
from labdeck.store.names import check_name
from labdeck.store.objective import SYSTEM
from labdeck.wire.commands import Annotate, Delete, RenameTrial, Restore, SetTags

if TYPE_CHECKING:
    from typing_extensions import Self

    from labdeck.runs.experiment import Experiment
    from labdeck.runs.recorder import Recorder
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.comparing import Difference
    from labdeck.wire.records import ArtifactRecord, MetricSummary, ParamValue, TrialDetail, TrialRecord, TrialState


class StoredTrial:
    """A trial as the store knows it; the half of `Trial` that needs no process to write it.

    Args:
        experiment: The experiment it belongs to.
        trial_id: Its identity.
        name: Its name, as far as it is known.
        recorded: It is in the store, or on its way there.
    """

    def __init__(self, experiment: Experiment, trial_id: str, name: str | None, *, recorded: bool) -> None:
        self.experiment = experiment
        self.id = trial_id
        self._name = name
        self._recorded = recorded
        self._session = experiment.session
        self._recorder: Recorder | None = None
        self._parent_id: str | None = None

    # -- reading ---------------------------------------------------------------------------------------------------

    def record(self) -> TrialRecord:
        """Return its row of the catalog; NotFound before it started or after it was purged."""
        self._require_recorded()
        record = self._session.catalog.trial(self.id)
        if self.experiment.known_id is None:
            self.experiment.known_id = record.experiment_id
        return record

    def detail(self) -> TrialDetail:
        """Return everything known of it, points aside."""
        self._require_recorded()
        if self._recorder is not None:
            self._recorder.announce()
        return self._session.catalog.detail(self.id)

    @property
    def name(self) -> str:
        """Its name; one that was taken had "-2", "-3" … appended when it started."""
        if self._recorded:
            self._name = self.record().name
        return self._name or ""

    @property
    def state(self) -> TrialState:
        """running, completed, failed, interrupted or crashed."""
        return self.record().state

    @property
    def params(self) -> dict[str, ParamValue]:
        """The trial's own parameters; those of a component are in `detail().params`."""
        return {param.name: param.value for param in self.detail().params if not param.component}

    @property
    def metrics(self) -> dict[str, MetricSummary]:
        """The summary of each metric by name.

        Of a name used by several components, the trial's own or else the latest one's. What the machine did is not
        among them: `history("cpu_percent", component="system")` reads it.
        """
        own = [summary for summary in self.detail().metrics if summary.component != SYSTEM]
        ordered = sorted(own, key=lambda summary: (not summary.component, summary.last_time))
        return {summary.name: summary for summary in ordered}

    @property
    def note(self) -> str:
        """Its note."""
        return self.record().note

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return self.record().tags

    def artifacts(self) -> tuple[ArtifactRecord, ...]:
        """Return the files kept with it."""
        return self.detail().artifacts

    def artifact(self, name: str, step: int | None = None, component: str | None = None) -> Artifact:
        """Return a file kept with it, to be read.

        Args:
            name: What it was called.
            step: The step it was kept at; None takes the one without a step, else the newest.
            component: The component that kept it, "" for the trial itself; None finds it, the trial's own first.

        Raises:
            NotFound: There is none; the message names what there is.
            UsageError: The name is no text.
        """
        wanted = to_text(name, "the artifact's name")
        return Artifact(self._session, choose(self.artifacts(), wanted, step, component))

    def output(self, search: str = "") -> Output:
        """Return what was printed while it ran: a sequence of lines whose `text` is all of it.

        Args:
            search: Only lines that hold this text, in whatever case.

        Raises:
            UsageError: What is searched for is no text.
        """
        wanted = to_text(search, "what is searched for")
        self._require_recorded()
        return Output(self._session.outputs.read(self.id, limit=ALL, search=wanted))

    def history(self, metric: str, component: str | None = None) -> Series:
        """Return the points of a metric in the order in which they were logged, the latest one included.

        Args:
            metric: Its name.
            component: The component that logged it, "" for the trial itself; None finds it.

        Returns:
            Series: `steps` int64 (n,), `times` float64 (n,) in seconds since 1970 UTC, `values` float64 (n,).

        Raises:
            NotFound: No such metric.
            UsageError: Several components have it and none was named, or a name is no text.
        """
        metric = to_text(metric, "the metric's name")
        component = None if component is None else to_text(component, "the component's name")
        return self._session.columns.series(self.id, self._key(metric, component))

    def _key(self, metric: str, component: str | None) -> SeriesKey:
        return find_key(self._session.columns.keys(self.id), metric, component)

    def difference(self, other: StoredTrial) -> Difference:
        """Return in what another trial differs from this one: parameters, latest metrics, code and environment."""
        from labdeck.runs.difference import compare_trials

        return compare_trials(self.detail(), other.detail())

    # -- its kin ---------------------------------------------------------------------------------------------------

    @property
    def parent(self) -> Self | None:
        """The trial it is part of, None if it stands by itself."""
        parent_id = self.record().parent_id if self._recorded else self._parent_id
        return None if parent_id is None else self._of_same_experiment(parent_id, None)

    def children(self) -> list[Self]:
        """Return the trials that are part of it and not deleted, oldest first."""
        return [self._of_same_experiment(record.id, record.name) for record in self.detail().children]

    def _of_same_experiment(self, trial_id: str, name: str | None) -> Self:
        return type(self)(self.experiment, trial_id, name, recorded=True)

    # -- changing --------------------------------------------------------------------------------------------------

    def tag(self, /, **tags: str) -> None:
        """Set tags."""
        self._apply(SetTags(ids=(self.id,), set=to_tags(tags)))

    def untag(self, *keys: str) -> None:
        """Remove tags."""
        self._apply(SetTags(ids=(self.id,), remove=tuple(to_text(key, "the tag's name") for key in keys)))

    def set_note(self, text: str) -> None:
        """Replace the note; UsageError if it is no text."""
        self._apply(Annotate(id=self.id, note=to_text(text, "the note")))

    def rename(self, name: str) -> None:
        """Give it another name; Conflict if it is taken within the experiment."""
        self._apply(RenameTrial(id=self.id, name=check_name(name, "trial")))

    def delete(self) -> None:
        """Delete it; `restore` takes that back until it is purged."""
        self._apply(Delete(ids=(self.id,), time=time.time()))

    def restore(self) -> None:
        """Take back a deletion."""
        self._apply(Restore(ids=(self.id,)))

    def _apply(self, command: AnyCommand) -> None:
        self._require_recorded()
        self._session.catalog.apply([command])

    def _require_recorded(self) -> None:
        if not self._recorded:
            raise NotFound("the trial has not started", "enter it with `with`, or call start()")
