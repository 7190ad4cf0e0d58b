"""Parameters of rules: the fields of a dataclass, of which texts and numbers are checked as soon as they are given."""

from __future__ import annotations

import dataclasses
import math
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeVar

from labdeck.errors import UsageError

T = TypeVar("T")
Parameter = dataclasses.Field[Any]

_BOUNDS = "bounds"
_PLAIN = {"int": "whole number", "float": "number", "bool": "truth value (true or false)", "None": ""}
"""The types that are checked, in words."""


class Bounds(NamedTuple):
    """The values that a number may have: from `least` to `most`, and above `above`."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf

    def __str__(self) -> str:
        """Return them in words, "" for none."""
        said = (("above", self.above), ("at least", self.least), ("at most", self.most))
        return " and ".join(f"{words} {limit:g}" for words, limit in said if math.isfinite(limit))

    def has(self, value: float) -> bool:
        """Say whether a number is within them."""
        return self.least <= value <= self.most and value > self.above


def bounded(default: T, *, least: float = -math.inf, most: float = math.inf, above: float = -math.inf) -> T:
    """Return the default of a parameter that is a number, with the values that it may have.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Steps:
        ...     count: int = bounded(10, least=1)
        >>> Steps().count, str(bounds_of(dataclasses.fields(Steps)[0]))
        (10, 'at least 1')
    """
    made: Any = dataclasses.field(default=default, metadata={_BOUNDS: Bounds(least, most, above)})
    found: T = made  # a dataclass makes the default of it
    return found


def bounds_of(field: Parameter) -> Bounds:
    """Return the values that a parameter may have."""
    found: Bounds = field.metadata.get(_BOUNDS, Bounds())
    return found


def parameters(cls: type) -> list[Parameter]:
    """Return the parameters of a rule: the fields that its construction takes."""
    # Not `__dataclass_fields__`: that holds class variables such as `severity`, too.
    return [field for field in dataclasses.fields(cls) if field.init] if dataclasses.is_dataclass(cls) else []


def checked(cls: type, field: Parameter, value: Any) -> Any:
    """Return the value of a parameter: a text as what it stands for, the number of an integer as an `int`.

    Only numbers, truth values and None are checked; what is annotated otherwise is the rule's own business, and so is
    the default.

    Args:
        cls: The rule.
        field: Its parameter.
        value: What was given for it.

    Raises:
        UsageError: It is of another type, NaN, or not within its bounds.
    """
    kinds = _kinds(field)
    if isinstance(value, str):
        return _fit(cls, field, value)
    if value is field.default or isinstance(value, bool):
        return value
    if isinstance(value, Real):
        number = float(value)
        if math.isnan(number):
            raise _wrong(cls, field, value, "is no number")
        if "float" not in kinds and "int" in kinds and not isinstance(value, Integral):
            if not number.is_integer():
                raise _wrong(cls, field, value, "is no whole number")
            value = int(number)
        if not bounds_of(field).has(number):
            raise _wrong(cls, field, value, f"must be {bounds_of(field)}")
    elif set(kinds) <= set(_PLAIN) and not (value is None and "None" in kinds):
        raise _wrong(cls, field, value, f"is no {_words(kinds)}")
    return value


def _kinds(field: Parameter) -> list[str]:
    """Return the types of a parameter, as its annotation has them."""
    text = field.type.__name__ if isinstance(field.type, type) else str(field.type)
    return [kind.strip() for kind in text.split("|")]


def _fit(cls: type, field: Parameter, text: str) -> Any:
    """Return the value that a text stands for: of the type of the parameter's annotation."""
    kinds = _kinds(field)
    plain = text.strip()
    if "None" in kinds and plain.lower() in ("none", ""):
        return None
    if "bool" in kinds and plain.lower() in ("true", "false", "yes", "no", "1", "0"):
        return plain.lower() in ("true", "yes", "1")
    for kind, convert in (("int", int), ("float", float)):
        if kind in kinds:
            try:
                number = convert(plain)
            except ValueError:
                continue
            return checked(cls, field, number)
    if not set(kinds) <= set(_PLAIN):
        return text
    raise _wrong(cls, field, text, f"is no {_words(kinds)}")


def _words(kinds: list[str]) -> str:
    return " or ".join(_PLAIN[kind] for kind in kinds if kind != "None") or "None"


def _wrong(cls: type, field: Parameter, value: object, why: str) -> UsageError:
    return UsageError(f"{field.name}={value!r} {why}", f"correct that parameter of {cls.__name__}")
