"""Puts functions of ours around a library's for a while, on top of whatever else has done so, and takes them back."""

from __future__ import annotations

import copy
import functools
import sys
import types
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
        self._is_on = True

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

    def restore(self) -> None:
        """Take everything back; a second call has no effect."""
        self._is_on = False
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
        @functools.wraps(original)
        def surrounded(*args: Any, **kwargs: Any) -> Any:
            return around(original, args, kwargs) if self._is_on else original(*args, **kwargs)

        return surrounded
