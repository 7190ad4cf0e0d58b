"""What a trial that is here gets from an archive that knows more of it: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from labdeck.store.importing import NOBODY, STILL_RUNNING, end_of
from labdeck.store.series import same_beginning
from labdeck.wire import commands as wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labdeck.store.contract import Series, SeriesKey
    from labdeck.wire.records import ArtifactRecord, TrialDetail, TrialRecord

Standing = Literal["ahead", "same", "behind", "apart"]
"""How an archive's trial stands to the one here; "apart" if each has something that the other one lacks."""


def points_standing(wanted: Mapping[SeriesKey, Series], here: Mapping[SeriesKey, Series]) -> Standing:
    """Return how the points of an archive stand to those here: which are the beginning of which."""
    more = less = False
    for key in {**wanted, **here}:
        theirs, ours = wanted.get(key), here.get(key)
        if theirs is not None and ours is not None and not same_beginning(theirs, ours):
            return "apart"
        lengths = (len(theirs) if theirs else 0, len(ours) if ours else 0)
        more, less = more or lengths[0] > lengths[1], less or lengths[0] < lengths[1]
    if more and less:
        return "apart"
    return "ahead" if more else "behind" if less else "same"


def standing(wanted: TrialRecord, here: TrialRecord, points: Standing) -> Standing:
    """Return how a trial of an archive stands to the one here: with the same points, the later end is the newer."""
    if points != "same" or wanted.state == "running":
        return points
    if here.incomplete == STILL_RUNNING != wanted.incomplete:
        return "ahead"
    if wanted.ended is None or here.ended is None or wanted.ended == here.ended:
        return "same"
    return "ahead" if wanted.ended > here.ended else "behind"


def new_artifacts(wanted: TrialDetail, here: TrialDetail) -> list[ArtifactRecord]:
    """Return the files that are not here, or here as they were before."""
    have = {(item.component, item.name, item.step): item for item in here.artifacts}
    new = []
    for item in wanted.artifacts:
        before = have.get((item.component, item.name, item.step))
        if before is None or (before.sha256 != item.sha256 and before.created < item.created):
            new.append(item)
    return new


def completion(
    wanted: TrialDetail, here: TrialDetail, files: Sequence[ArtifactRecord], now: float, *, ahead: bool
) -> list[wire.AnyCommand]:
    """Return the commands that complete a trial; its new points and the content of its new files are kept already.

    Args:
        wanted: The trial in the archive, with at least the points that are here.
        here: The trial here, ended and not deleted.
        files: Its new files.
        now: When it ends if it ran when it was exported.
        ahead: It went on since: what it has there replaces what is here, notes and tags aside.
    """
    trial_id = here.trial.id
    commands: list[wire.AnyCommand] = []
    if ahead:
        commands.append(wire.ResumeTrial(id=trial_id, time=here.trial.started, writer=NOBODY))
    have = {(item.component, item.name): item for item in here.params}
    params = tuple(item for item in wanted.params if _is_new(item, have.get((item.component, item.name)), ahead))
    if params:
        commands.append(wire.LogParams(trial_id=trial_id, params=params))
    counts = {(item.component, item.name): item.count for item in here.metrics}
    metrics = tuple(item for item in wanted.metrics if item.count > counts.get((item.component, item.name), 0))
    if metrics:
        points = sum(item.count for item in wanted.metrics)
        commands.append(wire.AdvanceMetrics(trial_id=trial_id, points=points, metrics=metrics))
    commands += [wire.LogArtifact(trial_id=trial_id, artifact=item) for item in files]
    # What was captured of an error is forgotten when the trial goes on.
    captured = {item.kind: item for item in here.captures if not (ahead and item.kind == "error")}
    commands += [
        wire.LogCapture(trial_id=trial_id, capture=item)
        for item in wanted.captures
        if _is_new(item, captured.get(item.kind), ahead)
    ]
    if ahead:
        commands += _went_on(wanted, here, now)
    return commands


def _is_new(item: object, before: object | None, ahead: bool) -> bool:
    return before is None or (ahead and msgspec.json.encode(item) != msgspec.json.encode(before))


def _went_on(wanted: TrialDetail, here: TrialDetail, now: float) -> Iterator[wire.AnyCommand]:
    """Bring components, note, tags and end; what people wrote here stays."""
    trial_id = here.trial.id
    for part in wanted.components:
        if part not in here.components:
            yield wire.StartComponent(trial_id=trial_id, name=part.name, started=part.started)
            if part.ended is not None:
                yield wire.FinishComponent(
                    trial_id=trial_id, name=part.name, state=part.state, ended=part.ended, error=part.error
                )
    tags = {key: value for key, value in wanted.trial.tags.items() if key not in here.trial.tags}
    if tags:
        yield wire.SetTags(ids=(trial_id,), set=tags)
    if wanted.trial.note and not here.trial.note:
        yield wire.Annotate(id=trial_id, note=wanted.trial.note)
    yield wire.MarkIncomplete(id=trial_id, reason=wanted.trial.incomplete)
    yield from end_of(wanted.trial, now)
