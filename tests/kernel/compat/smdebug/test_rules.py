"""Rules of one's own, over folders that smdebug wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.kernel.compat.smdebug.writing import Writer

from labdeck.compat.smdebug.actions import SMS, ActionList, Actions, Email, StopTraining
from labdeck.compat.smdebug.exceptions import (
    RuleEvaluationConditionMet,
    SMDebugTypeError,
    SMDebugValueError,
    StepUnavailable,
    TensorUnavailable,
)
from labdeck.compat.smdebug.rules import Rule, invoke_rule
from labdeck.compat.smdebug.trials import create_trial

OLD = Path(__file__).parent / "fixtures" / "smdebug-pytorch"


class GradientBelow(Rule):
    """As the documentation writes a rule, without actions."""

    def __init__(self, base_trial, threshold="1e-7", other_trials=None):
        super().__init__(base_trial, other_trials=other_trials)
        self.threshold = float(threshold)
        self.looked_at = []

    def set_required_tensors(self, step):
        for name in self.base_trial.tensor_names(collection="gradients", step=step):
            self.req_tensors.add(name, steps=[step])

    def invoke_at_step(self, step):
        self.looked_at.append(step)
        assert [self.req_tensors.get_tensor_steps(name) for name in self.req_tensors.get_names()] == [
            [step] for _ in self.req_tensors.get()
        ]
        return any(tensor.reduction_value(step, "mean", abs=True) < self.threshold for tensor in self.req_tensors.get())


@pytest.fixture
def old():
    return create_trial(OLD)


def test_a_rule_looks_at_every_saved_step_and_ends_with_the_training(old):
    rule = GradientBelow(old)
    invoke_rule(rule)
    assert rule.looked_at == old.steps()
    assert rule.report["Datapoints"] == len(old.steps())
    assert rule.report["Violations"] == 0


def test_a_rule_that_fires_goes_on_unless_it_is_asked_to_stop(old):
    rule = GradientBelow(old, "1000")
    with pytest.raises(RuleEvaluationConditionMet, match="GradientBelow is met at step 2"):
        invoke_rule(rule, start_step=1, raise_eval_cond=True)
    rule = GradientBelow(old, "1000")
    invoke_rule(rule, end_step=11)
    train = [step for step in old.steps() if old.mode(step).name == "TRAIN" and step < 11]
    assert rule.report["Violations"] == len(train)


def test_a_rule_may_end_itself(old):
    class Once(GradientBelow):
        def invoke_at_step(self, step):
            self.looked_at.append(step)
            raise RuleEvaluationConditionMet(self.rule_name, step, end_of_rule=True)

    rule = Once(old)
    invoke_rule(rule)
    assert rule.looked_at == [0]
    assert rule.report["Violations"] == len(rule.fired.findings) == 1


def test_an_error_in_a_rule_is_the_callers(old):
    class Broken(Rule):
        def invoke_at_step(self, step):
            return 1 / (step - step)

    with pytest.raises(ZeroDivisionError):
        invoke_rule(Broken(old))
    with pytest.raises(StepUnavailable):
        Broken(old).invoke(1)


def test_trials_can_be_given_as_the_older_signature_has_them(old, tmp_path):
    Writer(tmp_path).step(0, {"loss": np.float32(1)})
    other = create_trial(tmp_path)
    for rule in (GradientBelow(old, other_trials=[other]), GradientBelow(old, other_trials=other)):
        assert rule.trials == [old, other]
        rule.req_tensors.add("loss", [0], trial=other)
        assert rule.req_tensors.get_names(other) == ["loss"]

    class Older(Rule):
        def __init__(self, base_trial, other_trials):
            super().__init__(base_trial, other_trials)

        def invoke_at_step(self, step):
            return step < 0

    assert Older(old, [other]).other_trials == [other]


def test_required_tensors(old):
    required = GradientBelow(old).req_tensors
    required.add("^gradient.*bias", [0, 2], should_match_regex=True)
    assert required.get_names() == ["gradient/Sequential_0.bias", "gradient/Sequential_2.bias"]
    assert required.get_tensor_steps("gradient/Sequential_2.bias") == [0, 2]
    assert required.get_tensor_steps("scalar/lr") == []
    required.fetch()
    required.add("scalar/lr", [1])
    with pytest.raises(StepUnavailable):
        required.fetch()
    with pytest.raises(TensorUnavailable):
        required.add("nothing", [0])
    required.clear()
    assert required.get() == []


def test_actions_can_be_written_in_several_ways():
    mail, phone = "ada@example.org", "+15550100123"
    listed = ActionList(StopTraining("job"), Email(mail), SMS(phone))
    for written in (listed, listed.serialize(), listed.serialize().replace('"', '\\"')):
        assert [action.action_parameters for action in Actions(written).actions] == [
            {"training_job_prefix": "job", "name": "stoptraining"},
            {"endpoint": mail, "name": "email"},
            {"endpoint": phone, "name": "sms"},
        ]
    assert Actions("").actions == Actions(None).actions == ()
    assert Actions(StopTraining()).actions[0].action_parameters == {"name": "stoptraining"}
    listed.update_training_job_prefix_if_not_specified("other")
    assert listed.actions[0].action_parameters["training_job_prefix"] == "job"


@pytest.mark.parametrize("written", ["{", '[{"name": "dance"}]', "[1]", '{"name": "email", "endpoint": "nobody"}'])
def test_actions_that_there_are_not_are_refused(written):
    with pytest.raises(SMDebugValueError):
        Actions(written)


def test_addresses_are_looked_at():
    for wrong in (lambda: Email("nobody"), lambda: SMS("555"), lambda: StopTraining("no spaces")):
        with pytest.raises(SMDebugValueError):
            wrong()
    with pytest.raises(SMDebugTypeError):
        ActionList("stop")
