"""Rules as smdebug has them: a class that looks at one global step after the other."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from labdeck.compat.smdebug.actions import Actions
from labdeck.compat.smdebug.doing import Fired
from labdeck.compat.smdebug.exceptions import (
    NoMoreData,
    NoMoreProfilerData,
    RuleEvaluationConditionMet,
    StepUnavailable,
    TensorUnavailable,
    TensorUnavailableForStep,
)
from labdeck.compat.smdebug.refreshing import no_refresh
from labdeck.compat.smdebug.required_tensors import RequiredTensors
from labdeck.compat.smdebug.trial import Trial

if TYPE_CHECKING:
    from labdeck.compat.smdebug.actions import Action, ActionList

_log = logging.getLogger("labdeck.smdebug")


class Rule(ABC):
    """The base of a rule: override `invoke_at_step`, and `set_required_tensors` if it needs several steps.

    Args:
        base_trial: The trial it looks at.
        action_str: What is done when it fires: JSON as SageMaker hands it to rules, or actions; default nothing.
        other_trials: Trials it compares with.

    Attributes:
        report: What `invoke_at_step` may fill in; Violations and Datapoints are counted by themselves.

    Example:
        >>> class NeverHappy(Rule):
        ...     def invoke_at_step(self, step):
        ...         return True
    """

    def __init__(
        self,
        base_trial: Trial,
        action_str: str | Action | ActionList | Iterable[Trial] | None = None,
        other_trials: Iterable[Trial] | Trial | None = None,
    ) -> None:
        actions: Any = action_str
        if _are_trials(action_str):  # the order of an older signature
            actions, other_trials = None, cast("Iterable[Trial]", action_str)
        self.base_trial = base_trial
        others = [other_trials] if isinstance(other_trials, Trial) else other_trials
        self.other_trials = None if others is None else list(others)
        self.trials = [base_trial, *(self.other_trials or ())]
        self.req_tensors = RequiredTensors(base_trial, self.other_trials)
        self.logger = _log
        self.rule_name = type(self).__name__
        self._actions = Actions(actions, self.rule_name)
        self.fired = Fired(self.rule_name, base_trial)
        self.report: dict[str, Any] = {
            "RuleTriggered": 0,
            "Violations": 0,
            "Details": {},
            "Datapoints": 0,
            "RuleParameters": "",
        }

    def set_required_tensors(self, step: int) -> None:  # noqa: B027 - most rules need nothing
        """Say with `self.req_tensors.add` what is needed at a global step; default nothing."""

    @abstractmethod
    def invoke_at_step(self, step: int) -> bool:
        """Tell whether the condition is met at a global step."""

    def act(self, actions: str | Action | ActionList | None) -> None:
        """Let these be done when it fires, in place of those it was made with; None leaves them."""
        if actions is not None:
            self._actions = Actions(actions, self.rule_name)

    def invoke(self, step: int) -> None:
        """Wait for a global step and look at it.

        Raises:
            RuleEvaluationConditionMet: It fired; its actions were taken.
            StepUnavailable, TensorUnavailable, TensorUnavailableForStep, NoMoreData: It could not look.
        """
        self.base_trial.wait_for_steps([step])
        with no_refresh(self.trials):
            self.req_tensors.clear()
            self.set_required_tensors(step)
            self.req_tensors.fetch()
            self.report["Datapoints"] += 1
            try:
                fired = self.invoke_at_step(step)
            except RuleEvaluationConditionMet:  # rules that end themselves say so in this way
                self._follow(step)
                raise
        if fired:
            self._follow(step)
            raise RuleEvaluationConditionMet(self.rule_name, step)
        self.fired.quiet(step)

    def _follow(self, step: int) -> None:
        """Do what follows when it has fired."""
        self.report["RuleTriggered"] += 1
        self.report["Violations"] += 1
        self.fired.at(step)
        self._actions.invoke(self.fired)


def invoke_rule(
    rule_obj: Rule, start_step: int | None = 0, end_step: int | None = None, raise_eval_cond: bool = False
) -> None:
    """Have a rule look at one global step after the other, until the training has ended.

    A step for which something was not saved is passed over.

    Args:
        rule_obj: The rule.
        start_step: The first step.
        end_step: The one before which it ends; default none.
        raise_eval_cond: Raise RuleEvaluationConditionMet at the first step at which it fires, in place of going on.

    Raises:
        RuleEvaluationConditionMet: As said.
    """
    step = start_step or 0
    while end_step is None or step < end_step:
        try:
            rule_obj.invoke(step)
        except (StepUnavailable, TensorUnavailable, TensorUnavailableForStep) as missing:
            _log.debug("%s: %s", rule_obj.rule_name, missing)
        except RuleEvaluationConditionMet as met:
            _log.info("%s", met)
            if raise_eval_cond:
                raise
            if met.end_of_rule:
                break
        except (NoMoreData, NoMoreProfilerData) as end:
            _log.debug("%s: %s", rule_obj.rule_name, end)
            break
        step += 1


def _are_trials(given: object) -> bool:
    if isinstance(given, Trial):
        return True
    return isinstance(given, (list, tuple, set)) and bool(given) and all(isinstance(one, Trial) for one in given)
