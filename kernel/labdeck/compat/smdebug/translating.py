"""Labdeck's rules and actions, for those that SageMaker's words name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.actions import ActionList
from labdeck.compat.smdebug.rule_configs import ProfilerReport
from labdeck.compat.smdebug.sdk import ProfilerRule, Rule
from labdeck.debugger.rules import find
from labdeck.findings.actions.choose import to_actions
from labdeck.findings.rule import make_rule

if TYPE_CHECKING:
    from labdeck.compat.smdebug.actions import Action
    from labdeck.findings.actions.base import Action as LabdeckAction
    from labdeck.findings.rule import Rule as LabdeckRule

_NOT_HERE = ("scan_interval_us",)
"""Parameters of how often files are looked at: rules are told of each step here."""


def labdeck_rules(rule: Rule | ProfilerRule) -> list[LabdeckRule]:
    """Return new rules of Labdeck's that do what a configured one does; none for one of the user's own.

    Raises:
        NotFound: There is no such rule.
        UsageError: Its parameters cannot be.
    """
    if isinstance(rule, Rule) and rule.source:
        return []
    if rule.rule_to_invoke == ProfilerReport.__name__:
        report = ProfilerReport(**{key: value for key, value in rule.rule_parameters.items() if key not in _NOT_HERE})
        return [_make(one.rule_name, one.rule_parameters) for one in report.rules()]
    return [_make(rule.rule_to_invoke, rule.rule_parameters)]


def _make(name: str, parameters: Mapping[str, Any]) -> LabdeckRule:
    found = find(name)
    known = getattr(found, "__dataclass_fields__", {})
    given = {
        key: value
        for key, value in parameters.items()
        if key != "rule_to_invoke" and (key in known or key not in _NOT_HERE)
    }
    return make_rule(found, given)


def actions_of(given: Action | ActionList | None) -> tuple[LabdeckAction, ...]:
    """Return Labdeck's actions for SageMaker's.

    Raises:
        MissingExtra: Messages are sent by a package that is not installed.
        UsageError: No service is known that sends them.
    """
    if given is None:
        return ()
    listed = given.actions if isinstance(given, ActionList) else (given,)
    return tuple(made for one in listed for made in to_actions(to_word(one.action_parameters)))


def to_word(parameters: Mapping[str, str]) -> str:
    """Return what Labdeck calls an action."""
    name = parameters["name"]
    return "stop" if name == "stoptraining" else f"{name}={parameters['endpoint']}"
