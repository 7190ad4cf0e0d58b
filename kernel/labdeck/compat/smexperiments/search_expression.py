"""SageMaker's search expressions, and how they judge a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from labdeck.errors import UsageError

Properties = Mapping[str, Any]
"""What is known of a thing: names in lower case, as SageMaker writes them otherwise, to values."""


class Operator(Enum):
    """How a filter compares."""

    EQUALS = "Equals"
    NOT_EQUALS = "NotEquals"
    GREATER_THAN = "GreaterThan"
    GREATER_THAN_OR_EQUAL = "GreaterThanOrEqualTo"
    LESS_THAN = "LessThan"
    LESS_THAN_OR_EQUAL = "LessThanOrEqualTo"
    CONTAINS = "Contains"
    EXISTS = "Exists"
    NOT_EXISTS = "NotExists"


class BooleanOperator(Enum):
    """How the parts of an expression go together."""

    AND = "And"
    OR = "Or"


@dataclass
class Filter:
    """A condition on one property.

    Attributes:
        name: "TrialName", "Parameters.lr", "Metrics.accuracy.max", "Tags.team" …
        operator: Default: equals.
        value: What is compared with; not needed for (not) exists.
    """

    name: str
    operator: Operator | str | None = None
    value: Any = None

    def matches(self, properties: Properties) -> bool:
        """Say whether a thing of these properties fulfils the condition."""
        operator = Operator.EQUALS if self.operator is None else Operator(self.operator)
        found = properties.get(self.name.casefold())
        if operator is Operator.EXISTS:
            return found is not None
        if operator is Operator.NOT_EXISTS:
            return found is None
        if found is None:
            return operator is Operator.NOT_EQUALS
        if operator is Operator.CONTAINS:
            return str(self.value).lower() in str(found).lower()
        return _compare(operator, found, self.value)


def _compare(operator: Operator, found: Any, wanted: Any) -> bool:
    left, right = _comparable(found, wanted)
    if operator is Operator.EQUALS:
        return bool(left == right)
    if operator is Operator.NOT_EQUALS:
        return bool(left != right)
    try:
        fits: bool = {
            Operator.GREATER_THAN: lambda: left > right,
            Operator.GREATER_THAN_OR_EQUAL: lambda: left >= right,
            Operator.LESS_THAN: lambda: left < right,
            Operator.LESS_THAN_OR_EQUAL: lambda: left <= right,
        }[operator]()
    except TypeError:
        return False
    return fits


def _comparable(found: Any, wanted: Any) -> tuple[Any, Any]:
    """Return two values as numbers if both are, as times if one is, else as text."""
    if isinstance(found, datetime):
        when = wanted if isinstance(wanted, datetime) else datetime.fromisoformat(str(wanted).replace("Z", "+00:00"))
        return found, when if when.tzinfo else when.astimezone()
    try:
        return float(found), float(wanted)
    except (TypeError, ValueError):
        return str(found), str(wanted)


@dataclass
class NestedFilter:
    """Conditions that one and the same nested thing, a parent for example, must fulfil.

    Attributes:
        property_name: Where the nested things are: "Parents".
        filters: Conditions, with full names: "Parents.TrialName".
    """

    property_name: str
    filters: Sequence[Filter]

    def matches(self, properties: Properties) -> bool:
        """Say whether one of the nested things fulfils all conditions."""
        nested = properties.get(self.property_name.casefold())
        if not isinstance(nested, Sequence) or isinstance(nested, str):
            return False
        prefix = f"{self.property_name.casefold()}."
        return any(
            all(each.matches({prefix + key.casefold(): value for key, value in one.items()}) for each in self.filters)
            for one in nested
        )


@dataclass
class SearchExpression:
    """Conditions that go together by And (default) or Or; UsageError if there is none."""

    filters: Sequence[Filter] | None = None
    nested_filters: Sequence[NestedFilter] | None = None
    sub_expressions: Sequence[SearchExpression] | None = None
    boolean_operator: BooleanOperator | str = field(default=BooleanOperator.AND)

    def __post_init__(self) -> None:
        if not (self.filters or self.nested_filters or self.sub_expressions):
            raise UsageError("the search expression is empty", "give filters, nested_filters or sub_expressions")

    def matches(self, properties: Properties) -> bool:
        """Say whether a thing of these properties fulfils the expression."""
        parts: list[Filter | NestedFilter | SearchExpression] = [
            *(self.filters or ()),
            *(self.nested_filters or ()),
            *(self.sub_expressions or ()),
        ]
        judge = any if BooleanOperator(self.boolean_operator) is BooleanOperator.OR else all
        return judge(part.matches(properties) for part in parts)


def expression_from(given: SearchExpression | Mapping[str, Any] | None) -> SearchExpression | None:
    """Return a search expression that may be given as SageMaker's JSON."""
    if given is None or isinstance(given, SearchExpression):
        return given
    filters = [_filter(one) for one in given.get("Filters", ())]
    nested = [
        NestedFilter(one["NestedPropertyName"], [_filter(each) for each in one["Filters"]])
        for one in given.get("NestedFilters", ())
    ]
    below = [expression_from(one) for one in given.get("SubExpressions", ())]
    return SearchExpression(filters, nested, [one for one in below if one], given.get("Operator", "And"))


def _filter(given: Mapping[str, Any]) -> Filter:
    return Filter(given["Name"], given.get("Operator"), given.get("Value"))
