"""The commands that make a trial of a run: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from labdeck.runs.imports.source import to_name
from labdeck.runs.values import clean, to_param_value
from labdeck.store.objective import SYSTEM
from labdeck.wire import commands as wire
from labdeck.wire.records import Param, WriterIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdeck.runs.imports.source import Run
    from labdeck.wire.records import TrialDetail

STILL_RUNNING = "it was still running, or had been killed, when it was imported"
FROM_TAG, ID_TAG = "imported.from", "imported.id"
_NOBODY = WriterIdentity(host="", boot="", pid=0, born=0.0)


def first_commands(trial_id: str, home: str, parent: str | None, run: Run, kind: str) -> list[wire.AnyCommand]:
    """Return the commands that record a run as a new trial, the one that ends it last.

    Args:
        trial_id: The id it gets.
        home: The id of its experiment.
        parent: The id of the trial it is part of.
        run: The run.
        kind: The tracker it comes from.
    """
    tags = {**_tags(run.tags), FROM_TAG: kind, ID_TAG: clean(run.key)}
    commands: list[wire.AnyCommand] = [
        wire.StartTrial(
            id=trial_id,
            experiment=home,
            experiment_id=home,
            new_experiment_id=home,
            name=to_name(run.name, run.key[:8] or kind),
            parent_id=parent,
            started=run.started,
            writer=_NOBODY,
        ),
        wire.SetTags(ids=(trial_id,), set=tags),
    ]
    if params := _params(run.params):
        commands.append(wire.LogParams(trial_id=trial_id, params=params))
    if run.note:
        commands.append(wire.Annotate(id=trial_id, note=clean(run.note)))
    commands += [wire.LogCapture(trial_id=trial_id, capture=capture) for capture in run.captures]
    return [*commands, *_components(trial_id, run), *_end(trial_id, run)]


def changes_to(detail: TrialDetail, run: Run, *, grown: bool) -> list[wire.AnyCommand]:
    """Return the commands that record what a run got since it was imported; what was changed here stays.

    Args:
        detail: The trial as it is here.
        run: The run as it is now.
        grown: It got new points.
    """
    trial = detail.trial
    commands: list[wire.AnyCommand] = []
    have = {param.name for param in detail.params if not param.component}
    new = tuple(param for param in _params(run.params) if param.name not in have)
    if new:
        commands.append(wire.LogParams(trial_id=trial.id, params=new))
    if run.note and not trial.note:
        commands.append(wire.Annotate(id=trial.id, note=clean(run.note)))
    ended_since = trial.incomplete == STILL_RUNNING and run.state != "running"
    if ended_since or grown:
        commands.append(wire.ResumeTrial(id=trial.id, time=trial.started, writer=_NOBODY))
        if ended_since:
            commands.append(wire.MarkIncomplete(id=trial.id, reason=""))
        commands += _end(trial.id, run)
    return commands


def _end(trial_id: str, run: Run) -> Iterator[wire.AnyCommand]:
    ended = run.ended
    if ended is None:
        times = [float(series.times[-1]) for series in run.series.values() if len(series)]
        ended = max([run.started, *times])
    if run.state == "running":
        yield wire.MarkIncomplete(id=trial_id, reason=STILL_RUNNING)
    yield wire.FinishTrial(id=trial_id, state="interrupted" if run.state == "running" else run.state, ended=ended)


def _components(trial_id: str, run: Run) -> Iterator[wire.AnyCommand]:
    """Record the components that have series, the machine aside; they end with the trial."""
    for name in dict.fromkeys(key.component for key in run.series if key.component not in {"", SYSTEM}):
        yield wire.StartComponent(trial_id=trial_id, name=name, started=run.started)


def _params(params: Mapping[str, object]) -> tuple[Param, ...]:
    return tuple(Param(name=to_name(name, "?"), value=to_param_value(value)) for name, value in params.items())


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {to_name(key, "?"): clean(value) for key, value in tags.items()}
