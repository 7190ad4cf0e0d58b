"""Queries that turn rows into records: experiments and trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Row, Select, func, or_, select

from labdeck.errors import NotFound
from labdeck.store.sql.codec import bodies, decode_tags, name_key
from labdeck.store.sql.tables import experiment, log, trial, writer
from labdeck.wire.records import (
    ExperimentRecord,
    Liveness,
    MetricSummary,
    Objective,
    TrialPage,
    TrialRecord,
    WriterIdentity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sqlalchemy import ColumnElement, Connection

CHUNK = 500
"""Values bound to one IN (...): both databases limit the parameters of a statement."""

_live_trials = (
    select(func.count())
    .where(trial.c.experiment_id == experiment.c.id, trial.c.deleted.is_(None))
    .correlate(experiment)
)
_shown_trials = _live_trials.where(trial.c.archived.is_(False))
_experiment_query = select(
    experiment,
    _shown_trials.scalar_subquery().label("trials"),
    _shown_trials.where(trial.c.state == "running").scalar_subquery().label("running"),
    _live_trials.where(trial.c.archived.is_(True)).scalar_subquery().label("archived_trials"),
)
trial_query = select(
    trial,
    experiment.c.name.label("experiment"),
    func.coalesce(trial.c.deleted, experiment.c.deleted).label("gone"),
    or_(trial.c.archived, experiment.c.archived).label("put_away"),
).join(experiment)
"""Trials with the name of their experiment and their deletion, their own or its."""

LISTED = (trial.c.deleted.is_(None), experiment.c.deleted.is_(None))
"""A trial is deleted by itself or with its experiment."""


def cursor(connection: Connection) -> int:
    """Return the newest seq."""
    return int(connection.execute(select(log.c.newest)).scalar_one())


def experiments(connection: Connection, *, deleted: bool) -> tuple[ExperimentRecord, ...]:
    """Return all experiments, latest activity first."""
    wanted = experiment.c.deleted.is_not(None) if deleted else experiment.c.deleted.is_(None)
    query = _experiment_query.where(wanted).order_by(experiment.c.activity.desc(), experiment.c.id.desc())
    return tuple(_experiment(row) for row in connection.execute(query))


def experiments_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, ExperimentRecord]:
    """Return experiments by id, deleted ones included."""
    return {row.id: _experiment(row) for row in in_chunks(connection, _experiment_query, experiment.c.id, ids)}


def find_experiment(connection: Connection, ref: str) -> ExperimentRecord:
    """Return the experiment of that id, or of that name unless it is deleted; NotFound."""
    named = (experiment.c.name_key == name_key(ref)) & experiment.c.deleted.is_(None)
    query = _experiment_query.where(or_(experiment.c.id == ref, named))
    found = sorted(connection.execute(query), key=lambda row: row.id != ref)
    if not found:
        raise NotFound(f"no experiment is called {shown(ref)}", "list them with %experiment list")
    return _experiment(found[0])


def trials_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, TrialRecord]:
    """Return trials by id, deleted ones included."""
    return {row.id: to_trial(row) for row in in_chunks(connection, trial_query, trial.c.id, ids)}


def trial_page(
    connection: Connection, experiment_id: str, offset: int, limit: int | None, *, archived: bool | None, roots: bool
) -> TrialPage:
    """Return trials of an experiment that are not deleted, newest first; NotFound."""
    require_experiment(connection, experiment_id)
    wanted = [trial.c.experiment_id == experiment_id, *LISTED]
    if archived is not None:
        wanted.append(trial.c.archived.is_(archived))
    if roots:
        wanted.append(or_(trial.c.parent_id.is_(None), ~_parent_listed(archived)))
    total = connection.execute(select(func.count()).select_from(trial.join(experiment)).where(*wanted)).scalar_one()
    query = trial_query.where(*wanted).order_by(trial.c.serial.desc()).offset(offset)
    rows = connection.execute(query.limit(total if limit is None else limit))
    return TrialPage(total=total, offset=offset, trials=tuple(to_trial(row) for row in rows))


def _parent_listed(archived: bool | None) -> ColumnElement[bool]:
    """Say whether the list that a trial is in holds the trial it is part of."""
    whole = trial.alias("whole")
    wanted = [
        whole.c.id == trial.c.parent_id,
        whole.c.experiment_id == trial.c.experiment_id,
        whole.c.deleted.is_(None),
    ]
    if archived is not None:
        wanted.append(whole.c.archived.is_(archived))
    return select(whole.c.id).where(*wanted).exists()


def find_trial(connection: Connection, ref: str, experiment_id: str | None) -> TrialRecord:
    """Return the trial of that id, or the newest of that name that is not deleted; NotFound."""
    named = (trial.c.name_key == name_key(ref)) & LISTED[0] & LISTED[1]
    query = trial_query.where(or_(trial.c.id == ref, named)).order_by((trial.c.id == ref).desc(), trial.c.serial.desc())
    if experiment_id is not None:
        query = query.where(trial.c.experiment_id == experiment_id)
    row = connection.execute(query.limit(1)).first()
    if row is None:
        raise NotFound(f"no trial is called {shown(ref)}", "list them with %experiment show")
    return to_trial(row)


def children_of(connection: Connection, trial_id: str) -> tuple[TrialRecord, ...]:
    """Return the trials that are part of a trial and not deleted, oldest first."""
    query = trial_query.where(trial.c.parent_id == trial_id, *LISTED).order_by(trial.c.serial)
    return tuple(to_trial(row) for row in connection.execute(query))


def descendants_of(connection: Connection, trial_id: str) -> list[str]:
    """Return the ids of all trials that are part of a trial, to any depth, deleted ones included."""
    below = select(trial.c.id).where(trial.c.parent_id == trial_id).cte("below", recursive=True)
    deeper = trial.alias()
    below = below.union(select(deeper.c.id).join(below, deeper.c.parent_id == below.c.id))
    return list(connection.execute(select(below.c.id)).scalars())


def running(connection: Connection) -> tuple[Liveness, ...]:
    """Return trials in state running with the process that writes them."""
    query = select(writer).join(trial).where(trial.c.state == "running").order_by(trial.c.serial)
    return tuple(
        Liveness(
            trial_id=row.trial_id,
            writer=WriterIdentity(host=row.host, boot=row.boot, pid=row.pid, born=row.born),
            heartbeat=row.heartbeat,
        )
        for row in connection.execute(query)
    )


def require_experiment(connection: Connection, experiment_id: str) -> None:
    """Raise NotFound unless there is an experiment of that id."""
    if connection.execute(select(experiment.c.id).where(experiment.c.id == experiment_id)).first() is None:
        raise NotFound(f"there is no experiment {shown(experiment_id)}", "it may have been purged")


def in_chunks(
    connection: Connection, query: Select[Any], column: ColumnElement[str], values: Sequence[str]
) -> list[Row[Any]]:
    """Run a query for any number of values of one column."""
    rows: list[Row[Any]] = []
    for start in range(0, len(values), CHUNK):
        rows += connection.execute(query.where(column.in_(values[start : start + CHUNK])))
    return rows


def shown(ref: str) -> str:
    """Return a name as an error message shows it: quoted, escaped, not too long."""
    return repr(ref if len(ref) <= 80 else ref[:77] + "...")  # noqa: PLR2004 - a line


def _experiment(row: Row[Any]) -> ExperimentRecord:
    objective = None if row.objective is None else Objective(metric=row.objective, goal=row.goal)
    return ExperimentRecord(
        id=row.id,
        name=row.name,
        created=row.created,
        note=row.note,
        tags=decode_tags(row.tags),
        objective=objective,
        trials=row.trials,
        running=row.running,
        archived_trials=row.archived_trials,
        updated=row.updated,
        archived=row.archived,
        deleted=row.deleted,
    )


def decode_objective(body: str | None) -> MetricSummary | None:
    """Decode the objective column of a trial."""
    return None if body is None else bodies.metric.decode(f"[{body}]")[0]


def to_trial(row: Row[Any]) -> TrialRecord:
    """Return the record of a row of `trial_query`."""
    return TrialRecord(
        id=row.id,
        experiment_id=row.experiment_id,
        experiment=row.experiment,
        parent_id=row.parent_id,
        name=row.name,
        number=row.number,
        state=row.state,
        incomplete=row.incomplete,
        started=row.started,
        ended=row.ended,
        note=row.note,
        tags=decode_tags(row.tags),
        objective=decode_objective(row.objective),
        goal=row.goal,
        archived=row.put_away,
        deleted=row.gone,
    )
