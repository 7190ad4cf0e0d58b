"""What a search asks of a trial, as a tree: frozen, without behaviour, the same for both databases.

`labdeck.runs.search` reads it from text, `labdeck.store.sql.search` turns it into SQL; docs/search.md is the guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

FieldKind = Literal["metrics", "params", "tags", "trial"]
Statistic = Literal["last", "best", "min", "max", "first", "mean", "std", "count"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~", "!~"]
Value: TypeAlias = bool | float | str | None
"""What a field is compared with: times and durations are seconds, None is a parameter logged as None."""

STATISTICS: tuple[Statistic, ...] = ("last", "best", "min", "max", "first", "mean", "std", "count")
OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")
NUMBERS = ("started", "ended", "duration", "number")
"""The facts of a trial that are numbers; times are seconds since 1970-01-01 UTC."""
TEXTS = ("name", "experiment", "state", "note", "parent")
"""The facts of a trial that are text."""
MAX_CUTS = 8
"""At most so many slashes of a name may end a component's."""
FACTS = (*TEXTS, *NUMBERS, "archived")
"""What is known of a trial itself, by the words that name it in a query."""


@dataclass(frozen=True)
class Field:
    """One thing that is known of a trial.

    Attributes:
        kind: "metrics", "params" and "tags" are named by the user, "trial" is one of `FACTS`.
        name: Its name. That of a metric or parameter of a component is "component/name"; since names may hold slashes
            themselves, `places` says where it may be.
        statistic: Of a metric: which of its numbers.
    """

    kind: FieldKind
    name: str
    statistic: Statistic = "last"

    @property
    def is_number(self) -> bool:
        """Whether it is always a number; a parameter may be anything."""
        return self.kind == "metrics" or (self.kind == "trial" and self.name in NUMBERS)

    @property
    def is_text(self) -> bool:
        """Whether it is always text."""
        return self.kind == "tags" or (self.kind == "trial" and self.name in TEXTS)


@dataclass(frozen=True)
class Comparison:
    """A field against a value; false where the field is absent."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True)
class OneOf:
    """A field equals one of several values; false where the field is absent."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True)
class NoneOf:
    """A field is there and equals none of several values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Exists:
    """A field is there; a metric that is NaN and a parameter that is None are."""

    field: Field


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    term: Condition


@dataclass(frozen=True)
class Every:
    """What holds together."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """What holds at least in part."""

    terms: tuple[Condition, ...]


Condition: TypeAlias = Comparison | OneOf | NoneOf | Exists | Not | Every | Either


@dataclass(frozen=True)
class SortKey:
    """By what trials are sorted; absent values come last in both directions."""

    field: Field
    descending: bool = False


def places(name: str) -> tuple[tuple[str, str], ...]:
    """Return where a metric or parameter of that name may be, as (component, name); the first that is there counts.

    If none is, the name is looked for in all components, by their names; so a metric is found wherever it was logged.

    Example:
        >>> places("loss"), places("val/loss")
        ((('', 'loss'),), (('', 'val/loss'), ('val', 'loss')))
    """
    cuts = [at for at, char in enumerate(name) if char == "/" and 0 < at < len(name) - 1]
    return (("", name), *((name[:at], name[at + 1 :]) for at in cuts[:MAX_CUTS]))


def fields_of(condition: Condition | None) -> Iterator[Field]:
    """Yield the fields that a condition asks for, in their order."""
    if isinstance(condition, Every | Either):
        for term in condition.terms:
            yield from fields_of(term)
    elif isinstance(condition, Not):
        yield from fields_of(condition.term)
    elif condition is not None:
        yield condition.field


def is_about(condition: Condition | None, field: Field) -> bool:
    """Say whether a condition asks for a field."""
    return field in fields_of(condition)
