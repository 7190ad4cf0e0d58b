"""Puts functions of ours around a library's for a while, on top of whatever else has done so, and takes them back."""

from __future__ import annotations

import copy
import functools
import os
import sys
import types
import uuid
from collections.abc import Callable, Iterable
from typing import Any

_MISSING = object()

Around = Callable[[Callable[..., Any], tuple[Any, ...], "dict[str, Any]"], Any]
"""Is given the function, and the arguments with which it was called; calls it, and returns what it returns."""


class Calls:
    """Functions that are surrounded until `restore`.

    Where somebody else has put something on top since, that stays, and what is ours below it just passes calls on.

    Example:
        >>> import json
        >>> calls = Calls()
        >>> calls.around_function([json], "dumps", lambda original, args, kwargs: original(*args, **kwargs) + "!")
        >>> before = json.dumps([1])
        >>> calls.restore()
        >>> before, json.dumps([1])
        ('[1]!', '[1]')
    """

    def __init__(self) -> None:
        self._put: list[tuple[Any, str, Any, Any]] = []
        self._keys: list[str] = []

    def around_function(self, homes: Iterable[types.ModuleType], name: str, around: Around) -> None:
        """Surround a function in every module that names it, and where the user's own namespace holds it."""
        homes = list(homes)
        before = next((found for home in homes if (found := vars(home).get(name)) is not None), None)
        if before is None:
            return
        after = self._surround(before, around)
        for home in homes:
            if vars(home).get(name) is before:
                self._set(home, name, after)
        user = sys.modules.get("__main__")
        for used, value in list(vars(user).items()) if user is not None else ():
            if value is before:
                self._set(user, used, after)

    def around_method(self, owner: type, name: str, around: Around) -> None:
        """Surround a method that a class defines itself; no effect where it defines none."""
        before = vars(owner).get(name)
        if isinstance(before, types.FunctionType):
            self._set(owner, name, self._surround(before, around))
        elif callable(getattr(before, "fn", None)):  # scikit-learn's available_if
            after: Any = copy.copy(before)
            after.fn = self._surround(after.fn, around)
            self._set(owner, name, after)

    def around_subclassing(self, base: type, tell: Callable[[type], None]) -> None:
        """Be told of every class that is derived from one from now on."""
        inherited = getattr(base.__init_subclass__, "__func__", None)  # None: it is object's
        key = uuid.uuid4().hex
        _live[key] = lambda _, args, __: tell(args[0])
        self._keys.append(key)

        def __init_subclass__(cls: type, /, **kwargs: Any) -> None:  # noqa: N807 - it is put into a class
            if inherited is not None:
                inherited(cls, **kwargs)
            else:
                super(base, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]
            run(key, _nothing, (cls,), {})

        self._set(base, "__init_subclass__", classmethod(__init_subclass__))

    def restore(self) -> None:
        """Take everything back; a second call has no effect."""
        for key in self._keys:
            _live.pop(key, None)
        while self._put:
            owner, name, before, after = self._put.pop()
            if vars(owner).get(name) is not after:
                continue
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

    def _set(self, owner: Any, name: str, after: Any) -> None:
        self._put.append((owner, name, vars(owner).get(name, _MISSING), after))
        setattr(owner, name, after)

    def _surround(self, original: Callable[..., Any], around: Around) -> Callable[..., Any]:
        key = uuid.uuid4().hex
        _live[key] = around
        self._keys.append(key)

        # Whoever pickles a class by value pickles this function, too: it refers to nothing that cannot be.
        @functools.wraps(original)
        def surrounded(*args: Any, **kwargs: Any) -> Any:
            return run(key, original, args, kwargs)

        return surrounded


_live: dict[str, Around] = {}


def _nothing(*_: Any) -> None:
    """Do nothing."""


def run(key: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that is surrounded, or was."""
    around = _live.get(key)
    return original(*args, **kwargs) if around is None else around(original, args, kwargs)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_live.clear)  # a child watches nothing
