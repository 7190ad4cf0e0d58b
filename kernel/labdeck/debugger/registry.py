"""The hubs that watch in this process: names that no two of a trial share, and the rules of all of them together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labdeck.wire.commands import PutRules

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.debugging import RuleRecord

_lock = threading.RLock()
_hubs: list[Hub] = []
_made: set[int] = set()
"""Of those, by identity, the ones that are whole: others are being made in their threads."""
_names: dict[str, dict[str, None]] = {}
_rules: dict[str, dict[str, tuple[RuleRecord, ...]]] = {}
_promised: dict[str, list[str]] = {}
"""Names of rules that are being added, by trial."""


def enter(hub: Hub, wanted: str) -> str:
    """Take in a hub that is being made, and return its name: with "-2" … appended if another of the trial has it."""
    with _lock:
        taken = _names.setdefault(hub.trial.id, {})
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken[name] = None
        _hubs.append(hub)
        return name


@contextmanager
def opening(hub: Hub) -> Iterator[None]:
    """Let others find a hub, which is whole now; forget it if it cannot begin."""
    with _lock:
        _made.add(id(hub))
    try:
        yield
    except BaseException:
        leave(hub)
        raise


def leave(hub: Hub) -> None:
    """The hub watches no more; its name and its rules stay those of the trial."""
    with _lock:
        _made.discard(id(hub))
        _hubs[:] = [other for other in _hubs if other is not hub]


def forget(trial_id: str) -> None:
    """The trial has ended."""
    with _lock:
        _names.pop(trial_id, None)
        _rules.pop(trial_id, None)
        _promised.pop(trial_id, None)


def live(trial_id: str | None = None) -> tuple[Hub, ...]:
    """Return the hubs that watch in this process, of one trial or of all, oldest first."""
    with _lock:
        return tuple(hub for hub in _hubs if id(hub) in _made and trial_id in (None, hub.trial.id))


def is_alone(hub: Hub) -> bool:
    """Say whether no other hub watches its trial now, or is about to."""
    with _lock:
        return [other for other in _hubs if other.trial.id == hub.trial.id] == [hub]


def idle(hub: Hub) -> float:
    """Return for how many seconds nothing was heard of a hub's training, by any hub of its trial or its thread.

    Of several models that train in turns, each may be left alone for long.
    """
    thread, trial_id = hub.steering.thread, hub.trial.id
    near = [each for each in live() if each.trial.id == trial_id or (thread and each.steering.thread == thread)]
    return min(each.clock.idle for each in (hub, *near) if each is hub or not each.clock.is_resting)


@contextmanager
def naming(hub: Hub, wanted: str) -> Iterator[str]:
    """Hold a name for a rule that no rule of the trial has, while the rule is added."""
    with _lock:
        taken = {name for other in (*live(hub.trial.id), hub) for name in other.runner.names}
        ended = _rules.get(hub.trial.id, {})
        taken.update(rule.name for name, rules in ended.items() if name != hub.name for rule in rules)
        promised = _promised.setdefault(hub.trial.id, [])
        found, number = wanted, 1
        while found in taken or found in promised:
            number += 1
            found = f"{wanted}-{number}"
        promised.append(found)
    try:
        yield found
    finally:
        with _lock:
            promised.remove(found)


def posting(hub: Hub) -> Callable[..., None]:
    """Return what a hub's runner posts with: its rules join those of the trial's other hubs."""
    post = hub.session.post

    def send(*commands: AnyCommand) -> None:
        with _lock:  # two threads that post at once must not store the older state of each other's rules
            post(*(_joined(hub, command) if isinstance(command, PutRules) else command for command in commands))

    return send


def _joined(hub: Hub, command: PutRules) -> PutRules:
    known = _rules.setdefault(command.trial_id, {})
    known[hub.name] = command.rules
    return PutRules(trial_id=command.trial_id, rules=tuple(rule for rules in known.values() for rule in rules))


def after_fork() -> None:
    """Know of nothing: the hubs are the parent's."""
    global _lock  # noqa: PLW0603 - whoever held it is not in the child
    _lock = threading.RLock()
    for hub in _hubs:
        hub.after_fork()
    _hubs.clear()
    _made.clear()
    _names.clear()
    _rules.clear()
    _promised.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
