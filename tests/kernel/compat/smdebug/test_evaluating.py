"""Built-in rules and rules of one's own over what was recorded, by smdebug or by Labdeck."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tests.kernel.compat.smdebug.writing import Writer

from labdeck.compat.smdebug import installing
from labdeck.compat.smdebug.evaluating import evaluate
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.rules import Rule as OwnRule
from labdeck.compat.smdebug.rules import invoke_rule
from labdeck.compat.smdebug.sdk import ProfilerRule, Rule, rule_configs
from labdeck.compat.smdebug.trial_reader import TrialReader
from labdeck.compat.smdebug.trials import create_trial
from labdeck.debugger import ArraysHook
from labdeck.errors import NotFound, UsageError
from labdeck.store.tensors.reader import TensorReader

OLD = Path(__file__).parent / "fixtures" / "smdebug-pytorch"
SOURCE = """
from smdebug.rules.rule import Rule


class LossAbove(Rule):
    def __init__(self, base_trial, limit="1", other_trials=None):
        super().__init__(base_trial, other_trials=other_trials)
        self.limit = float(limit)

    def invoke_at_step(self, step):
        for name in self.base_trial.tensor_names(collection="losses"):
            if self.base_trial.tensor(name).value(step) > self.limit:
                return True
        return False


class NoRule:
    def __init__(self, base_trial):
        pass
"""

pytestmark = pytest.mark.usefixtures("local")


@pytest.fixture
def _installed():
    installing.install()
    yield
    installing.uninstall()


@pytest.fixture
def recorded(local):
    """A training whose loss explodes, recorded by Labdeck."""
    with local.experiment("digits").trial("exploding") as trial, ArraysHook(rules=()) as hook:
        for loss in (0.5, 2.0, 3.0, float("inf")):
            hook.save_scalar("loss", loss, "losses")
            hook.step()
    return trial


def built_in(name, **parameters):
    return Rule.sagemaker(getattr(rule_configs, name)(), rule_parameters=parameters)


def test_a_built_in_rule_looks_at_what_smdebug_wrote():
    trial = create_trial(OLD)
    gradients = trial.tensor_names(collection="gradients")
    assert evaluate(built_in("vanishing_gradient"), trial) == ()
    found = evaluate(built_in("vanishing_gradient", threshold="1000"), trial)
    (one,) = found
    assert (one.mode, one.step, one.count) == ("TRAIN", 0, 6)
    assert one.tensor in gradients
    value = np.abs(trial.tensor(one.tensor).value(0).astype(np.float64)).mean()
    assert one.value == pytest.approx(value)


def test_a_built_in_rule_sees_losses_and_whole_tensors(tmp_path):
    writer = Writer(tmp_path, collections={"losses": ["loss"]})
    for step, loss in enumerate((1.0, np.nan)):
        tensors = {"loss": np.float32(loss), "Net_weight": np.array([0, loss], np.float32)}
        writer.step(step, tensors, mode="TRAIN")
    found = evaluate(built_in("exploding_tensor"), create_trial(tmp_path))
    assert {(one.tensor, one.step) for one in found} == {("loss", 1), ("Net_weight", 1)}
    half = evaluate(built_in("all_zero", tensor_regex="weight", threshold="50"), create_trial(tmp_path))
    assert [(one.tensor, one.step) for one in half] == [("Net_weight", 0)]


def test_two_trainings_are_compared_by_their_folders(tmp_path):
    rule = Rule.sagemaker(
        rule_configs.similar_across_runs(),
        rule_parameters={"collection_names": "losses"},
        other_trials_s3_input_paths=[str(OLD)],
    )
    assert evaluate(rule, create_trial(OLD))
    rule.rule_parameters["other_trials"] = [str(tmp_path / "nowhere")]
    with pytest.raises(UsageError, match="nowhere"):
        evaluate(rule, create_trial(OLD))


def test_a_trial_is_shown_as_labdeck_records_it():
    reader = TrialReader(create_trial(OLD))
    assert not reader.refresh()
    assert len(reader.moments()) == 9
    assert [moment.step for moment in reader.moments("EVAL")] == [0, 1, 2]
    weight = "Sequential_0.weight"
    assert reader.reductions(weight) == ("mean", "max", "l1", "l2", "abs_max")
    assert reader.tensors()[weight].collections == ("weights",)
    trial = create_trial(OLD)
    for reduction in ("l2", "abs_mean"):
        told = reader.series(weight, reduction, "TRAIN")
        plain, absolute = reduction.removeprefix("abs_"), reduction.startswith("abs_")
        wanted = [trial.tensor(weight).reduction_value(step, plain, abs=absolute) for step in told.global_steps]
        np.testing.assert_allclose(told.values, wanted)
    rows = list(reader.rows("EVAL"))
    assert rows[0].layout is rows[1].layout
    assert len(reader.array_moments(weight)) == 9
    assert reader.array(weight, "EVAL", 9) is None


def test_a_trial_answers_all_that_a_recorded_one_answers():
    reader = TrialReader(create_trial(OLD))
    assert not [name for name in vars(TensorReader) if name[0] != "_" and name not in vars(TrialReader)]
    assert reader.notes() == []
    counts = {name: len(reader.array_moments(name)) for name in reader.tensors()}
    assert reader.array_counts() == {name: count for name, count in counts.items() if count}


def test_a_built_in_rule_looks_at_what_labdeck_recorded(recorded):
    found = evaluate(built_in("exploding_tensor"), create_trial(recorded))
    assert [(one.tensor, one.step, one.trial_id) for one in found] == [("loss", 3, recorded.id)]


def test_rules_that_cannot_be_are_refused(recorded):
    trial = create_trial(recorded)
    with pytest.raises(UsageError, match="threshold"):
        evaluate(built_in("vanishing_gradient", threshold="small"), trial)
    with pytest.raises(UsageError, match="no parameter"):
        evaluate(built_in("vanishing_gradient", limit="1"), trial)
    with pytest.raises(NotFound):
        evaluate(ProfilerRule("mine", "Nothing", {}), trial)


@pytest.mark.usefixtures("_installed")
def test_a_rule_of_ones_own_stands_in_a_file(recorded, local, tmp_path):
    path = tmp_path / "rules.py"
    path.write_text(SOURCE)
    rule = Rule.custom("mine", source=str(path), rule_to_invoke="LossAbove", rule_parameters={"limit": 1})
    (found,) = evaluate(rule, create_trial(recorded))
    assert (found.rule, found.step, found.last_step, found.count) == ("LossAbove", 1, 3, 3)
    assert local.session.catalog.findings(trial_id=recorded.id).findings == (found,)
    told = [(one.mode, one.step, one.last_step, one.count) for one in evaluate(rule, create_trial(OLD))]
    assert told == [("TRAIN", 0, 10, 6), ("EVAL", 0, 2, 3)]
    assert local.session.catalog.findings().total == 1
    for wrong, error in (("NoRule", SMDebugTypeError), ("Absent", SMDebugValueError)):
        with pytest.raises(error):
            evaluate(Rule.custom("mine", source=str(path), rule_to_invoke=wrong), create_trial(recorded))
    with pytest.raises(SMDebugValueError, match="no file"):
        evaluate(Rule.custom("mine", source="nowhere.py", rule_to_invoke="X"), create_trial(recorded))
    assert "labdeck_rule_rules" not in sys.modules


def test_a_rule_of_ones_own_stops_the_training_that_it_looks_at(local, caplog):
    class Always(OwnRule):
        def invoke_at_step(self, step):
            return step >= 0

    with local.experiment("digits").trial("running") as trial, ArraysHook(rules=()) as hook:
        hook.save_scalar("loss", 1.0, "losses")
        hook.step()
        invoke_rule(Always(create_trial(trial), '[{"name": "stoptraining"}]'), end_step=1)
        (asked,) = local.session.catalog.requests(trial.id)
    assert asked.wish == "stop"
    rule = Always(create_trial(trial), '[{"name": "stoptraining"}]')
    invoke_rule(rule)
    assert "is not stopped" in caplog.text
    assert rule.report["RuleTriggered"] == 1
    invoke_rule(Always(create_trial(OLD), '[{"name": "stoptraining"}]'), end_step=1)
    assert "no training to stop" in caplog.text


def test_what_begins_again_is_a_new_finding(recorded, local):
    class Odd(OwnRule):
        def invoke_at_step(self, step):
            return step != 1

    rule = Odd(create_trial(recorded))
    invoke_rule(rule)
    assert [(one.step, one.last_step, one.count) for one in rule.fired.findings] == [(0, 0, 1), (2, 3, 2)]
    assert local.session.catalog.findings(trial_id=recorded.id).total == 2


def test_a_message_that_cannot_be_sent_is_logged(recorded, caplog, monkeypatch):
    monkeypatch.delenv("LABDECK_EMAIL_URL", raising=False)

    class Always(OwnRule):
        def invoke_at_step(self, step):
            return step >= 0

    rule = Always(create_trial(recorded), '[{"name": "email", "endpoint": "ada@example.org"}]')
    invoke_rule(rule)
    assert "LABDECK_EMAIL_URL" in caplog.text
    assert rule.report["Violations"] == 4
