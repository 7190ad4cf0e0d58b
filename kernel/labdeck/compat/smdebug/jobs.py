"""What SageMaker's estimator does around a script: it configures the hook, and has rules watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.exceptions import SMDebugTypeError
from labdeck.compat.smdebug.sdk import DebuggerHookConfig, ProfilerRule, Rule
from labdeck.compat.smdebug.singletons import del_hook
from labdeck.compat.smdebug.translating import actions_of, labdeck_rules

if TYPE_CHECKING:
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule as LabdeckRule


@dataclass(frozen=True)
class Job:
    """What is configured around a training.

    Attributes:
        rules: The rules that watch.
        debugger_hook_config: What the hook saves; None for what the rules need.
    """

    rules: tuple[Rule | ProfilerRule, ...]
    debugger_hook_config: DebuggerHookConfig | None


_running: list[Job] = []


@contextmanager
def training_job(
    rules: Iterable[Rule | ProfilerRule] = (), debugger_hook_config: DebuggerHookConfig | None = None
) -> Iterator[Job]:
    """Train in a block as SageMaker's estimator trains a script: a hook made from JSON finds its configuration.

    The rules watch while the model is trained, in this process: their findings are in the sidebar at once, and their
    actions act upon this training. At the end of the block the hook is closed.

    Args:
        rules: Made by `Rule.sagemaker` and `ProfilerRule.sagemaker`. Rules of one's own look at what was recorded:
            `evaluate` has them do that.
        debugger_hook_config: What the hook saves beside what the rules need.

    Raises:
        SMDebugTypeError: Something that is no rule.
        NotFound, UsageError: A rule that there is not, or whose parameters cannot be.
        MissingExtra: An action needs a package that is not installed.

    Example:
        >>> from labdeck.compat.smdebug.sdk import Rule, rule_configs
        >>> with training_job([Rule.sagemaker(rule_configs.vanishing_gradient())]) as job:
        ...     [rule.name for rule in job.rules]
        ['VanishingGradient']
    """
    chosen = tuple(rules)
    for rule in chosen:
        if not isinstance(rule, (Rule, ProfilerRule)):
            raise SMDebugTypeError(
                f"{rule!r} is no rule", "give Rule.sagemaker(rule_configs.vanishing_gradient()), say"
            )
        _translated(rule)  # what cannot be is told before the training begins
    _running.append(Job(chosen, debugger_hook_config))
    try:
        yield _running[-1]
    finally:
        del_hook()
        _running.pop()


def configured() -> dict[str, Any]:
    """Return how the hook of the job that runs is configured, as JSON has it; nothing where none runs."""
    if not _running:
        return {}
    job = _running[-1]
    config = (job.debugger_hook_config or DebuggerHookConfig()).to_json_dict()
    listed = config["CollectionConfigurations"]
    for rule in job.rules:
        for needed in rule.collection_configs if isinstance(rule, Rule) else ():
            if needed.name not in {one["CollectionName"] for one in listed}:
                listed.append(needed._to_request_dict())  # noqa: SLF001 - the SDK has it so
    return config


def rules_of_job() -> list[tuple[LabdeckRule, tuple[Action, ...]]]:
    """Return the rules of the job that runs, new ones, with their actions; none where none runs."""
    return [pair for rule in _running[-1].rules for pair in _translated(rule)] if _running else []


def _translated(rule: Rule | ProfilerRule) -> list[tuple[LabdeckRule, tuple[Action, ...]]]:
    actions = actions_of(rule.actions) if isinstance(rule, Rule) else ()
    return [(one, actions) for one in labdeck_rules(rule)]
