"""The built-in rules, by the functions and classes that name them in SageMaker's configurations.

A function such as `vanishing_gradient()` returns what `Rule.sagemaker` takes: the rule's name, its parameters and the
collections it needs. The rules themselves are Labdeck's, of the same names, parameters and defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, ClassVar

from labdeck.compat.smdebug.actions import SMS, Action, ActionList, Email, StopTraining, is_valid_action_object
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError

_INTERVAL = "500"
_REPORT_INTERVAL = "5"
_COLLECTIONS: dict[str, dict[str, dict[str, str]]] = {
    "AllZero": {},
    "CheckInputImages": {"input_image": {"include_regex": ".*hybridsequential0_input_0", "save_interval": _INTERVAL}},
    "ClassImbalance": {},
    "Confusion": {},
    "CreateXgboostReport": {
        name: {"save_interval": _REPORT_INTERVAL} for name in ("metrics", "feature_importance", "predictions", "labels")
    }
    | {"hyperparameters": {"save_steps": "0"}},
    "DeadRelu": {"relu_output": {"include_regex": ".*relu_output", "save_interval": _INTERVAL}},
    "ExplodingTensor": {},
    "FeatureImportanceOverweight": {"feature_importance": {"save_interval": _INTERVAL}},
    "LossNotDecreasing": {"losses": {"save_interval": _INTERVAL}},
    "NLPSequenceRatio": {"input_sequence": {"include_regex": ".*embedding0_input_0", "save_interval": _INTERVAL}},
    "Overfit": {},
    "Overtraining": {},
    "PoorWeightInitialization": {"relu_input": {"include_regex": ".*relu_input", "save_interval": _INTERVAL}},
    "SaturatedActivation": {},
    "SimilarAcrossRuns": {},
    "StalledTrainingRule": {},
    "TensorVariance": {},
    "TreeDepth": {},
    "UnchangedTensor": {},
    "VanishingGradient": {"gradients": {"save_interval": _INTERVAL}},
    "WeightUpdateRatio": {"weights": {"save_interval": _INTERVAL}},
}
_FUNCTIONS = {
    "all_zero": "AllZero",
    "check_input_images": "CheckInputImages",
    "class_imbalance": "ClassImbalance",
    "confusion": "Confusion",
    "create_xgboost_report": "CreateXgboostReport",
    "dead_relu": "DeadRelu",
    "exploding_tensor": "ExplodingTensor",
    "feature_importance_overweight": "FeatureImportanceOverweight",
    "loss_not_decreasing": "LossNotDecreasing",
    "nlp_sequence_ratio": "NLPSequenceRatio",
    "overfit": "Overfit",
    "overtraining": "Overtraining",
    "poor_weight_initialization": "PoorWeightInitialization",
    "saturated_activation": "SaturatedActivation",
    "similar_across_runs": "SimilarAcrossRuns",
    "stalled_training_rule": "StalledTrainingRule",
    "tensor_variance": "TensorVariance",
    "tree_depth": "TreeDepth",
    "unchanged_tensor": "UnchangedTensor",
    "vanishing_gradient": "VanishingGradient",
    "weight_update_ratio": "WeightUpdateRatio",
}
_PROFILER_PACKAGE = {"scan_interval_us": 60_000_000}


def _described(rule: str) -> dict[str, Any]:
    collections = [
        {"CollectionName": name, "CollectionParameters": dict(parameters)}
        for name, parameters in _COLLECTIONS[rule].items()
    ]
    described: dict[str, Any] = {
        "DebugRuleConfiguration": {"RuleConfigurationName": rule, "RuleParameters": {"rule_to_invoke": rule}}
    }
    return {**described, "CollectionConfigurations": collections} if collections else described


def _function(name: str, rule: str) -> Callable[[], dict[str, Any]]:
    def describe() -> dict[str, Any]:
        return _described(rule)

    describe.__name__ = describe.__qualname__ = name
    describe.__doc__ = f"Return the configuration of {rule}."
    return describe


globals().update({name: _function(name, rule) for name, rule in _FUNCTIONS.items()})


class ProfilerRuleBase:
    """The base of the configurations of rules over the machine.

    Args:
        **rule_parameters: Those of `defaults` that shall be otherwise.

    Raises:
        SMDebugTypeError: There is no such parameter.
        SMDebugValueError: A number that cannot be: percentages reach from 0 to 100, the others are above 0.
    """

    defaults: ClassVar[Mapping[str, Any]] = {}
    percentages: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **rule_parameters: Any) -> None:
        self.rule_name = type(self).__name__
        known = {**self.defaults, **_PROFILER_PACKAGE}
        for name, value in rule_parameters.items():
            if name not in known:
                raise SMDebugTypeError(f"{self.rule_name} has no parameter {name!r}", f"it has {', '.join(known)}")
            self._check(name, value)
        self.rule_parameters = {**known, **rule_parameters, "rule_to_invoke": self.rule_name}

    def _check(self, name: str, value: Any) -> None:
        if isinstance(self.defaults.get(name, 1), str) or self.defaults.get(name, 1) is None:
            return
        highest = 100 if name in self.percentages else float("inf")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= highest:
            raise SMDebugValueError(f"{name} of {self.rule_name} is {value!r}", "give a number that it can be")


class BatchSize(ProfilerRuleBase):
    """The batches are too small to keep the device busy."""

    defaults: ClassVar = {
        "cpu_threshold_p95": 70,
        "gpu_threshold_p95": 70,
        "gpu_memory_threshold_p95": 70,
        "patience": 1000,
        "window": 500,
    }
    percentages = frozenset({"cpu_threshold_p95", "gpu_threshold_p95", "gpu_memory_threshold_p95"})


class CPUBottleneck(ProfilerRuleBase):
    """The device waits for the processor."""

    defaults: ClassVar = {"threshold": 50, "gpu_threshold": 10, "cpu_threshold": 90, "patience": 1000}
    percentages = frozenset({"threshold", "gpu_threshold", "cpu_threshold"})


class Dataloader(ProfilerRuleBase):
    """Too few or too many processes load data."""

    defaults: ClassVar = {"min_threshold": 70, "max_threshold": 200}


class GPUMemoryIncrease(ProfilerRuleBase):
    """The device's memory fills up."""

    defaults: ClassVar = {"increase": 5, "patience": 1000, "window": 10}


class IOBottleneck(ProfilerRuleBase):
    """The device waits for the disk."""

    defaults: ClassVar = {"threshold": 50, "gpu_threshold": 10, "io_threshold": 50, "patience": 1000}
    percentages = frozenset({"threshold", "gpu_threshold", "io_threshold"})


class LoadBalancing(ProfilerRuleBase):
    """The devices of a machine are not equally busy."""

    defaults: ClassVar = {"threshold": 0.5, "patience": 1000}


class LowGPUUtilization(ProfilerRuleBase):
    """The device is idle, or now and then."""

    defaults: ClassVar = {"threshold_p95": 70, "threshold_p5": 10, "window": 500, "patience": 1000}
    percentages = frozenset({"threshold_p95", "threshold_p5"})


class MaxInitializationTime(ProfilerRuleBase):
    """The first step is late."""

    defaults: ClassVar = {"threshold": 20}


class OverallSystemUsage(ProfilerRuleBase):
    """How busy the machine is; it never fires."""


class OverallFrameworkMetrics(ProfilerRuleBase):
    """Where the time of the steps goes; it never fires."""


class StepOutlier(ProfilerRuleBase):
    """Some steps take much longer than others."""

    defaults: ClassVar = {"stddev": 3, "mode": None, "n_outliers": 10}


PROFILER_RULES = (
    BatchSize,
    CPUBottleneck,
    Dataloader,
    GPUMemoryIncrease,
    IOBottleneck,
    LoadBalancing,
    LowGPUUtilization,
    MaxInitializationTime,
    OverallSystemUsage,
    OverallFrameworkMetrics,
    StepOutlier,
)


class ProfilerReport(ProfilerRuleBase):
    """All of them, and a report.

    Args:
        **rule_parameters: `<Rule>_<parameter>`: a parameter of one of the rules; `opt_out_telemetry` is accepted, as
            nothing is ever sent anywhere.

    Example:
        >>> ProfilerReport(CPUBottleneck_threshold=90).rules()[1].rule_parameters["threshold"]
        90
    """

    def __init__(self, **rule_parameters: Any) -> None:
        super().__init__()
        self._of_rules: dict[str, dict[str, Any]] = {}
        rule_parameters.pop("opt_out_telemetry", None)
        names = {rule.__name__.lower(): rule for rule in PROFILER_RULES}
        for key, value in rule_parameters.items():
            rule, _, parameter = key.partition("_")
            if rule.lower() not in names or not parameter:
                raise SMDebugValueError(f"{key!r} names no parameter of a rule", "write <Rule>_<parameter>")
            names[rule.lower()](**{parameter: value})
            self._of_rules.setdefault(rule.lower(), {})[parameter] = value
        self.rule_parameters = {**self.rule_parameters, **rule_parameters}

    def rules(self) -> list[ProfilerRuleBase]:
        """Return the rules it stands for."""
        return [rule(**self._of_rules.get(rule.__name__.lower(), {})) for rule in PROFILER_RULES]


def get_collection(collection_name: str) -> dict[str, Any] | None:
    """Return how a collection is configured that a built-in rule needs; None when none does."""
    for collections in _COLLECTIONS.values():
        if collection_name in collections:
            return {"CollectionName": collection_name, "CollectionParameters": deepcopy(collections[collection_name])}
    return None


__all__ = [
    "SMS",
    "Action",
    "ActionList",
    "BatchSize",
    "CPUBottleneck",
    "Dataloader",
    "Email",
    "GPUMemoryIncrease",
    "IOBottleneck",
    "LoadBalancing",
    "LowGPUUtilization",
    "MaxInitializationTime",
    "OverallFrameworkMetrics",
    "OverallSystemUsage",
    "ProfilerReport",
    "ProfilerRuleBase",
    "StepOutlier",
    "StopTraining",
    "get_collection",
    "is_valid_action_object",
]
__all__ += list(_FUNCTIONS)
