"""From what people write to actions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from labdeck.errors import UsageError
from labdeck.findings.actions import on_training
from labdeck.findings.actions.base import Action
from labdeck.findings.actions.call import Call

Given = Action | type[Action] | Callable[..., Any] | str
"""An action, its class, a function, or a word as in `WORDS`."""


def _webhook(text: str) -> Action:
    from labdeck.findings.actions.webhook import Webhook

    return Webhook(text)


def _message(kind: str) -> Callable[[str], Action]:
    def make(text: str) -> Action:
        from labdeck.findings.actions import messages

        made: Action = getattr(messages, kind)(text)
        return made

    return make


def _lower(text: str) -> Action:
    if not text:
        return on_training.LowerLearningRate()
    try:
        factor = float(text)
    except ValueError:
        raise UsageError(f"{text!r} is no factor", "write lower-learning-rate=0.1") from None
    return on_training.LowerLearningRate(factor=factor)


_PLAIN: dict[str, type[Action]] = {
    "stop": on_training.StopTraining,
    "pause": on_training.PauseTraining,
    "checkpoint": on_training.Checkpoint,
    "record": on_training.RecordFlight,
    "notify": on_training.Notify,
}
_WITH_VALUE: dict[str, Callable[[str], Action]] = {
    "lower-learning-rate": _lower,
    "webhook": _webhook,
    "email": _message("Email"),
    "sms": _message("SMS"),
    "chat": _message("Chat"),
}
WORDS = (*_PLAIN, *_WITH_VALUE)
"""What an action can be called; those from "lower-learning-rate" on take a value after "="."""


def to_actions(given: Given | Iterable[Given] | None) -> tuple[Action, ...]:
    """Return the actions that are meant.

    Args:
        given: Actions, their classes, functions of a finding, or words: "stop", "pause", "checkpoint", "record",
            "notify", "lower-learning-rate=0.1", "webhook=https://…", "email=ada@example.org", "sms=+…", "chat=slack://…".
            One or several; None for none.

    Raises:
        UsageError: Something is none of these.

    Example:
        >>> to_actions("stop"), to_actions(print)[0].name
        ((StopTraining(policy='each', cooldown=0.0, least='info'),), 'print')
    """
    if given is None:
        return ()
    if isinstance(given, (Action, str)) or callable(given):
        return (_to_action(given),)
    try:
        return tuple(_to_action(each) for each in given)
    except TypeError as error:
        raise UsageError(f"{given!r} is no action", "give actions, functions, or words such as 'stop'") from error


def to_policy(action: Action, policy: str) -> Action:
    """Return an action with another policy: "once", "each", or seconds between two times; UsageError."""
    try:
        changes: dict[str, Any] = {"policy": policy} if policy in {"once", "each"} else {"cooldown": float(policy)}
    except ValueError:
        raise UsageError(f"there is no policy {policy!r}", "write once, each, or a number of seconds") from None
    return replace(action, **changes)


def _to_action(given: Given) -> Action:
    if isinstance(given, Action):
        return given
    if isinstance(given, type) and issubclass(given, Action):
        return given()
    if isinstance(given, str):
        return _by_word(given)
    if callable(given):
        return Call(given)
    raise UsageError(f"{given!r} is no action", "give actions, functions, or words such as 'stop'")


def _by_word(text: str) -> Action:
    word, has_value, value = text.strip().partition("=")
    if word in _PLAIN and not has_value:
        return _PLAIN[word]()
    if word in _WITH_VALUE and (value or word == "lower-learning-rate"):
        return _WITH_VALUE[word](value)
    if word in _WITH_VALUE:
        raise UsageError(f"{word} says not whereto", f"write {word}=…")
    if word in _PLAIN:
        raise UsageError(f"{word} takes no value", f"write {word}")
    near = difflib.get_close_matches(word, WORDS, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(WORDS)}"
    raise UsageError(f"there is no action {word!r}", remedy)
