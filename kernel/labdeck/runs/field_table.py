"""Fields of trials as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.runs.search.fields import field_text, parse_field, read_field
from labdeck.store.conditions import Field
from labdeck.wire.comparing import FieldRow, FieldTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.records import Objective, TrialFacts


def read_table(facts: Sequence[TrialFacts], fields: Sequence[str]) -> FieldTable:
    """Return one row per trial, one column per field, in the order given.

    Raises:
        MalformedQuery: A field is none.
    """
    parsed = [parse_field(text) for text in fields]
    rows = tuple(
        FieldRow(
            trial_id=fact.trial.id,
            trial_name=fact.trial.name,
            trial_number=fact.trial.number,
            values=tuple(read_field(fact, field) for field in parsed),
        )
        for fact in facts
    )
    return FieldTable(fields=tuple(fields), rows=rows)


def param_fields(facts: Sequence[TrialFacts]) -> list[str]:
    """Return every parameter of some trials as a field, in order of first appearance."""
    places = dict.fromkeys((param.component, param.name) for fact in facts for param in fact.params)
    names = (f"{component}/{name}" if component else name for component, name in places)
    return [field_text(Field("params", name)) for name in names]


def objective_field(facts: Sequence[TrialFacts], chosen: Objective | None) -> str | None:
    """Return the best value of the chosen objective, or of the metric that stands for most trials; None without one."""
    if chosen is not None:
        return field_text(Field("metrics", chosen.metric, "best"))
    names = [fact.trial.objective.name for fact in facts if fact.trial.objective is not None]
    return field_text(Field("metrics", max(names, key=names.count), "best")) if names else None
