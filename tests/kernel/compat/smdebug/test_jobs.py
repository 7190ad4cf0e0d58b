"""Training in a block as SageMaker's estimator trains: the hook is configured, and rules watch while it runs."""

from __future__ import annotations

import itertools
import threading

import pytest
import torch
from torch import nn

from labdeck.compat.smdebug.actions import StopTraining
from labdeck.compat.smdebug.exceptions import SMDebugTypeError
from labdeck.compat.smdebug.jobs import training_job
from labdeck.compat.smdebug.mode_keys import modes
from labdeck.compat.smdebug.pytorch import Hook, get_hook
from labdeck.compat.smdebug.rules import Rule as OwnRule
from labdeck.compat.smdebug.rules import invoke_rule
from labdeck.compat.smdebug.save_config import SaveConfig
from labdeck.compat.smdebug.sdk import CollectionConfig, DebuggerHookConfig, ProfilerRule, Rule, rule_configs
from labdeck.compat.smdebug.trials import create_trial
from labdeck.errors import MissingExtra, TrainingStopped, UsageError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("local")]


def train(steps, depth=1, scale=1.0):
    """Train a chain of layers whose gradients shrink with their weights; yield after each step."""
    torch.manual_seed(0)
    layers = [layer for _ in range(depth) for layer in (nn.Linear(4, 4), nn.Sigmoid())]
    net, loss = nn.Sequential(*layers, nn.Linear(4, 1)), nn.MSELoss()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(scale)
    hook = Hook.create_from_json_file()
    hook.register_module(net)
    hook.register_loss(loss)
    hook.set_mode(modes.TRAIN)
    for _ in range(steps):
        net.zero_grad()
        loss(net(torch.ones(8, 4)), torch.zeros(8, 1)).backward()
        yield hook


def findings(local):
    return local.session.catalog.findings().findings


def test_a_rule_watches_while_the_model_is_trained(local):
    rule = Rule.sagemaker(rule_configs.vanishing_gradient(), rule_parameters={"threshold": "1e-6"})
    with training_job([rule]):
        for hook in train(4, depth=8, scale=0.1):
            if hook.step == 1:  # the first step was judged as the second began
                local.session.flush()
                assert {found.step for found in findings(local)} == {0}
    found = findings(local)
    assert {one.rule for one in found} == {"VanishingGradient"}
    assert {(one.mode, one.step, one.count) for one in found} == {("TRAIN", 0, 4)}
    assert all(one.tensor.startswith("gradient/Sequential_") for one in found)
    trial = create_trial(hook.out_dir)
    assert trial.tensor("gradient/Sequential_0.weight").steps()[0] == 0
    assert get_hook() is None
    (record,) = local.session.catalog.debugger(findings(local)[0].trial_id).rules
    assert (record.rule, record.evaluations) == ("VanishingGradient", 4)


def test_a_healthy_training_is_left_alone(local):
    with training_job([Rule.sagemaker(rule_configs.vanishing_gradient())]):
        assert len(list(train(3))) == 3
    assert findings(local) == ()


def test_a_rule_stops_the_training(local):
    rule = Rule.sagemaker(
        rule_configs.vanishing_gradient(),
        rule_parameters={"threshold": "1e-6"},
        actions=rule_configs.ActionList(rule_configs.StopTraining()),
    )
    done = []
    with training_job([rule]), pytest.raises(TrainingStopped, match="VanishingGradient"):
        done.extend(train(10, depth=8, scale=0.1))
    assert len(done) == 1
    (finding, *_) = findings(local)
    assert [action.name for action in finding.actions] == ["StopTraining"]


def test_the_hook_saves_what_it_is_configured_to_and_what_rules_need(tmp_path):
    config = DebuggerHookConfig(
        container_local_output_path=str(tmp_path / "out"),
        hook_parameters={"save_interval": "2"},
        collection_configs=[CollectionConfig("biases", {"reductions": "l2"})],
    )
    rule = Rule.sagemaker(
        rule_configs.weight_update_ratio(), collections_to_save=[CollectionConfig("weights", {"save_interval": "1"})]
    )
    with training_job([rule], config) as job:
        assert job.debugger_hook_config is config
        list(train(3))
    trial = create_trial(tmp_path / "out")
    assert trial.tensor("Sequential_0.bias").steps() == [0, 2]
    assert set(trial.tensor("Sequential_0.bias").reduction_values(0)) == {("l2", False)}
    assert trial.tensor("Sequential_0.weight").steps() == [0, 1, 2]
    assert config.to_json_dict()["CollectionConfigurations"] == [
        {"CollectionName": "biases", "CollectionParameters": {"reductions": "l2"}}
    ]


def test_rules_over_the_machine_watch_too(local):
    with training_job([ProfilerRule.sagemaker(rule_configs.StepOutlier(n_outliers=2))]):
        hook = next(iter(train(1)))
    trial_id = hook.out_dir.rpartition("/")[2]
    (record,) = local.session.catalog.debugger(trial_id).rules
    assert (record.rule, record.params["n_outliers"]) == ("StepOutlier", 2)


def test_what_cannot_be_is_told_before_the_training(monkeypatch):
    monkeypatch.delenv("LABDECK_EMAIL_URL", raising=False)
    mail = Rule.sagemaker(rule_configs.all_zero(), actions=rule_configs.Email("ada@example.org"))
    for wrong, error in (
        ("VanishingGradient", SMDebugTypeError),
        (Rule.sagemaker(rule_configs.dead_relu(), rule_parameters={"threshold_layer": "many"}), UsageError),
        (mail, (UsageError, MissingExtra)),
    ):
        with pytest.raises(error), training_job([wrong]):
            pytest.fail("it began")
    assert get_hook() is None


class LossBelow(OwnRule):
    """Fires when the loss has fallen far enough."""

    def invoke_at_step(self, step):
        assert self.base_trial.tensor("Linear_weight").value(step).shape == (1, 4)
        loss = self.base_trial.tensor("MSELoss_output_0")
        return loss.value(step) < loss.value(self.base_trial.steps()[0]) / 2


def test_a_rule_of_ones_own_beside_the_training_stops_it(local):
    torch.manual_seed(0)
    net, loss = nn.Linear(4, 1), nn.MSELoss()
    hook = Hook(save_config=SaveConfig(save_interval=1), include_collections=["weights"])
    hook.register_module(net)
    hook.register_loss(loss)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    watching = threading.Thread(
        target=lambda: invoke_rule(LossBelow(create_trial(hook.out_dir), StopTraining()), raise_eval_cond=False),
        daemon=True,
    )

    def train_until_stopped():
        for step in itertools.count():
            optimizer.zero_grad()
            loss(net(torch.ones(8, 4)), torch.zeros(8, 1)).backward()
            optimizer.step()
            if step == 0:
                watching.start()

    with pytest.raises(TrainingStopped, match="a person stopped it"):
        train_until_stopped()
    hook.close()
    watching.join(60)
    assert not watching.is_alive()
    (finding,) = findings(local)
    assert finding.rule == "LossBelow"
