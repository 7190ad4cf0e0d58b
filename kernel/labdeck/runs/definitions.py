"""Metrics read off what a training prints, by regular expressions, as SageMaker's estimators have them."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from labdeck.errors import LabdeckError, UsageError
from labdeck.store.names import check_name

MetricDefinitions = Mapping[str, str] | Iterable[Mapping[str, str]] | None
"""Names to expressions, or a list of {"Name": …, "Regex": …}."""
LONGEST = 1_024
"""Characters of a line that expressions are matched against."""
SLOW = 0.02
"""Seconds of one match after which a definition is switched off."""
_STEP = 4
_OPEN_REPEATS = 3
"""So many repeats without an end, one after the other, are tried with care."""

_log = logging.getLogger("labdeck.runs")


class Definition:
    """One metric and the expression whose first group is its value.

    Args:
        name: The metric's name.
        regex: A Python regular expression with at least one group.

    Raises:
        InvalidName: The name cannot be stored.
        UsageError: The expression is none, or has no group.
    """

    def __init__(self, name: object, regex: object) -> None:
        self.name = check_name(name, "metric")
        if not isinstance(regex, str):
            raise UsageError(f"the expression of {self.name!r} is given as {type(regex).__name__}", "give a str")
        try:
            self._pattern = re.compile(regex)
        except (re.error, RecursionError, OverflowError) as error:
            raise UsageError(f"the expression of {self.name!r} is none: {error}", "correct it") from None
        if not self._pattern.groups:
            remedy = "put the part that is the value in brackets: 'loss: (.*?);'"
            raise UsageError(f"the expression of {self.name!r} has no group", remedy)
        self._risky = _is_risky(self._pattern)
        self.is_off = False
        self.trouble = ""
        """What is wrong with it, to be said once; `is_off` says that it reads nothing any more."""

    def read(self, line: str) -> float | None:
        """Return the value that a line tells, None if it tells none."""
        line = line[:LONGEST]
        if self.is_off or (self._risky and not self._is_quick(line)):
            return None
        found = self._search(line)
        if found is None or found[1] is None:
            return None
        try:
            return float(found[1].strip().rstrip("%,;"))
        except ValueError:
            self.trouble = f"{found[1][:40]!r} is no number"
            return None

    def _is_quick(self, line: str) -> bool:
        """Try longer and longer beginnings: what would take for ever takes long on a beginning first."""
        for end in range(_STEP, len(line) + _STEP, _STEP):
            for text in (line[:end], line[:end] + "\0"):  # the second can hardly match, as the whole line might not
                self._search(text)
                if self.is_off:
                    return False
        return True

    def _search(self, text: str) -> re.Match[str] | None:
        begun = time.thread_time()  # what other threads and processes take does not count
        found = self._pattern.search(text)
        if time.thread_time() - begun > SLOW:
            self.is_off = True
            self.trouble = f"its expression takes too long on {text[:40]!r}, it is not read any more"
        return found


class Definitions:
    """The metric definitions of one running trial.

    Args:
        log: Called with a metric's name and value.
    """

    def __init__(self, log: Callable[[str, float], None]) -> None:
        self._log = log
        self._known: tuple[Definition, ...] = ()
        self._complained: set[str] = set()

    def add(self, definitions: Iterable[Definition]) -> None:
        """Read these, too; one of a name known already replaces it."""
        new = {definition.name: definition for definition in definitions}
        self._known = (*(one for one in self._known if one.name not in new), *new.values())

    def __bool__(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._known)

    def read(self, line: str) -> None:
        """Log what a printed line tells; never raises."""
        for definition in self._known:
            try:
                value = definition.read(line)
                if value is not None:
                    self._log(definition.name, value)
            except LabdeckError:  # the trial has ended meanwhile
                continue
            if definition.trouble and definition.name not in self._complained:
                self._complain(definition)

    def _complain(self, definition: Definition) -> None:
        self._complained.add(definition.name)
        text = f"the metric {definition.name!r} is not read: {definition.trouble}"
        _log.warning("%s", text)
        with suppress(UserWarning):  # turned into an error it would stop the training
            warnings.warn(f"Labdeck: {text}", UserWarning, stacklevel=2)


def to_definitions(given: object) -> tuple[Definition, ...]:
    """Return metric definitions in any of their forms: a mapping of names to expressions, or SageMaker's list.

    Raises:
        UsageError: They are neither, or an expression is none.
        InvalidName: A name cannot be stored.

    Example:
        >>> [one.name for one in to_definitions([{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}])]
        ['train:loss']
        >>> [one.read("loss=0.25") for one in to_definitions({"loss": "loss=([0-9.]+)"})]
        [0.25]
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple(Definition(name, regex) for name, regex in given.items())
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise _misshapen(type(given).__name__)
    found = []
    for item in given:
        if not isinstance(item, Mapping) or set(item) != {"Name", "Regex"}:
            raise _misshapen(f"{item!r}"[:80])
        found.append(Definition(item["Name"], item["Regex"]))
    return tuple(found)


def _misshapen(what: str) -> UsageError:
    return UsageError(
        f"metric definitions are given as {what}", 'write [{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}]'
    )


def _is_risky(pattern: re.Pattern[str]) -> bool:
    """Say whether matching may take far longer than the line is long: where a repeat holds a choice or a repeat."""
    try:
        from re import _parser  # type: ignore[attr-defined]  # Python 3.11

        tree = _parser.parse(pattern.pattern, pattern.flags)
    except (ImportError, re.error, RecursionError):
        return True
    count, nested = _repeats(tree)
    return nested or count >= _OPEN_REPEATS


def _repeats(tree: Any) -> tuple[int, bool]:
    """Return how many repeats have no end, and whether one of them holds a choice or another repeat."""
    count, nested = 0, False
    for code, value in tree:
        name = str(code)
        inner = [_repeats(part) for part in _parts_of(name, value)]
        count += sum(found for found, _ in inner)
        nested = nested or any(deep for _, deep in inner)
        if name.endswith("_REPEAT") and value[1] > 1:
            if value[1] > _STEP:
                count += 1
            nested = nested or _has_choice(value[2])
        elif name == "GROUPREF":
            nested = True
    return count, nested


def _has_choice(tree: Any) -> bool:
    """Say whether a part of an expression can match one text in several ways."""
    return any(
        str(code) == "BRANCH"
        or (str(code).endswith("_REPEAT") and value[0] != value[1])
        or any(map(_has_choice, _parts_of(str(code), value)))
        for code, value in tree
    )


def _parts_of(name: str, value: Any) -> list[Any]:
    """Return the expressions within a piece of one."""
    if name.endswith("_REPEAT"):
        return [value[2]]
    match name:
        case "BRANCH":
            parts = value[1]
        case "SUBPATTERN":
            parts = value[-1:]
        case "ASSERT" | "ASSERT_NOT" | "GROUPREF_EXISTS":
            parts = value[1:]
        case "ATOMIC_GROUP":
            parts = [value]
        case _:
            parts = []
    return [part for part in parts if part]
