"""Callbacks of Keras that tell of batches, given to a call beside those of the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from labdeck.runs.autolog.patching import with_argument
from labdeck.wire.debugging import Mode

Ended = Callable[[Mode, Mapping[str, Any]], None]
"""Is given what the model does, and the metrics of the batch."""


def owner_of(kind: type, name: str) -> type:
    """Return the class that defines a method."""
    return next((part for part in kind.__mro__ if name in vars(part)), kind)


@contextmanager
def followed(
    module: ModuleType, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], ended: Ended
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Give the arguments of a call with a callback more, which is taken out again of a list that the user made.

    An evaluation within a training has the callbacks of the training: there is none more.
    """
    follower = _follower(module, ended)
    lists: list[Any] = []

    def joined(given: Any) -> Any:
        held = getattr(given, "callbacks", None)
        if held is None:
            return [*given, follower] if isinstance(given, (list, tuple)) else [*filter(None, [given]), follower]
        if not any(getattr(one, "watches_for_labdeck", False) for one in held):
            given.append(follower)  # a CallbackList, which is used as it is
            lists.append(held)
        return given

    try:
        yield with_argument(original, args, kwargs, "callbacks", joined)
    finally:
        for held in lists:
            held[:] = [one for one in held if one is not follower]


def _follower(module: ModuleType, ended: Ended) -> Any:
    def told(mode: Mode) -> Callable[..., None]:
        return lambda _, __, logs=None: ended(mode, logs or {} if mode != "PREDICT" else {})

    methods = {
        "on_train_batch_end": told("TRAIN"),
        "on_test_batch_end": told("EVAL"),
        "on_predict_batch_end": told("PREDICT"),
        "watches_for_labdeck": True,
    }
    return type("DebuggerFollower", (module.callbacks.Callback,), methods)()
