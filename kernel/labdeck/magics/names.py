"""The names that completion offers, read from the store with bounded queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.magics.context import Context
    from labdeck.magics.parsing import Draft
    from labdeck.runs.experiment import Experiment
    from labdeck.wire.records import TrialFacts

MAX_TRIALS = 200
"""Newest trials whose names are offered."""

FACTS_OF = 20
"""Newest trials whose metrics and parameters are offered."""


def experiment_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the experiments, latest activity first."""
    del draft
    return [record.name for record in context.studio.experiment_list().experiments]


def trial_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the trials of the experiment that the line names or that is in use, newest first."""
    experiment = _experiment(context, draft)
    if experiment is None:
        return []
    return [record.name for record in context.studio.trial_page(experiment.id, 0, MAX_TRIALS).trials]


def all_names(context: Context, draft: Draft) -> Sequence[str]:
    """List trials, then experiments."""
    return [*trial_names(context, draft), *experiment_names(context, draft)]


def deletable_names(context: Context, draft: Draft) -> Sequence[str]:
    """List what can be deleted, or with --undo what can be restored."""
    if "undo" not in draft.flags:
        return all_names(context, draft)
    return list(dict.fromkeys(each.name for deletion in reversed(context.deletions) for each in deletion))


def resumable_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the trials to go on with, if the line says --resume: other cells are new trials."""
    return trial_names(context, draft) if "resume" in draft.flags else ()


def metric_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the metrics that the newest trials logged."""
    return [metric.name for fact in _newest_facts(context, draft) for metric in fact.metrics]


def parameter_names(context: Context, draft: Draft) -> Sequence[str]:
    """List the parameters that the newest trials had, each with its equals sign."""
    facts = _newest_facts(context, draft)
    return [f"{param.name}=" for fact in facts for param in fact.params if not param.component]


def tag_keys(context: Context, draft: Draft) -> Sequence[str]:
    """List the tags of the trial or experiment that the line names."""
    return list(context.choose(draft.text("trial"), draft.text("experiment")).tags)


def _newest_facts(context: Context, draft: Draft) -> Sequence[TrialFacts]:
    experiment = _experiment(context, draft)
    if experiment is None:
        return ()
    page = context.studio.trial_page(experiment.id, 0, FACTS_OF)
    return context.studio.comparison([record.id for record in page.trials]).trials


def _experiment(context: Context, draft: Draft) -> Experiment | None:
    try:
        return context.choose_experiment(draft.text("experiment"))
    except LabdeckError:
        return None
