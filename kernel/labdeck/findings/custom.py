"""Rules that people write themselves, in a file or in the notebook; a change takes effect while the training runs."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from hashlib import blake2b
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from labdeck.errors import LabdeckError, NotFound, UsageError
from labdeck.findings.rule import Rule, make_rule

_NOTEBOOK = "__main__"


@dataclass(frozen=True)
class Source:
    """Where a rule was read.

    Attributes:
        path: The file, absolute.
        stamp: Tells this state of the file from others: the time of its last change, and its size.
    """

    path: Path
    stamp: tuple[int, int]


_sources: WeakKeyDictionary[type[Rule], Source] = WeakKeyDictionary()


def is_file(text: str) -> bool:
    """Say whether a text names a rule in a file: "my_rules.py:MyRule", or "my_rules.py" for the only one in it."""
    return text.partition(".py:")[1] != "" or text.endswith(".py")


def load_rule(text: str) -> type[Rule]:
    """Return a rule of a file, which is executed.

    Args:
        text: "my_rules.py:MyRule", or "my_rules.py" if there is only one in it; relative to the working folder.

    Raises:
        NotFound: There is no such file, or no such rule in it.
        UsageError: It cannot be executed, or one must say which of its rules is meant.
    """
    place, found, name = text.rpartition(".py:")
    path = Path(place + ".py" if found else text).expanduser().resolve()
    rules = load_rules(path)
    if not name or not found:
        name = next(iter(rules)) if len(rules) == 1 else ""
    if name in rules:
        return rules[name]
    among = ", ".join(f"{path.name}:{each}" for each in rules)
    if not name and rules:
        raise UsageError(f"there are {len(rules)} rules in {path.name}", f"say which: {among}")
    raise NotFound(f"there is no rule {name!r} in {path.name}".replace(" ''", ""), among and f"there is {among}")


def load_rules(path: Path) -> dict[str, type[Rule]]:
    """Return the rules that a file defines, by name; executes it. Errors as those of `load_rule`."""
    try:
        status = path.stat()
        text = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path.name} cannot be read: {error.strerror}", f"it was looked for in {path.parent}") from None
    module = _execute(path, text)
    rules = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
        if not isabstract(value)
    }
    for rule in rules.values():
        _sources[rule] = Source(path, (status.st_mtime_ns, status.st_size))
    return rules


class Renewal:
    """Looks whether a rule's file, or the notebook's class of its name, has changed.

    Args:
        rule: The rule.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._kind = type(rule)
        self._source = _sources.get(self._kind)
        self._tried: object = self._source.stamp if self._source is not None else self._kind

    def look(self) -> Rule | None:
        """Return the rule as it is now, begun anew; None if it has not changed.

        It gets the parameters of the old one, as far as it has them. What fails is not tried again before the next
        change.

        Raises:
            UsageError, NotFound: The new one cannot be used; the old one still can.
        """
        if self._source is not None:
            return self._from_file(self._source.path)
        return self._from_notebook() if self._kind.__module__ == _NOTEBOOK else None

    def _from_file(self, path: Path) -> Rule | None:
        try:
            status = path.stat()
        except OSError:
            return None  # an editor is about to write it anew
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._tried:
            return None
        self._tried = stamp
        current = load_rules(path).get(self._kind.__name__)
        if current is None:
            raise NotFound(f"{self._kind.__name__} is no longer in {path.name}", "the old one goes on")
        return _like(current, self._rule)

    def _from_notebook(self) -> Rule | None:
        current = vars(sys.modules[_NOTEBOOK]).get(self._kind.__name__)
        if current is self._tried or not (isinstance(current, type) and issubclass(current, Rule)):
            return None
        self._tried = current
        return None if isabstract(current) else _like(current, self._rule)


def _like(kind: type[Rule], old: Rule) -> Rule:
    known = getattr(kind, "__dataclass_fields__", {})
    return make_rule(kind, {name: value for name, value in old.params().items() if name in known and known[name].init})


def _execute(path: Path, text: bytes) -> ModuleType:
    digest = blake2b(os.fsencode(path), digest_size=8).hexdigest()
    module = ModuleType(f"_labdeck_rules_{digest}")
    module.__file__ = str(path)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # dataclasses look there for what annotations mean
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(text, str(path), "exec"), vars(module))  # noqa: S102 - the user's own file
    except SyntaxError as error:
        _put_back(module.__name__, before)
        raise UsageError(f"{path.name}, line {error.lineno}: {error.msg}", "correct it") from None
    except LabdeckError:
        _put_back(module.__name__, before)
        raise
    except (Exception, SystemExit) as error:  # a file that ends the process must not end the training
        _put_back(module.__name__, before)
        what = f"{path.name}, line {_line(error, path)}: {type(error).__name__}: {error}"
        raise UsageError(what, "correct it") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _put_back(name: str, before: Any) -> None:
    if before is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = before


def _line(error: BaseException, path: Path) -> int:
    """Return the line of a file at which an error left it."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(path)), 0)
