"""The cards of rules, findings and watched trainings."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from labdeck.wire.numbers import to_float
from labdeck_ui import words
from labdeck_ui.card import Card, Cell, Grid, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.debugging import FindingPage, FindingRecord, RuleRecord, WatchRecord
    from labdeck.wire.judging import Judged, ReportKept, RuleKind, RuleList, WatchReport
    from labdeck.wire.tensors import RecordedStep, TensorList

ROWS = 20
_MARKS = {"info": "ℹ", "warning": "⚠", "error": "✗"}  # noqa: RUF001 - the sign for information
_SENTENCE = 160
_STATES = {"on": "watching", "paused": "paused", "off": "ended", "failed": "switched itself off"}


def rule_list_card(listed: RuleList) -> Card:
    """Return the card that lists rules with their parameters: all of them, for it is read to choose."""
    if not listed.rules:
        return Card(kind="", title="no rules were added", note="the rules that suit any training watch the next one")
    if len(listed.rules) == 1:
        return _rule_card(listed.rules[0])
    rows = tuple(
        (
            Cell(f"{'• ' if rule.chosen else ''}{words.name(rule.name)}", hover=words.name(rule.remedy, 300)),
            Cell(words.name(rule.description, _SENTENCE), hover=words.name(rule.remedy, 300)),
            Cell(_params(rule)),
        )
        for rule in listed.rules
    )
    chosen = [rule.name for rule in listed.rules if rule.chosen]
    note = f"• watch the next training: {', '.join(chosen)}" if chosen else ""
    grid = Grid("", ("rule", "looks for", "parameters"), rows, len(rows))
    return Card(kind="", title=words.count(len(rows), "rule"), grids=(grid,), note=note)


def _rule_card(rule: RuleKind) -> Card:
    rows = tuple((Cell(name), Cell(words.parameter(value), numeric=True)) for name, value in rule.params.items())
    facts = [("looks for", Cell(words.name(rule.description, 300))), ("severity", Cell(rule.severity))]
    if rule.needs:
        facts.append(("judges", Cell(words.name(", ".join(rule.needs), _SENTENCE))))
    if rule.remedy:
        facts.append(("remedy", Cell(words.name(rule.remedy, 300))))
    grids = (Grid("", ("parameter", "default"), rows, len(rows)),) if rows else ()
    return Card(kind="rule", title=words.name(rule.name), facts=tuple(facts), grids=grids)


def watch_report_card(report: WatchReport) -> Card:
    """Return the card of how the watching of a trial goes."""
    detail = report.detail
    facts = [("findings", Cell(f"{report.total:,}"))]
    facts += [(words.name(watch.name), _watch(watch)) for watch in detail.watches[:ROWS]]
    rules = _rules(detail.rules)
    warnings = [text for watch in detail.watches for text in watch.warnings]
    warnings += [f"{rule.name}: {rule.missing}" for rule in detail.rules if rule.missing]
    return Card(
        kind="watched",
        title=words.name(detail.trial.name),
        state=detail.trial.state,
        facts=tuple(facts),
        note=words.name(report.note, 300),
        grids=tuple(grid for grid in (findings_grid(report.findings, report.total), rules) if grid.rows),
        link=_open_rules(detail.trial.id),
        warning="; ".join(words.name(text, 200) for text in warnings[:4]),
    )


def finding_page_card(page: FindingPage) -> Card:
    """Return the card that lists findings."""
    if not page.findings:
        return Card(kind="", title="no findings")
    return Card(kind="", title=words.count(page.total, "finding"), grids=(findings_grid(page.findings, page.total),))


def judged_card(judged: Judged) -> Card:
    """Return the card of what rules say of a recorded training."""
    findings = judged.findings
    facts = (("steps judged", Cell(f"{judged.steps:,}")), ("findings", Cell(f"{len(findings):,}")))
    missing = [f"{rule.name}: {rule.missing}" for rule in judged.rules if rule.missing]
    grids = (findings_grid(findings, len(findings)), _rules(judged.rules))
    return Card(
        kind="judged again",
        title=words.name(judged.trial.name),
        facts=facts,
        grids=tuple(grid for grid in grids if grid.rows),
        link=_open_rules(judged.trial.id),
        warning="; ".join(words.name(text, 200) for text in missing[:4]),
    )


def report_card(kept: ReportKept) -> Card:
    """Return the card that says where a report is."""
    facts = (
        ("page", Cell(f"{words.name(kept.page.name)}, {words.size(kept.page.size)}")),
        ("notebook", Cell(f"{words.name(kept.notebook.name)}, {words.size(kept.notebook.size)}")),
    )
    link = Link("labdeck:open-trial", json.dumps({"trial": kept.trial.id}))
    return Card(kind=f"{kept.kind} report of", title=words.name(kept.trial.name), facts=facts, link=link)


def tensor_list_card(listed: TensorList) -> Card:
    """Return the card of what was recorded of a trial's tensors: how much, and the flight recordings."""
    facts = [("tensors", Cell(f"{len(listed.tensors):,}"))]
    facts += [(f"{mode.mode} steps", Cell(f"{mode.count:,}")) for mode in listed.modes]
    rows = tuple(
        (
            Cell(recording.id),
            Cell(words.name(recording.rule)),
            Cell(_span([moment.step for moment in recording.steps]), numeric=True),
            Cell(f"{len(recording.tensors):,}", numeric=True),
        )
        for recording in listed.recordings[:ROWS]
    )
    grid = Grid("flight recordings", ("recording", "rule", "steps", "tensors"), rows, len(listed.recordings))
    return Card(kind="", title="recorded tensors", facts=tuple(facts), grids=(grid,) if rows else ())


def recorded_step_card(step: RecordedStep) -> Card:
    """Return the card of one step of a flight recording."""
    rows = tuple(
        (
            Cell(words.name(tensor.name)),
            Cell("×".join(map(str, tensor.shape)) or "scalar"),
            *(Cell(words.number(value), numeric=True) for value in (tensor.min, tensor.max, tensor.mean)),
            Cell(_bad(tensor.nan_count, tensor.inf_count), numeric=True),
            Cell("" if tensor.change is None else words.number(tensor.change), numeric=True),
        )
        for tensor in step.tensors[:ROWS]
    )
    columns = ("tensor", "shape", "min", "max", "mean", "not finite", "change")
    return Card(
        kind="flight recording,",
        title=f"{step.mode} step {step.step:,}",
        grids=(Grid("", columns, rows, len(step.tensors)),),
    )


def findings_grid(findings: Sequence[FindingRecord], total: int) -> Grid:
    """Return findings as a table: what, where, how bad, and what helps."""
    rows = tuple(
        (
            Cell(f"{_MARKS[found.severity]} {words.name(found.rule)}", hover=found.severity),
            Cell(_steps(found), hover=words.ago(found.last_time, time.time()), numeric=True),
            Cell(words.name(found.tensor, 40), hover=words.name(found.tensor, 300)),
            Cell(_said(found), hover=words.name(found.message, 500)),
            Cell(words.name(found.remedy, _SENTENCE), hover=words.name(found.remedy, 500)),
            Cell(", ".join(_action(action.name, done=action.done) for action in found.actions)),
        )
        for found in findings[:ROWS]
    )
    columns = ("finding", "step", "tensor", "what", "remedy", "done")
    return Grid("findings", columns, rows, total)


def _rules(rules: Sequence[RuleRecord]) -> Grid:
    rows = tuple(
        (
            Cell(words.name(rule.name), hover=words.name(rule.description, 300)),
            Cell(rule.state, hover=words.name(rule.error or rule.missing, 300)),
            Cell(f"{rule.findings:,}", numeric=True),
            Cell(f"{rule.evaluations:,}", numeric=True),
            Cell(f"{rule.cost:.3f} ms", numeric=True),
            Cell(words.name(rule.error or rule.missing or _report(rule), _SENTENCE)),
        )
        for rule in rules[:ROWS]
    )
    return Grid("rules", ("rule", "state", "findings", "judged", "cost a step", ""), rows, len(rules))


def _report(rule: RuleRecord) -> str:
    return ", ".join(f"{name} {words.parameter(value)}" for name, value in list(rule.report.items())[:4])


def _watch(watch: WatchRecord) -> Cell:
    share = watch.cost / watch.step_time if watch.step_time else 0.0
    parts = [_STATES[watch.state], f"{watch.steps:,} training steps"]
    if share:
        parts.append(f"{100 * share:.1f} % of a step")
    if watch.interval > 1:
        parts.append(f"every {watch.interval:,} steps")
    if watch.dropped:
        parts.append(f"{watch.dropped:,} not kept")
    return Cell(", ".join(parts), hover=words.name(watch.reason, 300))


def _params(rule: RuleKind) -> str:
    return words.name(", ".join(f"{name}={words.parameter(value)}" for name, value in rule.params.items()), _SENTENCE)


def _said(found: FindingRecord) -> str:
    return words.name(f"{found.message}{f' ({found.origin})' if found.origin else ''}", _SENTENCE)


def _steps(found: FindingRecord) -> str:
    mode = "" if found.mode == "TRAIN" else f"{found.mode} "
    return f"{mode}{_span([found.step, found.last_step])}"


def _span(steps: Sequence[int]) -> str:
    if not steps:
        return ""
    first, last = min(steps), max(steps)
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"


def _action(name: str, *, done: bool) -> str:
    return words.name(name) if done else f"{words.name(name)} failed"


def _bad(nans: float, infs: float) -> str:
    total = to_float(nans) + to_float(infs)
    return f"{total:,.0f}" if total else ""


def _open_rules(trial_id: str) -> Link:
    return Link("labdeck:open-rules", json.dumps({"trial": trial_id}))
