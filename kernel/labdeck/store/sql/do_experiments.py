"""Commands on experiments, and those on experiments and trials alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table, insert, select, update
from sqlalchemy import delete as sql_delete

from labdeck.errors import Conflict, NotFound
from labdeck.store.names import check_name
from labdeck.store.sql import reads
from labdeck.store.sql.choice import choose_again
from labdeck.store.sql.codec import clean_text, decode_tags, encode, name_key
from labdeck.store.sql.free_names import free_name, taken_in
from labdeck.store.sql.tables import experiment, tag, trial
from labdeck.store.sql.unit import require_id
from labdeck.wire.commands import Restore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import (
        Annotate,
        Archive,
        Delete,
        OpenExperiment,
        RenameExperiment,
        RenameTrial,
        SetObjective,
        SetTags,
    )


def open_experiment(unit: Unit, command: OpenExperiment) -> None:
    """Create the experiment unless its name or id is known; set its objective if one is given."""
    check_name(command.name, "experiment")
    found = by_name(unit, command.name)
    if found is None and _known(unit, experiment, command.id):
        return
    experiment_id = found or create(unit, command.id, command.name, command.created)
    if command.objective is not None:
        _choose(unit, experiment_id, command.objective, command.goal)


def by_name(unit: Unit, name: str) -> str | None:
    """Return the id of the experiment of that name that is not deleted."""
    query = select(experiment.c.id).where(experiment.c.name_key == name_key(name), experiment.c.deleted.is_(None))
    return unit.connection.execute(query).scalar()


def create(unit: Unit, experiment_id: str, name: str, created: float) -> str:
    """Insert an experiment; return its id."""
    row = {
        "id": require_id(experiment_id),
        "name": name,
        "name_key": name_key(name),
        "created": created,
        "note": "",
        "tags": "{}",
        "goal": "max",
        "updated": created,
        "activity": unit.newest + 1,
    }
    unit.connection.execute(insert(experiment).values(row))
    unit.touch_experiment(experiment_id)
    return experiment_id


def set_objective(unit: Unit, command: SetObjective) -> None:
    """Choose the metric an experiment is judged by."""
    _require(unit, experiment, command.id, "experiment")
    _choose(unit, command.id, command.metric, command.goal)


def rename_experiment(unit: Unit, command: RenameExperiment) -> None:
    """Give an experiment another name; Conflict if it is taken."""
    check_name(command.name, "experiment")
    _require(unit, experiment, command.id, "experiment")
    _rename(unit, experiment, command.id, command.name)


def rename_trial(unit: Unit, command: RenameTrial) -> None:
    """Give a trial another name; Conflict if it is taken within the experiment."""
    check_name(command.name, "trial")
    if unit.home(command.id) is None:
        raise NotFound(f"there is no trial {reads.shown(command.id)}", "it may have been purged")
    _rename(unit, trial, command.id, command.name)


def annotate(unit: Unit, command: Annotate) -> None:
    """Replace the note of an experiment or trial."""
    table = _table_of(unit, command.id)
    unit.change(table, command.id, note=clean_text(command.note))
    _touch(unit, table, command.id)


def set_tags(unit: Unit, command: SetTags) -> None:
    """Set and remove tags of experiments or trials."""
    for key in command.set:
        check_name(key, "tag")
    added = {key: clean_text(value) for key, value in command.set.items()}
    for identity in command.ids:
        table = _table_of(unit, identity)
        before = decode_tags(unit.connection.execute(select(table.c.tags).where(table.c.id == identity)).scalar_one())
        after = {key: value for key, value in {**before, **added}.items() if key not in command.remove}
        if after != before:
            unit.change(table, identity, tags=encode(after))
            _touch(unit, table, identity)
            if table is trial:
                _index_tags(unit, identity, after)


def _index_tags(unit: Unit, trial_id: str, tags: dict[str, str]) -> None:
    unit.connection.execute(sql_delete(tag).where(tag.c.trial_id == trial_id))
    if tags:
        rows = [{"trial_id": trial_id, "name_key": name_key(key), "value": value} for key, value in tags.items()]
        unit.connection.execute(insert(tag), rows)


def archive(unit: Unit, command: Archive) -> None:
    """Put experiments or trials away, or take them out again; what is part of a trial goes with it."""
    for identity in _with_parts(unit, command.ids):
        table = _table_of(unit, identity)
        change = update(table).where(table.c.id == identity, table.c.archived.is_not(command.archived))
        if unit.connection.execute(change.values(archived=command.archived)).rowcount:
            _touch_with_home(unit, table, identity)


def _with_parts(unit: Unit, ids: Sequence[str]) -> list[str]:
    """Return ids and those of all trials that are part of them."""
    return list(dict.fromkeys(part for one in ids for part in (one, *reads.descendants_of(unit.connection, one))))


def delete(unit: Unit, command: Delete) -> None:
    """Hide experiments (their trials with them) and trials with their parts; the first deletion keeps its time."""
    for identity in _with_parts(unit, command.ids):
        table = _table_of(unit, identity)
        hide = update(table).where(table.c.id == identity, table.c.deleted.is_(None)).values(deleted=command.time)
        if unit.connection.execute(hide).rowcount:
            _touch_with_home(unit, table, identity)


def restore(unit: Unit, command: Restore) -> None:
    """Show again what was deleted, under a free name."""
    for identity in command.ids:
        table = _table_of(unit, identity)
        row = unit.connection.execute(select(table).where(table.c.id == identity)).one()
        if row.deleted is None:
            continue
        scope = [trial.c.experiment_id == row.experiment_id] if table is trial else []
        name = free_name(row.name, taken_in(unit.connection, table, *scope))
        unit.change(table, identity, deleted=None, name=name, name_key=name_key(name))
        _touch_with_home(unit, table, identity)
        parts = reads.descendants_of(unit.connection, identity) if table is trial else []
        for part in parts:  # those that went with it, not those that were deleted by themselves
            if unit.connection.execute(select(trial.c.deleted).where(trial.c.id == part)).scalar() == row.deleted:
                restore(unit, Restore(ids=(part,)))


def _choose(unit: Unit, experiment_id: str, metric: str | None, goal: str) -> None:
    if metric is not None:
        check_name(metric, "metric")
    query = select(experiment.c.objective, experiment.c.goal).where(experiment.c.id == experiment_id)
    before = tuple(unit.connection.execute(query).one())
    if before == (metric, goal):
        return
    unit.change(experiment, experiment_id, objective=metric, goal=goal)
    unit.touch_experiment(experiment_id)
    choose_again(unit, experiment_id)


def _rename(unit: Unit, table: Table, identity: str, name: str) -> None:
    row = unit.connection.execute(select(table).where(table.c.id == identity)).one()
    if row.name == name:
        return
    scope = [table.c.id != identity]
    if table is trial:
        scope.append(trial.c.experiment_id == row.experiment_id)
    if row.deleted is None and taken_in(unit.connection, table, *scope)([name]):
        raise Conflict(f"the name {reads.shown(name)} is taken", "choose another")
    unit.change(table, identity, name=name, name_key=name_key(name))
    _touch(unit, table, identity)


def _known(unit: Unit, table: Table, identity: str) -> bool:
    return unit.connection.execute(select(table.c.id).where(table.c.id == identity)).first() is not None


def _require(unit: Unit, table: Table, identity: str, what: str) -> None:
    if not _known(unit, table, identity):
        raise NotFound(f"there is no {what} {reads.shown(identity)}", "it may have been purged")


def _table_of(unit: Unit, identity: str) -> Table:
    if unit.home(identity) is not None:
        return trial
    _require(unit, experiment, identity, "experiment or trial")
    return experiment


def _touch(unit: Unit, table: Table, identity: str) -> None:
    if table is trial:
        unit.touch_trial(identity)
    else:
        unit.touch_experiment(identity)


def _touch_with_home(unit: Unit, table: Table, identity: str) -> None:
    """A trial that comes or goes changes the counts of its experiment."""
    _touch(unit, table, identity)
    home = unit.home(identity)
    if home is not None:
        unit.touch_experiment(home)
