"""The values of a query: what a field can be compared with, read from words and written as words."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, get_args

from labdeck.runs.search.words import quote
from labdeck.store.conditions import Field
from labdeck.wire.records import TrialState

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.runs.search.words import Word
    from labdeck.store.conditions import Operator, Value

STATE = Field("trial", "state")
STATES: tuple[str, ...] = get_args(TrialState)
DAY = 86_400.0
TIMES = ("started", "ended")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": DAY, "w": 7 * DAY}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE | re.ASCII)
_LENGTH = re.compile(r"(\d+\.?\d*|\.\d+)([smhdw])", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMED: dict[str, Value] = {"true": True, "false": False, "null": None, "none": None}


class Unfit(Exception):
    """A word that cannot be the value of a field: what was expected, and what to write."""

    def __init__(self, expected: str, remedy: str) -> None:
        super().__init__(expected, remedy)
        self.expected = expected
        self.remedy = remedy


def is_date(word: Word) -> bool:
    """Say whether a word is a day without a time."""
    return _DATE.fullmatch(word.text) is not None


def read_value(field: Field, operator: Operator | None, word: Word, now: float) -> Value:
    """Return the value that a word is for a field.

    Args:
        field: What is compared with it.
        operator: How; None in a list of values.
        word: The word, not a keyword.
        now: Seconds since 1970-01-01 UTC: the moment from which `-7d` counts back.

    Raises:
        Unfit: The word is no such value.
    """
    if word.kind == "word" and word.text.lower() in {"null", "none"} and field.kind != "params":
        raise Unfit("a value was expected", "write `not … exists` for what is absent")
    if field.kind == "trial" and field.name in _READERS:
        return _READERS[field.name](word, now)
    if field.is_number:
        return _number(word)
    if field == STATE and operator in {"=", "!=", None} and word.text not in STATES:
        raise Unfit("a state was expected", "states are " + ", ".join(STATES))
    if field.is_text or operator in {"~", "!~"}:
        return word.text
    return _of_param(word)


def _of_param(word: Word) -> Value:
    if word.kind == "text":
        return word.text
    if word.text.lower() in _NAMED:
        return _NAMED[word.text.lower()]
    return float(word.text) if _NUMBER.fullmatch(word.text) else word.text


def _number(word: Word) -> float:
    if word.kind == "word" and _NUMBER.fullmatch(word.text):
        return float(word.text)
    if word.text.lower() == "nan":
        raise Unfit("a number was expected", "NaN is never equal or greater; find it by `exists and not … <= inf`")
    raise Unfit("a number was expected", "write 0.9, 1e-3 or inf, without quotation marks")


def _duration(word: Word, _now: float) -> float:
    if found := _LENGTH.fullmatch(word.text):
        return float(found[1]) * _UNITS[found[2]]
    if word.kind == "word" and _NUMBER.fullmatch(word.text):
        return float(word.text)
    raise Unfit("a length of time was expected", "write seconds, or 30s, 5m, 2h, 1d")


def _truth(word: Word, _now: float) -> bool:
    if word.text.lower() not in {"true", "false"}:
        raise Unfit("true or false was expected", "write one of them")
    return word.text.lower() == "true"


def _time(word: Word, now: float) -> float:
    """Return a moment in seconds since 1970-01-01 UTC; without an offset it is meant in UTC."""
    text = word.text
    if text.startswith("-") and (found := _LENGTH.fullmatch(text[1:])):
        return now - float(found[1]) * _UNITS[found[2]]
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        if _DATE.match(text):
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise Unfit("a time was expected", 'write -7d, -12h, -30m, 2026-11-01 or "2026-11-01T10:00"')


_READERS: dict[str, Callable[[Word, float], Value]] = {
    "started": _time,
    "ended": _time,
    "duration": _duration,
    "archived": _truth,
}


def value_text(field: Field, value: Value) -> str:
    """Return how a value is written, so that `read_value` reads it back; times as seconds since 1970."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return quote(value)
    if field.is_text:
        return quote(str(value))
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(float(value))
