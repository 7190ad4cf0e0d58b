"""The fields of a query: read from text, written as text, and looked up in a trial's facts."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, TypeVar

from labdeck.errors import MalformedQuery
from labdeck.runs.search.words import PLAIN, Word, quote, split
from labdeck.store.conditions import FACTS, STATISTICS, Field, FieldKind, Statistic, places
from labdeck.store.objective import usual_goal
from labdeck.wire.numbers import to_float
from labdeck.wire.records import MetricSummary, Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.records import TrialFacts

Named = TypeVar("Named", MetricSummary, Param)

GROUPS: tuple[FieldKind, ...] = ("metrics", "params", "tags")
_ALIASES = {"trial": "name"}
_PLAIN_NAME = re.compile(rf"[{PLAIN}]+")


def parse_field(text: str) -> Field:
    """Return the field that a text names: `metrics.loss.min`, `params."odd name"`, `tags.team`, `started` and so on.

    Raises:
        MalformedQuery: It names none; the message names the nearest.

    Example:
        >>> parse_field("metrics.train:loss.min")
        Field(kind='metrics', name='train:loss', statistic='min')
        >>> parse_field("trial")
        Field(kind='trial', name='name', statistic='last')
    """
    first, *rest = split(text)
    field = read_word(text, first)
    if rest[0].kind != "end":
        raise MalformedQuery(
            f"a field was expected, nothing after it, but there is {rest[0].text!r}",
            'put an odd name between quotation marks: metrics."odd name"',
            query=text,
            position=rest[0].start,
        )
    return field


def read_word(query: str, word: Word) -> Field:
    """Return the field that a word of a query names; MalformedQuery."""
    if word.kind != "word" or not word.text:
        shown = "the query ends" if word.start == len(query) else f"there is {query[word.start : word.end]!r}"
        raise MalformedQuery(
            f"a field was expected, but {shown}",
            "fields are metrics.NAME, params.NAME, tags.NAME, " + ", ".join(FACTS),
            query=query,
            position=word.start,
        )
    group, dot, name = word.text.partition(".")
    if dot and group in GROUPS and name:
        if group != "metrics":
            return Field(group, name)
        return _metric(name, max(word.tail - len(group) - 1, 0))
    fact = _ALIASES.get(word.text, word.text)
    if fact in FACTS and not word.tail:
        return Field("trial", fact)
    raise MalformedQuery(f"there is no field {word.text!r}", _nearest(word.text), query=query, position=word.start)


def _metric(name: str, plain_from: int) -> Field:
    """Return the field of a metric; a last part that is a statistic, and is not quoted, is one."""
    rest, dot, last = name.rpartition(".")
    if dot and rest and last in STATISTICS and len(rest) >= plain_from:
        return Field("metrics", rest, last)
    return Field("metrics", name)


def _nearest(text: str) -> str:
    """Say how the field was probably meant to be written."""
    group, dot, name = text.partition(".")
    if dot or group in GROUPS:
        near = difflib.get_close_matches(group.lower(), [*GROUPS, "parameters"], n=1, cutoff=0.6)
        if near:
            meant = "params" if near[0] == "parameters" else near[0]
            return f"did you mean {meant}.{name or 'NAME'}?"
    near = difflib.get_close_matches(text.lower(), [*FACTS, *_ALIASES], n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"write metrics.{text}, params.{text} or tags.{text}, or one of {', '.join(FACTS)}"


def field_text(field: Field) -> str:
    """Return how a field is written, so that `parse_field` reads it back.

    Example:
        >>> field_text(Field("metrics", "loss", "min")), field_text(Field("params", "learning rate"))
        ('metrics.loss.min', 'params."learning rate"')
    """
    if field.kind == "trial":
        return field.name
    plain = _PLAIN_NAME.fullmatch(field.name) is not None
    ends_oddly = field.kind == "metrics" and field.name.rpartition(".")[2] in STATISTICS
    name = field.name if plain and not ends_oddly else quote(field.name)
    return f"{field.kind}.{name}" + ("" if field.statistic == "last" else f".{field.statistic}")


def read_field(fact: TrialFacts, field: Field) -> bool | float | str | None:
    """Return what a trial has of a field, None if it has nothing (or a parameter that is None).

    Times are seconds since 1970-01-01 UTC, the duration is in seconds and that of trials that have ended; a `count` is
    an int, other numbers of a metric are floats, NaN included. The parent is told by its id.

    Example:
        >>> import labdeck
        >>> experiment = labdeck.experiment("digits")
        >>> with experiment.trial(params={"lr": 0.1}) as trial:
        ...     trial.log({"loss": 0.5})
        >>> [fact] = experiment.facts()
        >>> read_field(fact, parse_field("metrics.loss.min")), read_field(fact, parse_field("params.lr"))
        (0.5, 0.1)
    """
    if field.kind == "metrics":
        found = _first(fact.metrics, field.name)
        return None if found is None else _number(fact, found, field.statistic)
    if field.kind == "params":
        param = _first(fact.params, field.name)
        return None if param is None else param.value
    if field.kind == "tags":
        return fact.trial.tags.get(field.name)
    return _fact(fact, field.name)


def _first(known: Sequence[Named], name: str) -> Named | None:
    """Return what a name means: the trial's own, then where its slashes say, then the first component's that has it."""
    by_place = {(each.component, each.name): each for each in known}
    for place in places(name):
        if place in by_place:
            return by_place[place]
    anywhere = sorted(place for place in by_place if place[1] == name)
    return by_place[anywhere[0]] if anywhere else None


def _number(fact: TrialFacts, summary: MetricSummary, statistic: Statistic) -> float:
    if statistic == "count":
        return summary.count
    if statistic == "best":
        statistic = best_is(fact, summary.name)
    return to_float(getattr(summary, statistic))


def best_is(fact: TrialFacts, metric: str) -> Statistic:
    """Return "max" or "min": the goal of the experiment's objective, for other metrics what is usual for the name."""
    objective = fact.trial.objective
    if objective is not None and objective.name == metric:
        return fact.trial.goal
    return usual_goal(metric)


def _fact(fact: TrialFacts, name: str) -> bool | float | str | None:
    trial = fact.trial
    match name:
        case "duration":
            return None if trial.ended is None else trial.ended - trial.started
        case "parent":
            return trial.parent_id
    found: bool | float | str | None = getattr(trial, name)
    return found
