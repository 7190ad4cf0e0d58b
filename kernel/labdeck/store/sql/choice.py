"""Keeps each trial's objective, the summary that stands for it, with the trial: so that a list is one query."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import bindparam, select, update

from labdeck.store.objective import SYSTEM, choose_objective
from labdeck.store.sql import codec
from labdeck.store.sql.codec import bodies, encode
from labdeck.store.sql.details import summaries
from labdeck.store.sql.reads import decode_objective
from labdeck.store.sql.tables import experiment, metric, trial
from labdeck.wire.records import MetricSummary, Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.sql.unit import Unit


def chosen_for(unit: Unit, experiment_id: str) -> Objective | None:
    """Return the objective the user chose for an experiment."""
    query = select(experiment.c.objective, experiment.c.goal).where(experiment.c.id == experiment_id)
    row = unit.connection.execute(query).one()
    return None if row.objective is None else Objective(metric=row.objective, goal=row.goal)


def advance_objective(unit: Unit, trial_id: str, grown: Sequence[MetricSummary], *, appeared: bool) -> None:
    """Bring a trial's objective up to date after series have grown; a new series may be a better choice."""
    query = select(trial.c.objective, trial.c.experiment_id).where(trial.c.id == trial_id)
    row = unit.connection.execute(query).one()
    current = decode_objective(row.objective)
    if appeared:
        chosen = chosen_for(unit, row.experiment_id)
        unit.change(trial, trial_id, **_columns(summaries(unit.connection, trial_id), chosen))
    elif current is not None:
        for summary in grown:
            if (summary.component, summary.name) == (current.component, current.name):
                unit.change(trial, trial_id, objective=encode(summary))


def choose_again(unit: Unit, experiment_id: str) -> None:
    """Choose the objective of every trial of an experiment anew."""
    chosen = chosen_for(unit, experiment_id)
    query = (
        select(metric.c.trial_id, metric.c.body, metric.c.spark)
        .join(trial)
        .where(trial.c.experiment_id == experiment_id)
        .order_by(trial.c.serial, metric.c.position)
    )
    ids = unit.connection.execute(select(trial.c.id).where(trial.c.experiment_id == experiment_id)).scalars()
    changed = {trial_id: {"trial": trial_id, **_columns((), chosen)} for trial_id in ids}
    for trial_id, rows in groupby(unit.connection.execute(query), key=lambda row: row.trial_id):
        found = [_with_spark(row.body, row.spark) for row in rows]
        changed[trial_id] = {"trial": trial_id, **_columns(found, chosen)}
    if changed:
        change = update(trial).where(trial.c.id == bindparam("trial"))
        values: dict[str, Any] = {"objective": bindparam("objective"), "goal": bindparam("goal")}
        unit.connection.execute(change.values(values), list(changed.values()))


def _with_spark(body: str, spark: str) -> MetricSummary:
    return msgspec.structs.replace(codec.decode(bodies.metric, [body])[0], spark=bodies.spark.decode(spark))


def _columns(found: Sequence[MetricSummary], chosen: Objective | None) -> dict[str, str | None]:
    found = [summary for summary in found if summary.component != SYSTEM]
    objective = choose_objective([summary.name for summary in found], chosen)
    if objective is None:
        return {"objective": None, "goal": "max"}
    named = [summary for summary in found if summary.name == objective.metric]
    named.sort(key=lambda summary: summary.component != "")  # the trial's own before a component's
    return {"objective": encode(named[0]) if named else None, "goal": objective.goal}
