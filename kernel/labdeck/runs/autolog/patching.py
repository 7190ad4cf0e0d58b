"""Puts functions of ours in the place of a library's, runs what observes them, and takes them back.

What an observer does wrong never reaches the user: the library is switched off, and one warning says why.
"""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from labdeck.errors import LabdeckError
from labdeck.runs.autolog import nesting

_MISSING = object()
_log = logging.getLogger("labdeck.autolog")


class Observation:
    """One call of a patched function, from before it begins until after it has ended.

    Args:
        args, kwargs: What the function is called with, which need not be what the user gave.

    Attributes:
        library: What is switched off if it fails; None leaves that to the function's observer.
    """

    library: str | None = None

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs

    def end(self, result: Any) -> None:
        """The call has returned."""

    def fail(self, error: BaseException) -> None:
        """The call has raised."""


Begin = Callable[[Callable[..., Any], tuple[Any, ...], "dict[str, Any]"], "Observation | None"]


@dataclass(frozen=True)
class _Patch:
    library: str
    owner: Any
    name: str
    before: Any
    after: Any


_lock = threading.RLock()
_patches: list[_Patch] = []
_observers: dict[str, tuple[str, Begin, bool]] = {}
_undo: dict[str, list[Callable[[], None]]] = {}
_failed: set[str] = set()
_live: set[str] = set()


def observe(key: str, library: str, begin: Begin, *, nested: bool = False) -> None:
    """Say what observes the calls that were patched under a key.

    Args:
        key: The key; of several observers of one key the last counts.
        library: What is switched off if the observer fails.
        begin: Called before each call; None leaves the call alone.
        nested: Ask also for calls inside of observed ones.
    """
    _observers[key] = (library, begin, nested)


def is_observed(key: str) -> bool:
    """Say whether anything observes a key: nothing does once it is switched off, nor in a forked child."""
    return key in _observers


def begin(library: str) -> None:
    """The library is switched on."""
    _live.add(library)


def is_on(library: str) -> bool:
    """Say whether the library is switched on and has not failed since."""
    return library in _live


def forgive(library: str) -> None:
    """Let a library that has failed warn again."""
    _failed.discard(library)


def run(key: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a patched function and let it be observed."""
    observer = _observers.get(key)
    if observer is None or (not observer[2] and nesting.outer() is not None):
        return original(*args, **kwargs)
    library, begin, _ = observer
    observation: Observation | None = guarded(library, begin, original, args, kwargs)
    if observation is None:
        return original(*args, **kwargs)
    library = observation.library or library
    outermost = not nesting.busy()
    if outermost:
        nesting.enter(observation)
    try:
        try:
            result = original(*observation.args, **observation.kwargs)
        except BaseException as error:
            guarded(library, observation.fail, error)
            raise
        guarded(library, observation.end, result)
    finally:
        if outermost:
            nesting.leave(observation)
    return result


def guarded(library: str, action: Callable[..., Any], *args: Any) -> Any:
    """Do something of ours; if it fails, switch the library off, warn, and return None."""
    try:
        return action(*args)
    except Exception as error:  # noqa: BLE001 - nothing automatic may end the user's training
        _give_up(library, error)
    return None


def _give_up(library: str, error: Exception) -> None:
    said = str(error) if isinstance(error, LabdeckError) else f"{type(error).__name__}: {error}"
    _log.info("autolog failed", exc_info=error)
    restore(library)
    if library in _failed:
        return
    _failed.add(library)
    warn(f"Labdeck: autolog has switched itself off for {library}, the training goes on: {said}")


def warn(text: str) -> None:
    """Warn the user; where warnings are errors, the log gets it, since nothing of ours may end the training."""
    try:
        warnings.warn(text, UserWarning, stacklevel=4)
    except UserWarning:
        _log.warning("%s", text)


# -- putting in and taking out ---------------------------------------------------------------------------------------


def wrapping(key: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that looks like another one and runs it through `run`."""

    @functools.wraps(original)
    def patched(*args: Any, **kwargs: Any) -> Any:
        return run(key, original, args, kwargs)

    # Whoever pickles a class by value pickles this function, too: it refers to nothing that cannot be.
    return patched


_CODE = wrapping("", len).__code__


def is_ours(function: object) -> bool:
    """Say whether something is a function of ours."""
    return getattr(getattr(function, "fn", function), "__code__", None) is _CODE


def replace_method(library: str, owner: type, name: str, key: str) -> None:
    """Patch a method that a class defines itself; no effect where it defines none, or on one patched before."""
    with _lock:
        before = vars(owner).get(name)
        if before is None or is_ours(before):
            return
        if isinstance(before, types.FunctionType):
            after: Any = wrapping(key, before)
        elif callable(getattr(before, "fn", None)):  # scikit-learn's available_if
            after = copy.copy(before)
            after.fn = wrapping(key, before.fn)
        else:
            return
        put(library, owner, name, after)


def replace_function(library: str, homes: Iterable[types.ModuleType], name: str, key: str) -> None:
    """Patch a function in every module that names it, and where the user's own namespace holds it."""
    with _lock:
        homes = list(homes)
        before = next((found for home in homes if (found := vars(home).get(name)) is not None), None)
        if before is None or is_ours(before):
            return
        after = wrapping(key, before)
        for home in homes:
            if vars(home).get(name) is before:
                put(library, home, name, after)
        user = sys.modules.get("__main__")
        for used, value in list(vars(user).items()) if user is not None else ():
            if value is before:
                put(library, user, used, after)


def put(library: str, owner: Any, name: str, after: Any) -> None:
    """Set an attribute until the library is restored."""
    with _lock:
        _patches.append(_Patch(library, owner, name, vars(owner).get(name, _MISSING), after))
        setattr(owner, name, after)


def on_restore(library: str, action: Callable[[], None]) -> None:
    """Do something more when the library is restored."""
    _undo.setdefault(library, []).append(action)


def restore(library: str) -> None:
    """Take back what was put in for a library; what somebody else has put on top since stays, and does nothing."""
    with _lock:
        _live.discard(library)
        for key in [key for key, observer in _observers.items() if observer[0] == library]:
            del _observers[key]
        for patch in [patch for patch in reversed(_patches) if patch.library == library]:
            _patches.remove(patch)
            if vars(patch.owner).get(patch.name) is not patch.after:
                continue
            if patch.before is _MISSING:
                delattr(patch.owner, patch.name)
            else:
                setattr(patch.owner, patch.name, patch.before)
        actions = _undo.pop(library, [])
    for action in actions:
        action()


def with_argument(
    original: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: str,
    change: Callable[[Any], Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with one of them changed, however it was given."""
    names = list(inspect.signature(original).parameters)
    at = names.index(name) if name in names else len(args)
    if at < len(args):
        return (*args[:at], change(args[at]), *args[at + 1 :]), kwargs
    return args, {**kwargs, name: change(kwargs.get(name))}


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], at: int, *names: str) -> Any:
    """Return an argument by its place or one of its names, None if it was not given."""
    if at < len(args):
        return args[at]
    return next((kwargs[name] for name in names if name in kwargs), None)


def _after_fork() -> None:
    """Observe nothing in a child: it would record the parts of its parent's training as trainings."""
    global _lock  # noqa: PLW0603 - whoever held it is not in the child
    _lock = threading.RLock()
    _observers.clear()
    nesting.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
