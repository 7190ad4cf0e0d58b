"""Which trial is best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from labdeck.errors import NotFound
from labdeck.runs.lookup import no_such
from labdeck.store.objective import SYSTEM, choose_objective, usual_goal
from labdeck.wire.numbers import to_float

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.records import Goal, MetricSummary, Objective, TrialFacts, TrialRecord


def best_trial(
    facts: Sequence[TrialFacts], chosen: Objective | None, metric: str | None, goal: Goal | None
) -> TrialRecord:
    """Return the trial whose metric reached the best finite value; the oldest of equals.

    Raises:
        NotFound: No trial has a finite value of it.
    """
    own = (summary for fact in facts for summary in fact.metrics if summary.component != SYSTEM)
    names = list(dict.fromkeys(summary.name for summary in own))
    objective = choose_objective(names, chosen)
    if metric is None:
        if objective is None:
            raise NotFound("no trial has logged a metric yet", "log one with trial.log(...)")
        metric = objective.metric
    if goal is None:
        goal = objective.goal if objective is not None and objective.metric == metric else usual_goal(metric)
    ranked = [(value, fact.trial) for fact in facts if (value := _best_value(fact.metrics, metric, goal)) is not None]
    if not ranked:
        if metric in names:
            raise NotFound(f"no trial has a finite value of {metric!r}", "look at its curve: it is NaN or infinite")
        raise no_such("metric", metric, names)
    return (max if goal == "max" else min)(ranked, key=lambda pair: pair[0])[1]


def _best_value(metrics: Sequence[MetricSummary], metric: str, goal: Goal) -> float | None:
    values = [to_float(summary.max if goal == "max" else summary.min) for summary in metrics if summary.name == metric]
    finite = [value for value in values if math.isfinite(value)]
    return (max if goal == "max" else min)(finite) if finite else None
