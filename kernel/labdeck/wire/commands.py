"""Commands in: everything that can change the store, one record each.

A command names what it acts on by id, so that applying it twice leaves the store as applying it once did.
Ids of new things are made by the sender.
"""

from __future__ import annotations

import msgspec

from labdeck.wire.debugging import FindingRecord, RequestRecord, RuleRecord, WatchRecord
from labdeck.wire.records import (
    ArtifactRecord,
    Association,
    Capture,
    Goal,
    LineageEdge,
    LineageNode,
    MetricSummary,
    Param,
    TrialState,
    ViewRecord,
    WriterIdentity,
)


def _kebab(name: str) -> str:
    return "".join("-" + char.lower() if char.isupper() else char for char in name).lstrip("-")


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command", tag=_kebab):
    """The base of every command; its tag is the class name in kebab case."""


class OpenExperiment(Command, frozen=True, kw_only=True):
    """Create the experiment of that name unless there is one.

    Attributes:
        id: The id it gets if it is new.
        name: Its name.
        created: When.
        objective, goal: The metric it is judged by; None leaves what is there.
    """

    id: str
    name: str
    created: float
    objective: str | None = None
    goal: Goal = "max"


class RenameExperiment(Command, frozen=True, kw_only=True):
    """Give an experiment another name; Conflict if it is taken."""

    id: str
    name: str


class SetObjective(Command, frozen=True, kw_only=True):
    """Choose the metric an experiment is judged by; None returns to the automatic choice."""

    id: str
    metric: str | None
    goal: Goal = "max"


class StartTrial(Command, frozen=True, kw_only=True):
    """Begin a trial; opens the experiment of that name if `experiment_id` is None or gone.

    Attributes:
        id: The trial's id.
        experiment: The experiment's name.
        experiment_id: Its id where the sender knows it.
        new_experiment_id: The id the experiment gets if it must be created.
        name: Wanted name; a taken one gets "-2", "-3" … appended; None gives "trial-1", "trial-2" …
        parent_id: The trial it is part of.
        started: When.
        writer: The process that writes it.
    """

    id: str
    experiment: str
    experiment_id: str | None = None
    new_experiment_id: str
    name: str | None
    parent_id: str | None = None
    started: float
    writer: WriterIdentity


class ResumeTrial(Command, frozen=True, kw_only=True):
    """Let a trial that has ended go on in another process.

    Conflict if it runs and another process writes it: of two that resume it at once, one wins.
    """

    id: str
    time: float
    writer: WriterIdentity


class FinishTrial(Command, frozen=True, kw_only=True):
    """End a running trial, and with it its running components.

    No effect on one that has ended, except that "crashed" may be corrected.
    """

    id: str
    state: TrialState
    ended: float


class StartComponent(Command, frozen=True, kw_only=True):
    """Begin a component of a trial, or continue the one of that name."""

    trial_id: str
    name: str
    started: float


class FinishComponent(Command, frozen=True, kw_only=True):
    """End a component of a trial."""

    trial_id: str
    name: str
    state: TrialState
    ended: float
    error: str = ""


class LogParams(Command, frozen=True, kw_only=True):
    """Add parameters to a trial; a name logged before gets the new value."""

    trial_id: str
    params: tuple[Param, ...]


class RemoveParams(Command, frozen=True, kw_only=True):
    """Take parameters of a trial or component back; what is not there stays away."""

    trial_id: str
    names: tuple[str, ...]
    component: str = ""


class LogArtifact(Command, frozen=True, kw_only=True):
    """Record a file whose content is already in the artifact store."""

    trial_id: str
    artifact: ArtifactRecord


class LogCapture(Command, frozen=True, kw_only=True):
    """Record something of a trial's surroundings; the newest of a kind wins."""

    trial_id: str
    capture: Capture


class AdvanceMetrics(Command, frozen=True, kw_only=True):
    """Announce that series of a trial have grown: their new summaries.

    Attributes:
        trial_id: The trial.
        points: Points in all series of the trial so far.
        metrics: Summaries of the series that changed.
    """

    trial_id: str
    points: int
    metrics: tuple[MetricSummary, ...]


class AdvanceOutput(Command, frozen=True, kw_only=True):
    """Announce that more was printed while a trial runs."""

    trial_id: str


class Beat(Command, frozen=True, kw_only=True):
    """Say that the writer of these trials lives; a trial that was thought crashed runs again."""

    trial_ids: tuple[str, ...]
    time: float


class MarkCrashed(Command, frozen=True, kw_only=True):
    """End a running trial whose writer is dead and was last heard of at `heartbeat`.

    No effect if it was heard of since.
    """

    id: str
    heartbeat: float
    ended: float


class MarkIncomplete(Command, frozen=True, kw_only=True):
    """Say that facts of a trial are missing, and why."""

    id: str
    reason: str


class RenameTrial(Command, frozen=True, kw_only=True):
    """Give a trial another name; Conflict if it is taken within the experiment."""

    id: str
    name: str


class Annotate(Command, frozen=True, kw_only=True):
    """Replace the note of an experiment or trial."""

    id: str
    note: str


class SetTags(Command, frozen=True, kw_only=True):
    """Set and remove tags of experiments or trials."""

    ids: tuple[str, ...]
    set: dict[str, str] = {}
    remove: tuple[str, ...] = ()


class Archive(Command, frozen=True, kw_only=True):
    """Put experiments or trials away, or take them out again: they stay, but lists leave them out."""

    ids: tuple[str, ...]
    archived: bool = True


class SaveView(Command, frozen=True, kw_only=True):
    """Keep a comparison under a name; one of that id is replaced."""

    view: ViewRecord


class DeleteView(Command, frozen=True, kw_only=True):
    """Forget a saved comparison."""

    id: str


class PutNode(Command, frozen=True, kw_only=True):
    """Record a node of the lineage; one of that id gets the new name, type, place and properties.

    Attributes:
        node: The node.
        replace: False leaves a node of that id as it is: what people say outlives what is noticed by itself.
    """

    node: LineageNode
    replace: bool = True


class RemoveNode(Command, frozen=True, kw_only=True):
    """Forget a node of the lineage and its associations; trials are not removed by this."""

    id: str


class Associate(Command, frozen=True, kw_only=True):
    """Record that one node led to another; said again, it stays as it was."""

    edge: LineageEdge


class Dissociate(Command, frozen=True, kw_only=True):
    """Take an association back."""

    source: str
    destination: str
    association: Association


class Delete(Command, frozen=True, kw_only=True):
    """Delete experiments (with their trials) or trials.

    The trials that are part of a trial go with it. They can be restored until purged. Their names are free at once.
    """

    ids: tuple[str, ...]
    time: float


class Restore(Command, frozen=True, kw_only=True):
    """Take back a deletion; a name that was taken meanwhile gets "-2", "-3" … appended."""

    ids: tuple[str, ...]


class PutFinding(Command, frozen=True, kw_only=True):
    """Record what a rule found; one of that id is replaced, and stays dismissed if it was."""

    finding: FindingRecord


class PutRules(Command, frozen=True, kw_only=True):
    """Record the rules over a trial; those recorded before go."""

    trial_id: str
    rules: tuple[RuleRecord, ...]


class PutWatch(Command, frozen=True, kw_only=True):
    """Record how the watching of a model goes; the newest of a name wins."""

    trial_id: str
    watch: WatchRecord


class AnswerRequest(Command, frozen=True, kw_only=True):
    """Forget what was asked of a training, because it was done or came too late."""

    id: str


class AskTraining(Command, frozen=True, kw_only=True):
    """Ask something of a running training; asked again under the same id it is asked once."""

    request: RequestRecord


class Dismiss(Command, frozen=True, kw_only=True):
    """Put findings away, or take them out again."""

    ids: tuple[str, ...]
    dismissed: bool = True


WriterCommand = (
    StartTrial
    | FinishTrial
    | StartComponent
    | FinishComponent
    | LogParams
    | RemoveParams
    | LogArtifact
    | LogCapture
    | AdvanceMetrics
    | AdvanceOutput
    | Beat
    | MarkCrashed
    | MarkIncomplete
    | ResumeTrial
    | PutNode
    | Associate
    | PutFinding
    | PutRules
    | PutWatch
    | AnswerRequest
)
"""What a training process says."""

UserCommand = (
    OpenExperiment
    | RenameExperiment
    | SetObjective
    | RenameTrial
    | Annotate
    | SetTags
    | Archive
    | Delete
    | Restore
    | SaveView
    | DeleteView
    | PutNode
    | RemoveNode
    | Associate
    | Dissociate
    | AskTraining
    | Dismiss
)
"""What a person asks for, in a cell or in the sidebar."""

AnyCommand = WriterCommand | UserCommand
