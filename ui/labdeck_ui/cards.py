"""From records to cards: what is worth showing of each, never more than 20 rows of anything."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING

from labdeck.wire.messages import Comparison
from labdeck_ui import words
from labdeck_ui.card import Card, Cell, Grid, Link
from labdeck_ui.palette import trial_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.messages import ExperimentList, Status
    from labdeck.wire.records import (
        ArtifactRecord,
        Capture,
        ComponentRecord,
        ExperimentRecord,
        MetricSummary,
        Param,
        TrialDetail,
        TrialFacts,
        TrialPage,
        TrialRecord,
    )

ROWS = 20
COLUMNS = 6
"""Parameters, and metrics, that a comparison in a cell shows; the sidebar's comparison shows all."""
_ERROR_LINES = 6
_SYSTEM = "system"
"""The component under which is kept what the machine does."""
_NOTE = 500


def trial_card(trial: TrialRecord) -> Card:
    """Return the card of a trial's record."""
    started = Cell(words.ago(trial.started, time.time()), hover=_absolute(trial.started))
    facts = [("experiment", _named(trial.experiment)), ("time", _elapsed(trial)), ("started", started)]
    if trial.objective:
        facts.insert(0, (words.name(trial.objective.name), _best(trial.objective, trial.goal)))
    facts += [(f"tag {words.name(key, 24)}", _named(value)) for key, value in list(trial.tags.items())[:COLUMNS]]
    if trial.deleted is not None:
        facts.append(("deleted", Cell(words.ago(trial.deleted, time.time()))))
    return Card(
        kind="trial",
        title=words.name(trial.name),
        state=trial.state,
        facts=tuple(facts),
        note=words.name(trial.note, _NOTE),
        link=_open_trial(trial.id),
        warning=f"incomplete: {words.name(trial.incomplete, 200)}" if trial.incomplete else "",
    )


def detail_card(detail: TrialDetail) -> Card:
    """Return the card of a trial with its parameters, metrics, components, artifacts and error."""
    card = trial_card(detail.trial)
    grids = (
        _params(detail.params),
        _metrics(detail.metrics),
        _components(detail.components),
        _artifacts(detail.artifacts),
    )
    return _with(card, grids, _error(detail.captures))


def facts_card(facts: TrialFacts) -> Card:
    """Return the card of a trial with its parameters and metrics."""
    return _with(trial_card(facts.trial), (_params(facts.params), _metrics(facts.metrics)), "")


def experiment_card(experiment: ExperimentRecord, page: TrialPage | None = None) -> Card:
    """Return the card of an experiment, with its newest trials if they are given."""
    objective = experiment.objective
    facts = [("trials", Cell(f"{experiment.trials:,}")), ("running", Cell(f"{experiment.running:,}"))]
    if objective:
        facts.append(("objective", Cell(f"{words.name(objective.metric)} ({objective.goal})")))
    facts.append(("updated", Cell(words.ago(experiment.updated, time.time()), hover=_absolute(experiment.updated))))
    facts += [(f"tag {words.name(key, 24)}", _named(value)) for key, value in list(experiment.tags.items())[:COLUMNS]]
    link = None
    if page and page.trials:
        link = _compare([trial.id for trial in page.trials[:ROWS]], experiment.name)
    return Card(
        kind="experiment",
        title=words.name(experiment.name),
        facts=tuple(facts),
        note=words.name(experiment.note, _NOTE),
        grids=(_trials(page.trials, page.total),) if page else (),
        link=link,
    )


def experiments_card(experiments: Sequence[ExperimentRecord]) -> Card:
    """Return the card that lists experiments."""
    rows = tuple(
        (
            _named(record.name),
            Cell(f"{record.trials:,}", numeric=True),
            Cell(f"{record.running:,}" if record.running else "", numeric=True),
            Cell(words.ago(record.updated, time.time()), hover=_absolute(record.updated), numeric=True),
        )
        for record in experiments[:ROWS]
    )
    grid = Grid("", ("experiment", "trials", "running", "updated"), rows, len(experiments))
    if not rows:
        return Card(kind="", title="no experiments yet", note='begin one with labdeck.experiment("name")')
    return Card(kind="", title=words.count(len(experiments), "experiment"), grids=(grid,))


def experiment_list_card(record: ExperimentList) -> Card:
    """Return the card of all experiments."""
    return experiments_card(record.experiments)


def trial_page_card(page: TrialPage) -> Card:
    """Return the card of some trials of an experiment."""
    return trials_card(page.trials, page.total)


def trials_card(trials: Sequence[TrialRecord], total: int | None = None) -> Card:
    """Return the card that lists trials; `total` counts those that are not given, too."""
    total = len(trials) if total is None else total
    if not trials:
        return Card(kind="", title="no trials yet" if not total else words.count(total, "trial"))
    link = _compare([trial.id for trial in trials[:ROWS]], trials[0].experiment)
    return Card(kind="", title=words.count(total, "trial"), grids=(_trials(trials, total),), link=link)


def comparison_card(comparison: Comparison) -> Card:
    """Return the card that compares trials: the parameters that differ, and the latest metrics."""
    facts = comparison.trials
    title = f"comparison of {words.count(len(facts), 'trial')}"
    warning = f"{words.count(len(comparison.missing), 'trial')} not found" if comparison.missing else ""
    if not facts:
        return Card(kind="", title=title, warning=warning)
    ids = [fact.trial.id for fact in facts]
    params = _differing(facts)
    seen = dict.fromkeys((metric.component, metric.name) for fact in facts for metric in _own(fact.metrics))
    # The trial's own metrics first: those of a component are often constants of its preparation.
    metrics = sorted(seen, key=lambda key: bool(key[0]))
    rows = tuple(
        _compared(fact, params[:COLUMNS], metrics[:COLUMNS], trial_colour(fact.trial.number)) for fact in facts[:ROWS]
    )
    columns = (
        "trial",
        *(_label(*key) for key in params[:COLUMNS]),
        *(_label(*key) for key in metrics[:COLUMNS]),
        "time",
    )
    left_out = max(len(params) - COLUMNS, 0) + max(len(metrics) - COLUMNS, 0)
    note = f"{words.count(left_out, 'more column')} in the sidebar's comparison" if left_out else ""
    grid = Grid("", columns, rows, len(facts))
    return Card(
        kind="", title=title, warning=warning, note=note, grids=(grid,), link=_compare(ids, facts[0].trial.experiment)
    )


def found_card(facts: Sequence[TrialFacts], total: int, hint: str = "") -> Card:
    """Return the card of what a search found; `total` counts those that are not given, `hint` says what is amiss."""
    title = f"{words.count(total, 'trial')} found" if total else "nothing found"
    card = comparison_card(Comparison(trials=tuple(facts)))
    grids = tuple(dataclasses.replace(grid, total=total) for grid in card.grids)
    return dataclasses.replace(card, title=title, grids=grids, warning=hint or card.warning)


def status_card(status: Status) -> Card:
    """Return the card that says which store is used."""
    facts = (("store", Cell(words.name(status.store, 200))), ("events", Cell(f"{status.seq:,}")))
    return Card(kind="Labdeck", title=status.version, facts=facts)


def _with(card: Card, grids: tuple[Grid, ...], error: str) -> Card:
    return Card(
        kind=card.kind, title=card.title, state=card.state, facts=card.facts, note=card.note,
        grids=tuple(grid for grid in grids if grid.rows), link=card.link, warning=card.warning, error=error,
    )  # fmt: skip


def _trials(trials: Sequence[TrialRecord], total: int) -> Grid:
    names = {trial.objective.name for trial in trials if trial.objective}
    heading = words.name(names.pop()) if len(names) == 1 else "objective"
    rows = tuple(
        (
            Cell(words.name(trial.name), hover=words.name(trial.name, 300), state=trial.state),
            _best(trial.objective, trial.goal) if trial.objective else Cell("", numeric=True),
            Cell("", spark=trial.objective.spark if trial.objective else ()),
            _elapsed(trial),
            Cell(words.ago(trial.started, time.time()), hover=_absolute(trial.started), numeric=True),
        )
        for trial in trials[:ROWS]
    )
    return Grid("", ("trial", heading, "", "time", "started"), rows, total)


def _params(params: Sequence[Param]) -> Grid:
    rows = tuple(
        (Cell(_label(param.component, param.name)), Cell(words.parameter(param.value), numeric=True))
        for param in params[:ROWS]
    )
    return Grid("", ("parameter", "value"), rows, len(params))


def _own(metrics: Sequence[MetricSummary]) -> list[MetricSummary]:
    """Return the metrics that somebody logged: what the machine did is drawn in the sidebar, and compares nothing."""
    return [metric for metric in metrics if metric.component != _SYSTEM]


def _metrics(metrics: Sequence[MetricSummary]) -> Grid:
    metrics = _own(metrics)
    rows = tuple(
        (
            Cell(_label(metric.component, metric.name), hover=words.name(metric.name, 300)),
            *(Cell(words.number(value), numeric=True) for value in (metric.last, metric.min, metric.max, metric.count)),
            Cell("", spark=metric.spark),
        )
        for metric in metrics[:ROWS]
    )
    return Grid("", ("metric", "last", "min", "max", "points", ""), rows, len(metrics))


def _components(components: Sequence[ComponentRecord]) -> Grid:
    rows = tuple(
        (
            Cell(words.name(component.name), state=component.state),
            Cell(words.duration((component.ended or time.time()) - component.started), numeric=True),
        )
        for component in components[:ROWS]
    )
    return Grid("", ("component", "time"), rows, len(components))


def _artifacts(artifacts: Sequence[ArtifactRecord]) -> Grid:
    rows = tuple(
        (Cell(_label(artifact.component, artifact.name)), Cell(words.size(artifact.size), numeric=True))
        for artifact in artifacts[:ROWS]
    )
    return Grid("", ("artifact", "size"), rows, len(artifacts))


def _compared(
    facts: TrialFacts, params: list[tuple[str, str]], metrics: list[tuple[str, str]], colour: str
) -> tuple[Cell, ...]:
    values = {(param.component, param.name): words.parameter(param.value) for param in facts.params}
    lasts = {(metric.component, metric.name): words.number(metric.last) for metric in facts.metrics}
    trial = facts.trial
    return (
        Cell(words.name(trial.name), hover=words.name(trial.name, 300), state=trial.state, colour=colour),
        *(Cell(values.get(key, ""), numeric=True) for key in params),
        *(Cell(lasts.get(key, ""), numeric=True) for key in metrics),
        _elapsed(trial),
    )


def _differing(facts: Sequence[TrialFacts]) -> list[tuple[str, str]]:
    """Return the parameters that are not the same in all trials; of a single trial, all."""
    values: dict[tuple[str, str], list[object]] = {}
    for fact in facts:
        for param in fact.params:
            values.setdefault((param.component, param.name), []).append(param.value)
    return [
        key
        for key, seen in values.items()
        if len(facts) == 1 or len(seen) < len(facts) or any(v != seen[0] for v in seen)
    ]


def _error(captures: Sequence[Capture]) -> str:
    """Return the end of a recorded traceback."""
    for capture in captures:
        if capture.kind == "error":
            return "\n".join(str(capture.body.get("traceback", "")).strip().splitlines()[-_ERROR_LINES:])
    return ""


def _best(metric: MetricSummary, goal: str) -> Cell:
    best, step = (metric.max, metric.max_step) if goal == "max" else (metric.min, metric.min_step)
    return Cell(words.number(best), hover=f"best at step {step:,}; last {words.number(metric.last)}", numeric=True)


def _elapsed(trial: TrialRecord) -> Cell:
    return Cell(words.duration((trial.ended or time.time()) - trial.started), numeric=True)


def _named(text: str) -> Cell:
    return Cell(words.name(text), hover=words.name(text, 300))


def _label(component: str, name: str) -> str:
    return f"{words.name(component, 24)} / {words.name(name)}" if component else words.name(name)


def _absolute(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def _open_trial(trial_id: str) -> Link:
    return Link("labdeck:open-trial", json.dumps({"trial": trial_id}))


def _compare(trial_ids: list[str], experiment: str) -> Link:
    return Link("labdeck:compare", json.dumps({"trials": trial_ids, "experiment": experiment}))
