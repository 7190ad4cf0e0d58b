"""What SageMaker's SDK says about rules, in the same words."""

from __future__ import annotations

import pytest

from labdeck.compat.smdebug import rule_configs
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.json_config import hook_arguments
from labdeck.compat.smdebug.sdk import CollectionConfig, DebuggerHookConfig, ProfilerRule, Rule
from labdeck.compat.smdebug.translating import labdeck_rules
from labdeck.debugger.rules import find

BUILT_IN = [
    "all_zero",
    "check_input_images",
    "class_imbalance",
    "confusion",
    "create_xgboost_report",
    "dead_relu",
    "exploding_tensor",
    "feature_importance_overweight",
    "loss_not_decreasing",
    "nlp_sequence_ratio",
    "overfit",
    "overtraining",
    "poor_weight_initialization",
    "saturated_activation",
    "similar_across_runs",
    "stalled_training_rule",
    "tensor_variance",
    "tree_depth",
    "unchanged_tensor",
    "vanishing_gradient",
    "weight_update_ratio",
]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_rule_has_a_configuration(name):
    described = getattr(rule_configs, name)()
    rule = Rule.sagemaker(described)
    assert rule.rule_to_invoke.replace("_", "").lower() == name.replace("_", "")
    assert rule.rule_parameters == {}
    described["DebugRuleConfiguration"]["RuleParameters"]["spoilt"] = "yes"
    assert Rule.sagemaker(getattr(rule_configs, name)()).rule_parameters == {}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_rule_is_one_of_labdecks(name):
    required = {"similar_across_runs": {"other_trials": "before"}, "tensor_variance": {"max_threshold": "10"}}
    rule = Rule.sagemaker(getattr(rule_configs, name)(), rule_parameters=required.get(name))
    (made,) = labdeck_rules(rule)
    assert type(made).__name__ == rule.rule_to_invoke


@pytest.mark.parametrize("config", rule_configs.PROFILER_RULES)
def test_every_rule_over_the_machine_is_one_of_labdecks_with_its_defaults(config):
    (made,) = labdeck_rules(ProfilerRule.sagemaker(config()))
    assert type(made).__name__ == config.__name__
    assert {name: made.params()[name] for name in config.defaults} == config.defaults


def test_a_report_stands_for_all_rules_over_the_machine():
    report = ProfilerRule.sagemaker(rule_configs.ProfilerReport(IOBottleneck_threshold=40))
    made = labdeck_rules(report)
    assert {type(rule) for rule in made} == {find(config.__name__) for config in rule_configs.PROFILER_RULES}
    assert {
        rule.params().get("io_threshold"): rule.params()["threshold"]
        for rule in made
        if "io_threshold" in rule.params()
    } == {50: 40}


def test_a_built_in_rule_is_configured():
    rule = Rule.sagemaker(
        rule_configs.vanishing_gradient(),
        name="mine",
        rule_parameters={"threshold": "1e-4"},
        other_trials_s3_input_paths=["before"],
        actions=rule_configs.StopTraining(),
    )
    assert (rule.name, rule.rule_to_invoke) == ("mine", "VanishingGradient")
    assert rule.rule_parameters == {"threshold": "1e-4", "other_trials": ["before"]}
    assert rule.collection_configs == [CollectionConfig("gradients", {"save_interval": "500"})]
    own = [CollectionConfig("gradients", {"save_interval": "1"})]
    assert Rule.sagemaker(rule_configs.vanishing_gradient(), collections_to_save=own).collection_configs == own
    with pytest.raises(SMDebugValueError):
        Rule.sagemaker({"anything": 1})


def test_a_rule_of_ones_own_is_configured():
    rule = Rule.custom("mine", source="rules.py", rule_to_invoke="Mine", rule_parameters={"limit": "3"})
    assert (rule.source, rule.rule_to_invoke, rule.rule_parameters) == ("rules.py", "Mine", {"limit": "3"})
    with pytest.raises(SMDebugValueError):
        Rule.custom("mine")


def test_a_hook_is_configured():
    config = DebuggerHookConfig(
        container_local_output_path="out",
        hook_parameters={"save_interval": "7"},
        collection_configs=[CollectionConfig("weights"), CollectionConfig("relu", {"include_regex": "relu"})],
    )
    arguments, collections = hook_arguments(config.to_json_dict())
    assert arguments["out_dir"] == "out"
    assert [collection.name for collection in collections] == ["weights", "relu"]
    with pytest.raises(SMDebugValueError):
        CollectionConfig("")


def test_rules_over_the_machine():
    rule = ProfilerRule.sagemaker(rule_configs.CPUBottleneck(threshold=60))
    assert (rule.name, rule.rule_to_invoke) == ("CPUBottleneck", "CPUBottleneck")
    assert rule.rule_parameters["threshold"] == 60
    assert rule.rule_parameters["cpu_threshold"] == 90
    assert rule_configs.StepOutlier(mode="TRAIN").rule_parameters["mode"] == "TRAIN"
    report = rule_configs.ProfilerReport(BatchSize_window=100, opt_out_telemetry=True)
    assert {rule.rule_name: rule.rule_parameters for rule in report.rules()}["BatchSize"]["window"] == 100
    for wrong in (
        lambda: rule_configs.CPUBottleneck(threshold=101),
        lambda: rule_configs.CPUBottleneck(threshold="x"),
        lambda: rule_configs.ProfilerReport(Nothing_x=1),
        lambda: ProfilerRule.sagemaker("CPUBottleneck"),
    ):
        with pytest.raises(SMDebugValueError):
            wrong()
    with pytest.raises(SMDebugTypeError):
        rule_configs.CPUBottleneck(nothing=1)


def test_collections_of_built_in_rules():
    assert rule_configs.get_collection("relu_output")["CollectionParameters"]["include_regex"] == ".*relu_output"
    assert rule_configs.get_collection("nothing") is None
