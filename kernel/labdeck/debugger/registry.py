"""The hubs that watch in this process: names that no two of a trial share, and the rules of all of them together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from labdeck.wire.commands import PutRules

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.wire.commands import AnyCommand
    from labdeck.wire.debugging import RuleRecord

_lock = threading.RLock()
_hubs: list[Hub] = []
_names: dict[str, dict[str, None]] = {}
_rules: dict[str, dict[str, tuple[RuleRecord, ...]]] = {}


def enter(hub: Hub, wanted: str) -> str:
    """Take in a hub, and return its name: as it is wanted, with "-2" … appended if another of the trial has it."""
    with _lock:
        taken = _names.setdefault(hub.trial.id, {})
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken[name] = None
        _hubs.append(hub)
        return name


def leave(hub: Hub) -> None:
    """The hub watches no more; its name and its rules stay those of the trial."""
    with _lock:
        _hubs[:] = [other for other in _hubs if other is not hub]


def forget(trial_id: str) -> None:
    """The trial has ended."""
    with _lock:
        _names.pop(trial_id, None)
        _rules.pop(trial_id, None)


def live(trial_id: str | None = None) -> tuple[Hub, ...]:
    """Return the hubs that watch in this process, of one trial or of all, oldest first."""
    with _lock:
        return tuple(hub for hub in _hubs if trial_id is None or hub.trial.id == trial_id)


def is_alone(hub: Hub) -> bool:
    """Say whether no other hub watches its trial now."""
    return live(hub.trial.id) == (hub,)


def free_rule(hub: Hub, wanted: str) -> str:
    """Return a name for a rule that no rule of the trial has."""
    taken = {name for other in live(hub.trial.id) for name in other.runner.names}
    with _lock:
        ended = _rules.get(hub.trial.id, {})
        taken.update(rule.name for name, rules in ended.items() if name != hub.name for rule in rules)
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted}-{number}"
    return found


def posting(hub: Hub) -> Callable[..., None]:
    """Return what a hub's runner posts with: its rules join those of the trial's other hubs."""
    post = hub.session.post

    def send(*commands: AnyCommand) -> None:
        post(*(_joined(hub, command) if isinstance(command, PutRules) else command for command in commands))

    return send


def _joined(hub: Hub, command: PutRules) -> PutRules:
    with _lock:
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
    _names.clear()
    _rules.clear()
