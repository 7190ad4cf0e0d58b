"""The commands that make an experiment out of its records: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.store.ids import is_id
from labdeck.wire import commands as wire
from labdeck.wire.records import WriterIdentity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from labdeck.wire.records import ExperimentRecord, LineageGraph, TrialDetail, TrialRecord

NOBODY = WriterIdentity(host="", boot="", pid=0, born=0.0)
STILL_RUNNING = "it was still running when it was exported"


def commands_for(
    record: ExperimentRecord,
    trials: Sequence[TrialDetail],
    known: ExperimentRecord | None,
    taken: set[str],
    now: float,
) -> list[wire.AnyCommand]:
    """Return the commands that bring an experiment with its trials into a store.

    Args:
        record: The experiment as it was exported.
        trials: Those of its trials that are new, oldest first.
        known: The experiment as it is here, None if it is new. It is left as it is, but restored if it was deleted.
        taken: Names of the experiments that are here.
        now: When trials end that were exported while they ran.
    """
    commands: list[wire.AnyCommand] = []
    if known is None:
        # Under its id as a name it meets no other experiment; the rename then conflicts where a name was taken since.
        commands.append(wire.OpenExperiment(id=record.id, name=record.id, created=record.created))
        commands.append(wire.RenameExperiment(id=record.id, name=_free(record.name, taken)))
        commands.append(wire.Annotate(id=record.id, note=record.note))
        commands.append(wire.SetTags(ids=(record.id,), set=record.tags))
        if record.objective is not None:
            chosen = record.objective
            commands.append(wire.SetObjective(id=record.id, metric=chosen.metric, goal=chosen.goal))
    elif known.deleted is not None:
        commands.append(wire.Restore(ids=(record.id,)))
    for detail in trials:
        commands += _trial(record.id, detail, now)
        if detail.trial.archived and not record.archived:  # with its experiment it is anyway
            commands.append(wire.Archive(ids=(detail.trial.id,)))
    if known is None and record.archived:
        commands.append(wire.Archive(ids=(record.id,)))
    return commands


def lineage_commands(graph: LineageGraph, trial_ids: Collection[str]) -> list[wire.AnyCommand]:
    """Return the commands that add a lineage to what is known: nodes that are here stay as they are.

    Args:
        graph: Nodes other than trials, and associations between them and trials.
        trial_ids: The trials that are here; associations with others are left out.
    """
    known = {*trial_ids, *(node.id for node in graph.nodes)}
    edges = [edge for edge in graph.edges if {edge.source, edge.destination} <= known]
    return [
        *(wire.PutNode(node=node, replace=False) for node in graph.nodes if node.kind != "trial"),
        *(wire.Associate(edge=edge) for edge in edges),
    ]


def _trial(experiment_id: str, detail: TrialDetail, now: float) -> Iterator[wire.AnyCommand]:
    trial = detail.trial
    yield wire.StartTrial(
        id=trial.id,
        experiment=experiment_id,
        experiment_id=experiment_id,
        new_experiment_id=experiment_id,
        name=trial.name,
        parent_id=trial.parent_id if trial.parent_id and is_id(trial.parent_id) else None,
        started=trial.started,
        writer=NOBODY,
    )
    yield wire.LogParams(trial_id=trial.id, params=detail.params)
    for part in detail.components:
        yield wire.StartComponent(trial_id=trial.id, name=part.name, started=part.started)
        if part.ended is not None:
            yield wire.FinishComponent(
                trial_id=trial.id, name=part.name, state=part.state, ended=part.ended, error=part.error
            )
    if detail.metrics:
        points = sum(summary.count for summary in detail.metrics)
        yield wire.AdvanceMetrics(trial_id=trial.id, points=points, metrics=detail.metrics)
    for artifact in detail.artifacts:
        yield wire.LogArtifact(trial_id=trial.id, artifact=artifact)
    for capture in detail.captures:
        yield wire.LogCapture(trial_id=trial.id, capture=capture)
    yield wire.SetTags(ids=(trial.id,), set=trial.tags)
    yield wire.Annotate(id=trial.id, note=trial.note)
    if trial.incomplete:
        yield wire.MarkIncomplete(id=trial.id, reason=trial.incomplete)
    yield from end_of(trial, now)


def end_of(trial: TrialRecord, now: float) -> Iterator[wire.AnyCommand]:
    """Return the commands that end a trial as it ended there; one that ran is interrupted now."""
    if trial.state == "running":
        yield wire.MarkIncomplete(id=trial.id, reason=STILL_RUNNING)
        yield wire.FinishTrial(id=trial.id, state="interrupted", ended=now)
    else:
        yield wire.FinishTrial(id=trial.id, state=trial.state, ended=now if trial.ended is None else trial.ended)


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
