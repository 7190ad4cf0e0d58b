"""What a trial is given when it is made, as commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.runs.values import to_params, to_tags, to_text
from labdeck.wire.commands import Annotate, LogParams, SetTags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdeck.wire.commands import AnyCommand


def first_facts(
    trial_id: str, params: Mapping[str, object] | None, tags: Mapping[str, object] | None, note: str
) -> tuple[AnyCommand, ...]:
    """Return the commands that record what a trial is given when it is made.

    Raises:
        InvalidName: A name cannot be stored.
        InvalidParameter: `params` is no mapping.
        UsageError: `tags` is no mapping, or `note` no text.
    """
    facts: list[AnyCommand] = []
    ready = to_params(params, {}, "")
    if ready:
        facts.append(LogParams(trial_id=trial_id, params=ready))
    set_tags = to_tags({} if tags is None else tags)
    if set_tags:
        facts.append(SetTags(ids=(trial_id,), set=set_tags))
    text = to_text(note, "the note")
    if text:
        facts.append(Annotate(id=trial_id, note=text))
    return tuple(facts)
