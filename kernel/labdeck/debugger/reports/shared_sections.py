"""Sections that several reports have: findings, rules, what the watching cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from labdeck.debugger.reports.drawing import COLOURS, axis, bars, label, layout
from labdeck.debugger.reports.frame import Section
from labdeck.debugger.reports.parts import Figure, Part, Table, Text, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdeck.debugger.reports.facts import Facts
    from labdeck.wire.debugging import FindingRecord, RuleRecord

_SIGNS = {"info": ("circle", COLOURS[7]), "warning": ("triangle-up", COLOURS[4]), "error": ("x", COLOURS[1])}
_MOST_ROWS, _MOST_VERDICTS = 200, 12


def moment(seconds: float | None) -> str:
    """Return a time as people of this place read it."""
    if seconds is None:
        return "not yet"
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Return a duration in words.

    Example:
        >>> duration(0.25), duration(75.2), duration(7322)
        ('0.25 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def verdicts(findings: Iterable[FindingRecord], otherwise: str, *, by_name: bool = False) -> tuple[Text, ...]:
    """Return what rules found, each sentence once, with what to do about it; else another sentence."""
    said: dict[str, Tone] = {}
    for found in findings:
        what = f"{found.rule}: {found.message}" if by_name else f"{found.message[:1].upper()}{found.message[1:]}"
        remedy = f" {found.remedy[:1].upper()}{found.remedy[1:]}." if found.remedy else ""
        said.setdefault(f"{what}.{remedy}", "advice" if found.severity == "info" else "bad")
    told = tuple(Text(text, tone) for text, tone in list(said.items())[:_MOST_VERDICTS])
    return told or (Text(otherwise, "good"),)


def findings_section(facts: Facts) -> Section:
    """Return what rules found, where, and what to do about it."""
    findings = facts.findings
    if not findings:
        return Section("findings", "Findings", (Text("The rules found nothing wrong.", "good"),))
    parts: list[Part] = [_timeline(facts)]
    remedies: dict[str, str] = {}
    for found in findings:
        if found.remedy:
            remedies.setdefault(found.rule, found.remedy)
    parts += [Text(f"{rule}: {remedy}", "advice") for rule, remedy in remedies.items()]
    columns = ("rule", "severity", "mode", "first step", "last step", "steps", "tensor", "value", "threshold", "what")
    rows = [
        (
            found.rule,
            found.severity,
            found.mode,
            found.step,
            found.last_step,
            found.count,
            found.tensor,
            found.value,
            found.threshold,
            found.message + (f" (at {found.origin})" if found.origin else ""),
        )
        for found in findings[:_MOST_ROWS]
    ]
    more = f"the first {_MOST_ROWS} of {len(findings)}" if len(findings) > _MOST_ROWS else ""
    return Section("findings", "Findings", (*parts, Table(columns, rows, more)))


def _timeline(facts: Facts) -> Figure:
    findings = facts.findings
    rules = list(dict.fromkeys(label(found.rule) for found in findings))
    traces = []
    for severity, (symbol, colour) in _SIGNS.items():
        some = [found for found in findings if found.severity == severity]
        if some:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [facts.training_step(found) for found in some],
                    "y": [label(found.rule) for found in some],
                    "text": [label(f"{found.mode} {found.step}: {found.message}", 160) for found in some],
                    "name": severity,
                    "marker": {"symbol": symbol, "size": 9, "color": colour},
                }
            )
    frame = layout("training step", height=120 + 26 * len(rules))
    frame["yaxis"] = axis(type="category", categoryorder="array", categoryarray=rules[::-1])
    where = "where the rules found something; findings of evaluations stand at the training step before them"
    return Figure(traces, frame, where)


def rules_section(rules: Sequence[RuleRecord]) -> Section:
    """Return the rules: what they look for, their state, what they cost."""
    if not rules:
        text = "No rules watched this trial. Replay it with some: %debug_rules replay TRIAL."
        return Section("rules", "Rules", (Text(text, "advice"),))
    columns = ("rule", "state", "looks for", "parameters", "findings", "steps judged", "ms a step", "remarks")
    rows = [
        (
            rule.name,
            rule.state,
            rule.description,
            ", ".join(f"{name}={value}" for name, value in rule.params.items()),
            rule.findings,
            rule.evaluations,
            rule.cost,
            rule.error or rule.missing,
        )
        for rule in rules
    ]
    return Section("rules", "Rules", (Table(columns, rows),))


def cost_section(facts: Facts) -> Section:
    """Return what the watching itself cost."""
    watches, rules = facts.debugger.watches, facts.debugger.rules
    if not watches:
        return Section("cost", "Cost of watching", (Text("Nothing watched this trial."),))
    columns = (
        "model", "framework", "state", "step (ms)", "watching (ms a step)", "share (%)", "budget (%)", "every",
        "rows", "not kept",
    )  # fmt: skip
    rows = [
        (
            watch.name,
            watch.framework,
            watch.state,
            watch.step_time,
            watch.cost,
            100 * watch.cost / watch.step_time if watch.step_time else None,
            None if watch.budget is None else 100 * watch.budget,
            f"{watch.interval} steps" if watch.interval > 1 else "step",
            watch.recorded,
            watch.dropped,
        )
        for watch in watches
    ]
    parts: list[Part] = [Table(columns, rows)]
    parts += [
        Text(f"{watch.name}: {text}", "advice") for watch in watches for text in (watch.reason, *watch.warnings) if text
    ]
    costly = sorted((rule for rule in rules if rule.cost > 0), key=lambda rule: -rule.cost)[:20]
    if costly:
        parts.append(bars([rule.name for rule in costly], [rule.cost for rule in costly], "milliseconds a step judged"))
    return Section("cost", "Cost of watching", tuple(parts))
