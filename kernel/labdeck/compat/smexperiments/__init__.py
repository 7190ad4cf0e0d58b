"""The API of Amazon SageMaker Experiments over the local store: change the import, keep the code.

    from labdeck.compat.smexperiments.experiment import Experiment
    from labdeck.compat.smexperiments.trial import Trial
    from labdeck.compat.smexperiments.tracker import Tracker

`install()` makes `import smexperiments` itself work. How things map:

- An Experiment is an experiment, its description the note. A Trial is a trial; the names of trials are unique over all
  experiments, as SageMaker has it.
- A TrialComponent stands by itself and may belong to several trials, which Labdeck's own components cannot. It is
  therefore kept as a trial of the archived experiment "Trial components". Adding it to a trial makes a component of
  that trial which repeats its parameters, points and lineage, so that the sidebar shows it where people look for it;
  what is logged to it later goes to both.
- A Run is a trial of its own; see `run`.
- Sessions, clients, buckets and roles are accepted and not used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.analytics import ExperimentAnalytics
    from labdeck.compat.smexperiments.api_types import (
        TrialComponentArtifact,
        TrialComponentMetricSummary,
        TrialComponentStatus,
    )
    from labdeck.compat.smexperiments.experiment import Experiment
    from labdeck.compat.smexperiments.run import Run, list_runs, load_run
    from labdeck.compat.smexperiments.search_expression import (
        BooleanOperator,
        Filter,
        NestedFilter,
        Operator,
        SearchExpression,
    )
    from labdeck.compat.smexperiments.tracker import Tracker
    from labdeck.compat.smexperiments.training_job import TrainingJob
    from labdeck.compat.smexperiments.trial import Trial
    from labdeck.compat.smexperiments.trial_component import TrialComponent

_MODULES = {
    "analytics": ("ExperimentAnalytics",),
    "api_types": ("TrialComponentArtifact", "TrialComponentMetricSummary", "TrialComponentStatus"),
    "experiment": ("Experiment",),
    "run": ("Run", "list_runs", "load_run"),
    "search_expression": ("BooleanOperator", "Filter", "NestedFilter", "Operator", "SearchExpression"),
    "tracker": ("Tracker",),
    "training_job": ("TrainingJob",),
    "trial": ("Trial",),
    "trial_component": ("TrialComponent",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BooleanOperator",
    "Experiment",
    "ExperimentAnalytics",
    "Filter",
    "NestedFilter",
    "Operator",
    "Run",
    "SearchExpression",
    "Tracker",
    "TrainingJob",
    "Trial",
    "TrialComponent",
    "TrialComponentArtifact",
    "TrialComponentMetricSummary",
    "TrialComponentStatus",
    "install",
    "list_runs",
    "load_run",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def install() -> None:
    """Make `import smexperiments` and its modules mean this package, in this process.

    Example:
        >>> install()
        >>> from smexperiments.experiment import Experiment
        >>> Experiment.create("mnist-hand-written-digits-classification", description="digits").experiment_name
        'mnist-hand-written-digits-classification'
    """
    sys.modules["smexperiments"] = sys.modules[__name__]
    for module in _MODULES:
        sys.modules[f"smexperiments.{module}"] = importlib.import_module(f"{__name__}.{module}")
