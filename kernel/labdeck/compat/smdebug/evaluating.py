"""Has configured rules look at a training that was recorded, by Labdeck or by smdebug itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.doing import Fired
from labdeck.compat.smdebug.exceptions import MissingCollectionFiles, SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.recorded import RecordedSource
from labdeck.compat.smdebug.rules import Rule as RuleOfOnesOwn
from labdeck.compat.smdebug.rules import invoke_rule
from labdeck.compat.smdebug.sdk import ProfilerRule, Rule
from labdeck.compat.smdebug.translating import labdeck_rules
from labdeck.compat.smdebug.trial_reader import TrialReader
from labdeck.compat.smdebug.trials import create_trial
from labdeck.defaults import studio
from labdeck.errors import NotFound
from labdeck.findings.replay import judge_recorded
from labdeck.findings.subject import StoredSurroundings

if TYPE_CHECKING:
    from labdeck.compat.smdebug.trial import Trial
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import FindingRecord


def evaluate(rule: Rule | ProfilerRule, trial: Trial) -> tuple[FindingRecord, ...]:
    """Have a rule look at a training that was recorded, and return what it found.

    A built-in rule writes nothing. One of the user's own is executed, with its actions, and what it finds over a trial
    of Labdeck's store is stored.

    Args:
        rule: Made by `Rule.sagemaker`, `Rule.custom` or `ProfilerRule.sagemaker`.
        trial: From `create_trial`.

    Raises:
        NotFound, UsageError: The rule is not there, or cannot be made so.
        SMDebugValueError: The file of a rule of one's own has no such rule.

    Example:
        >>> import numpy as np, labdeck
        >>> from labdeck.compat.smdebug.sdk import rule_configs
        >>> from labdeck.debugger import ArraysHook
        >>> with labdeck.experiment("docs").trial("nan") as run, ArraysHook(rules=()) as hook:
        ...     for loss in (1.0, float("nan")):
        ...         hook.save_scalar("loss", loss, "losses")
        ...         hook.step()
        >>> rule = Rule.sagemaker(rule_configs.exploding_tensor())
        >>> [(found.tensor, found.step) for found in evaluate(rule, create_trial(run))]
        [('loss', 1)]
    """
    if isinstance(rule, Rule) and rule.source:
        return _of_ones_own(rule, trial)
    source = trial.source
    if isinstance(source, RecordedSource):
        reader: TensorReader = source.session.tensors.reader(source.trial_id)
        found = judge_recorded(reader, labdeck_rules(rule), _Around(), trial_id=source.trial_id)
    else:
        found = judge_recorded(TrialReader(trial), labdeck_rules(rule), _Around())
    return found.findings


class _Around(StoredSurroundings):
    """Other trials: of the store, and of folders."""

    def __init__(self) -> None:
        super().__init__(studio().session)

    def other_trial(self, ref: str) -> TensorReader:
        """Return the tensors of another trial, by name or id, or by its folder; NotFound."""
        try:
            return super().other_trial(ref)
        except NotFound:
            try:
                return TrialReader(create_trial(ref))
            except MissingCollectionFiles:
                raise NotFound(f"there is no trial {ref!r} to compare with", "give its name, or its folder") from None


def _of_ones_own(rule: Rule, trial: Trial) -> tuple[FindingRecord, ...]:
    parameters = dict(rule.rule_parameters)
    others = [create_trial(path) for path in parameters.pop("other_trials", ())]
    words: dict[str, Any] = {key: str(value) for key, value in parameters.items()}
    if others:
        words["other_trials"] = others
    made = _class_in(Path(rule.source), rule.rule_to_invoke)(trial, **words)
    if not isinstance(made, RuleOfOnesOwn):
        raise SMDebugTypeError(f"{rule.rule_to_invoke} is no rule", "let it inherit from smdebug.rules.Rule")
    made.act(rule.actions)
    invoke_rule(made)
    fired: Fired = made.fired
    return tuple(fired.findings)


def _class_in(path: Path, name: str) -> Any:
    """Execute a file of the user's, and return a class of it."""
    spec = importlib.util.spec_from_file_location(f"labdeck_rule_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise SMDebugValueError(f"there is no file {str(path)!r} of Python", "give the file that the rule stands in")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        raise SMDebugValueError(f"{path.name} has no class {name!r}", "give its name in rule_to_invoke")
    return found
