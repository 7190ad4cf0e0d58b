"""Commands of a training process on a trial's life: start, end, crash, beat, components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from labdeck.errors import Conflict, NotFound
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.store.sql import do_experiments, do_lineage, reads
from labdeck.store.sql.choice import chosen_for
from labdeck.store.sql.codec import clean_text, name_key
from labdeck.store.sql.free_names import free_name, numbered, taken_in
from labdeck.store.sql.tables import capture, component, experiment, trial, writer
from labdeck.store.sql.unit import require_id

if TYPE_CHECKING:
    from sqlalchemy import Select

    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import (
        Beat,
        FinishComponent,
        FinishTrial,
        MarkCrashed,
        MarkIncomplete,
        ResumeTrial,
        StartComponent,
        StartTrial,
    )

_UNENDED = ("running", "crashed")  # a crash is a guess: the trial's own word may still correct it


def start_trial(unit: Unit, command: StartTrial) -> None:
    """Begin a trial, in the experiment it names."""
    if unit.home(command.id) is not None:
        return
    home = _experiment_for(unit, command)
    taken = taken_in(unit.connection, trial, trial.c.experiment_id == home)
    wanted = command.name
    name = numbered("trial", 1, taken) if wanted is None else free_name(check_name(wanted, "trial"), taken)
    chosen = chosen_for(unit, home)
    row = {
        "id": require_id(command.id),
        "serial": _next(unit, select(func.max(trial.c.serial))),
        "experiment_id": home,
        "number": _next(unit, select(func.max(trial.c.number)).where(trial.c.experiment_id == home)),
        "name": name,
        "name_key": name_key(name),
        "state": "running",
        "incomplete": "",
        "started": command.started,
        "note": "",
        "tags": "{}",
        "points": 0,
        "goal": "max" if chosen is None else chosen.goal,
        "parent_id": command.parent_id,
    }
    unit.connection.execute(insert(trial).values(row))
    who = command.writer
    identity = {"host": clean_text(who.host), "boot": clean_text(who.boot), "pid": who.pid, "born": who.born}
    unit.connection.execute(insert(writer).values(trial_id=command.id, heartbeat=command.started, **identity))
    unit.touch_trial(command.id)
    unit.touch_activity(home, command.started)
    if command.parent_id is not None:
        do_lineage.link(unit, command.parent_id, command.id, "AssociatedWith", command.started)


def resume_trial(unit: Unit, command: ResumeTrial) -> None:
    """Let an ended trial go on under another writer; Conflict if another process writes it."""
    row = unit.connection.execute(select(trial.c.state, trial.c.deleted).where(trial.c.id == command.id)).first()
    if row is None or row.deleted is not None:
        raise NotFound(f"there is no trial {reads.shown(command.id)}", "it may have been deleted")
    who = command.writer
    identity = {"host": clean_text(who.host), "boot": clean_text(who.boot), "pid": who.pid, "born": who.born}
    if row.state == "running":
        current = unit.connection.execute(select(writer).where(writer.c.trial_id == command.id)).one()
        if any(getattr(current, name) != value for name, value in identity.items()):
            raise Conflict("the trial runs in another process", "end it there, or start a new one")
    mine = update(writer).where(writer.c.trial_id == command.id)
    unit.connection.execute(mine.values(heartbeat=command.time, **identity))
    if row.state != "running":
        # The error of the run before is not that of the trial any more.
        here = (capture.c.trial_id == command.id, capture.c.name_key == name_key("error"))
        if unit.connection.execute(delete(capture).where(*here)).rowcount:
            unit.touch_detail(command.id, "captures")
        unit.change(trial, command.id, state="running", ended=None)
        unit.touch_trial(command.id)
        unit.touch_activity(unit.home(command.id) or "", command.time)


def finish_trial(unit: Unit, command: FinishTrial) -> None:
    """End a trial that runs or was thought crashed, and its components with it."""
    _end(unit, command.id, command.state, command.ended, _UNENDED)


def mark_crashed(unit: Unit, command: MarkCrashed) -> None:
    """End a running trial that was not heard of since the given heartbeat."""
    query = select(writer.c.heartbeat).where(writer.c.trial_id == command.id)
    if unit.connection.execute(query).scalar() == command.heartbeat:
        _end(unit, command.id, "crashed", command.ended, ("running",))


def beat(unit: Unit, command: Beat) -> None:
    """Note that a writer lives; its trials that were thought crashed run again."""
    for start in range(0, len(command.trial_ids), reads.CHUNK):
        ids = command.trial_ids[start : start + reads.CHUNK]
        unit.connection.execute(update(writer).where(writer.c.trial_id.in_(ids)).values(heartbeat=command.time))
        crashed = select(trial.c.id).where(trial.c.id.in_(ids), trial.c.state == "crashed")
        for trial_id in unit.connection.execute(crashed).scalars().all():
            _revive(unit, trial_id)


def mark_incomplete(unit: Unit, command: MarkIncomplete) -> None:
    """Say that facts of a trial are missing, and why."""
    if unit.home(command.id) is not None:
        unit.change(trial, command.id, incomplete=clean_text(command.reason))
        unit.touch_trial(command.id)


def start_component(unit: Unit, command: StartComponent) -> None:
    """Begin a component, or continue the one of that name."""
    if unit.home(command.trial_id) is None:
        return
    check_name(command.name, "component")
    here = (component.c.trial_id == command.trial_id, component.c.name_key == name_key(command.name))
    again = update(component).where(*here).values(state="running", ended=None, error="")
    if not unit.connection.execute(again).rowcount:
        _put_component(unit, command.trial_id, command.name, state="running", started=command.started)
    unit.touch_detail(command.trial_id, "components")


def finish_component(unit: Unit, command: FinishComponent) -> None:
    """End a component; one whose beginning was lost begins and ends now."""
    if unit.home(command.trial_id) is None:
        return
    check_name(command.name, "component")
    here = (component.c.trial_id == command.trial_id, component.c.name_key == name_key(command.name))
    values = {"state": command.state, "ended": command.ended, "error": clean_text(command.error)}
    if not unit.connection.execute(update(component).where(*here).values(values)).rowcount:
        _put_component(unit, command.trial_id, command.name, started=command.ended, **values)
    unit.touch_detail(command.trial_id, "components")


def _next(unit: Unit, highest: Select[int | None]) -> int:
    """Return one more than the highest number in use; writers take turns, so it is free."""
    return (unit.connection.execute(highest).scalar() or 0) + 1


def _experiment_for(unit: Unit, command: StartTrial) -> str:
    wanted = [item for item in (command.experiment_id, command.new_experiment_id) if item is not None]
    rows = unit.connection.execute(select(experiment.c.id, experiment.c.deleted).where(experiment.c.id.in_(wanted)))
    deleted = {row.id: row.deleted is not None for row in rows}
    if command.experiment_id is not None and deleted.get(command.experiment_id) is False:
        return command.experiment_id
    check_name(command.experiment, "experiment")
    named = do_experiments.by_name(unit, command.experiment)
    if named is not None:
        return named
    if command.new_experiment_id not in deleted:
        return do_experiments.create(unit, command.new_experiment_id, command.experiment, command.started)
    if not deleted[command.new_experiment_id]:
        return command.new_experiment_id  # the sender's own experiment, renamed meanwhile
    return do_experiments.create(unit, new_id(), command.experiment, command.started)


def _end(unit: Unit, trial_id: str, state: str, ended: float, endable: tuple[str, ...]) -> None:
    home = unit.home(trial_id)
    unended = (trial.c.id == trial_id, trial.c.state.in_(endable), trial.c.state != state)
    if (
        home is None
        or not unit.connection.execute(update(trial).where(*unended).values(state=state, ended=ended)).rowcount
    ):
        return
    _set_components(unit, trial_id, _UNENDED, state=state, ended=ended)
    unit.touch_trial(trial_id)
    unit.touch_activity(home, ended)


def _revive(unit: Unit, trial_id: str) -> None:
    unit.change(trial, trial_id, state="running", ended=None)
    _set_components(unit, trial_id, ("crashed",), state="running", ended=None)
    unit.touch_trial(trial_id)
    unit.touch_experiment(unit.home(trial_id) or "")


def _set_components(unit: Unit, trial_id: str, states: tuple[str, ...], **values: object) -> None:
    wanted = (component.c.trial_id == trial_id, component.c.state.in_(states))
    if unit.connection.execute(update(component).where(*wanted).values(values)).rowcount:
        unit.touch_detail(trial_id, "components")


def _put_component(unit: Unit, trial_id: str, name: str, **values: object) -> None:
    row = {"trial_id": trial_id, "name": name, "name_key": name_key(name), "ended": None, "error": "", **values}
    unit.upsert(component, ("trial_id", "name_key"), [row])
