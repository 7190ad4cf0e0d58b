"""Regular expressions that choose tensors by name."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from labdeck.compat.smdebug.exceptions import SMDebugValueError

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
"""The one way to look into an expression without running it."""
_LONGEST_PATTERN, _LONGEST_NAME, _MOST_REPEATS = 1_000, 300, 3
"""Bounds of what a folder from elsewhere may have evaluated: beyond them the time that a search takes may explode."""
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return an expression, ready to search; SMDebugValueError when it cannot be read."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SMDebugValueError(f"{pattern!r} is no regular expression: {error}") from None


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of the expressions occurs in a name.

    Example:
        >>> matches("gradient/Net_fc.weight", ["^gradient"])
        True
    """
    return any(compiled(pattern).search(name) for pattern in patterns)


@lru_cache(maxsize=4096)
def is_harmless(pattern: str) -> bool:
    """Tell whether an expression from elsewhere may be searched for: the time it takes is bounded.

    Example:
        >>> is_harmless(".*relu_output|^fc"), is_harmless("(a+)+$")
        (True, False)
    """
    if len(pattern) > _LONGEST_PATTERN:
        return False
    try:
        return _repeats(_parser.parse(pattern)) <= _MOST_REPEATS
    except (re.error, RecursionError, OverflowError):
        return False


def matches_harmlessly(name: str, patterns: Iterable[str]) -> bool:
    """Like `matches`, for expressions that nobody here has written: those that may take for ever match nothing."""
    return len(name) <= _LONGEST_NAME and matches(name, filter(is_harmless, patterns))


def _repeats(node: Any) -> int:
    """Return how many unlimited repeats a match may have to try against each other; nested ones are too many."""
    total = 0
    for code, value in node:
        if str(code) in _REPEATS:
            least, most, inside = value
            within = _repeats(inside)
            if most > 1 and within:
                return _MOST_REPEATS + 1
            total += within + (most - least > 1)
        elif str(code) == "BRANCH":
            total += max((_repeats(branch) for branch in value[1]), default=0)
        else:
            total += sum(_repeats(part) for part in _parts(value))
    return total


def _parts(value: Any) -> list[Any]:
    if isinstance(value, _parser.SubPattern):
        return [value]
    return [part for part in value if isinstance(part, _parser.SubPattern)] if isinstance(value, tuple) else []
