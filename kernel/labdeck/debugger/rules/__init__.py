"""The built-in rules, by name: `labdeck.debugger.rules.VanishingGradient` and so on; each is loaded when first used.

Example:
    >>> from labdeck.debugger import rules
    >>> rules.find("vanishinggradient")(threshold=1e-6)
    VanishingGradient(threshold=1e-06)
"""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import Any

from labdeck.errors import NotFound
from labdeck.findings.custom import is_file, load_rule
from labdeck.findings.rule import Rule

_HOMES = {
    "VanishingGradient": "vanishing_gradient",
    "ExplodingTensor": "exploding_tensor",
    "NaNOrigin": "nan_origin",
    "DeadRelu": "dead_relu",
    "SaturatedActivation": "saturated_activation",
    "PoorWeightInitialization": "poor_weight_initialization",
    "WeightUpdateRatio": "weight_update_ratio",
    "TensorVariance": "tensor_variance",
    "UnchangedTensor": "unchanged_tensor",
    "AllZero": "all_zero",
    "GradientNormTrend": "gradient_norm_trend",
    "LearningRate": "learning_rate",
    "IdleOptimizer": "idle_optimizer",
    "NothingLearned": "nothing_learned",
    "Divergence": "divergence",
    "LossNotDecreasing": "loss_not_decreasing",
    "LossSpike": "loss_spike",
    "Overfit": "overfit",
    "Overtraining": "overtraining",
    "SimilarAcrossRuns": "similar_across_runs",
    "StalledTrainingRule": "stalled_training_rule",
    "ClassImbalance": "class_imbalance",
    "Confusion": "confusion",
    "LabelLeakage": "label_leakage",
    "CheckInputImages": "check_input_images",
    "NLPSequenceRatio": "nlp_sequence_ratio",
    "TreeDepth": "tree_depth",
    "FeatureImportanceOverweight": "feature_importance_overweight",
    "CreateXgboostReport": "create_xgboost_report",
    "BatchSize": "batch_size",
    "CPUBottleneck": "cpu_bottleneck",
    "IOBottleneck": "io_bottleneck",
    "GPUMemoryIncrease": "gpu_memory_increase",
    "LowGPUUtilization": "low_gpu_utilization",
    "LoadBalancing": "load_balancing",
    "Dataloader": "dataloader",
    "SlowDataloader": "slow_dataloader",
    "MaxInitializationTime": "max_initialization_time",
    "StepOutlier": "step_outlier",
    "OverallSystemUsage": "overall_system_usage",
    "OverallFrameworkMetrics": "overall_framework_metrics",
    "ProfilerReport": "profiler_report",
}
"""The module of each rule, in the order in which they are listed."""

_USUAL = (
    "NaNOrigin",
    "ExplodingTensor",
    "VanishingGradient",
    "GradientNormTrend",
    "LossSpike",
    "Overfit",
    "StalledTrainingRule",
)
_STEPS = ("LearningRate", "IdleOptimizer", "NothingLearned", "Divergence")
_DEFAULTS = {
    "torch": (*_USUAL, *_STEPS),
    "keras": (*_USUAL, *_STEPS),
    "arrays": _USUAL,
    "sklearn": ("NaNOrigin", "ExplodingTensor", "LossSpike", "Overfit", "LabelLeakage", "StalledTrainingRule"),
    "xgboost": ("NaNOrigin", "ExplodingTensor", "Overfit", "LabelLeakage", "StalledTrainingRule"),
    "lightgbm": ("NaNOrigin", "ExplodingTensor", "Overfit", "LabelLeakage", "StalledTrainingRule"),
}
"""Cheap rules that are right for most trainings, by framework; the others are there to be asked for."""


def __getattr__(name: str) -> Any:
    """Load a rule when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the rules and what finds them."""
    return sorted([*_HOMES, "all", "defaults", "find", "names"])


def names() -> tuple[str, ...]:
    """Return the names of all built-in rules, without loading any."""
    return tuple(_HOMES)


def all() -> tuple[type[Rule], ...]:  # noqa: A001 - `rules.all()` reads well
    """Return every built-in rule, the class, in the order in which they are listed.

    Example:
        >>> from labdeck.debugger import rules
        >>> rules.all()[0].describe()
        'A gradient has become so small that its layer no longer learns.'
    """
    return tuple(__getattr__(name) for name in _HOMES)


def find(name: str) -> type[Rule]:
    """Return the rule of a name; upper and lower case are the same. "my_rules.py:MyRule" is one of a file.

    Raises:
        NotFound: There is none; names the nearest.
        UsageError: The file cannot be executed.
    """
    if is_file(name):
        return load_rule(name)
    known = {each.lower(): each for each in _HOMES}
    wanted = name.strip().lower()
    if wanted in known:
        found: type[Rule] = __getattr__(known[wanted])
        return found
    near = [known[each] for each in get_close_matches(wanted, known, n=3, cutoff=0.5)]
    remedy = f"did you mean {' or '.join(near)}?" if near else "see them all with %debug_rules list"
    raise NotFound(f"there is no rule {name!r}", remedy)


def defaults(framework: str) -> tuple[type[Rule], ...]:
    """Return the rules that watch a training of which nothing else was asked: cheap, and right for most.

    Args:
        framework: "torch", "keras", "xgboost", "lightgbm", "sklearn" or "arrays"; others get those of "arrays".
    """
    return tuple(__getattr__(name) for name in _DEFAULTS.get(framework, _DEFAULTS["arrays"]))
