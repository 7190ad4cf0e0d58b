"""The profiler report: where the time went, what the machine did, and what the rules say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck.debugger.reports.drawing import bars, pie
from labdeck.debugger.reports.facts import Facts
from labdeck.debugger.reports.frame import Report, Section
from labdeck.debugger.reports.machine_facts import MachineFacts
from labdeck.debugger.reports.machine_sections import card_sections, usage_section
from labdeck.debugger.reports.parts import Part, Table, Text
from labdeck.debugger.reports.shared_sections import cost_section, duration, moment, verdicts
from labdeck.debugger.reports.step_sections import loading_section, steps_section
from labdeck.debugger.rules import find
from labdeck.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdeck.store.session import Session

_MOST_OPERATORS = 20
_WITH_OPERATORS = ("torch", "keras")


def make(session: Session, trial_id: str) -> Report:
    """Return the profiler report of a trial; see `labdeck.debugger.reports.make_report`."""
    facts = Facts(session, trial_id)
    machine = MachineFacts(facts)
    if machine.is_empty:
        raise NotFound("the trial was not profiled", "train it within labdeck.watch(model, profile=True)")
    sections = (
        _summary(machine),
        usage_section(machine),
        _framework(machine),
        _operators(facts),
        _rules(machine),
        steps_section(machine),
        *card_sections(machine),
        loading_section(machine),
        cost_section(facts),
    )
    return Report(
        "profiler", f"Profile of {facts.name}", trial_id, tuple(each for each in sections if each is not None)
    )


def _summary(machine: MachineFacts) -> Section:
    trial = machine.facts.detail.trial
    took = trial.ended - trial.started if trial.ended is not None else sum(machine.phases.values())
    rows: list[tuple[str, object]] = [
        ("state", trial.state),
        ("began", moment(trial.started)),
        ("ended", moment(trial.ended)),
        ("took", duration(took)),
        *((f"steps of {mode}", count) for mode, count in machine.facts.steps.items()),
    ]
    parts: list[Part] = [Table(("", ""), rows)]
    if machine.phases:
        whole = sum(machine.phases.values()) or 1.0
        phases = [(name, duration(seconds), 100 * seconds / whole) for name, seconds in machine.phases.items()]
        parts.append(Table(("phase", "took", "% of the time"), phases))
    return Section("summary", "Summary", tuple(parts))


def _framework(machine: MachineFacts) -> Section | None:
    """Return where the time of the steps went."""
    modes = {mode: machine.seconds_of(mode) for mode in ("TRAIN", "EVAL", "PREDICT")}
    inside = sum(modes.values())
    if not inside:
        return None
    outside = machine.phases.get("steps", 0.0) - inside
    shares = {mode: seconds for mode, seconds in modes.items() if seconds} | ({"other": outside} if outside > 0 else {})
    pies = [pie(shares, "the loop, by mode")]
    parts = {mode: machine.parts(mode) for mode in ("TRAIN", "EVAL")}
    pies += [pie(found, f"steps of {mode}, by part") for mode, found in parts.items() if found]
    kept = machine.facts.capture("operators").get("operators", [])
    kinds = {
        "processor": sum(row.get("cpu_ms", 0.0) for row in kept),
        "graphics card": sum(row.get("device_ms", 0.0) for row in kept),
    }
    if kinds["processor"]:
        pies.append(pie({name: value / 1000 for name, value in kinds.items() if value}, "operators, by device"))
    whole = sum(shares.values())
    by_mode = Table(
        ("mode", "seconds", "% of the loop"),
        [(mode, seconds, 100 * seconds / whole) for mode, seconds in shares.items()],
    )
    text = (
        "Work that a graphics card does later counts where it is waited for. With a data loader of PyTorch, "
        '"data" is the time that it was waited for, and "other" the rest of the time between two steps.'
    )
    return Section("framework", "Where the time went", (*pies, by_mode, _parts(parts), Text(text)))


def _parts(parts: Mapping[str, Mapping[str, float]]) -> Table:
    """Return what the parts of steps took, side by side for training and evaluation."""
    rows: list[tuple[object, ...]] = []
    for part in dict.fromkeys(part for found in parts.values() for part in found):
        row: list[object] = [part]
        for found in parts.values():
            seconds = found.get(part)
            row += [seconds, None if seconds is None else 100 * seconds / sum(found.values())]
        rows.append(tuple(row))
    columns = [column for mode in parts for column in (f"seconds of {mode}", f"% of {mode}")]
    return Table(("part of the steps", *columns), rows)


def _operators(facts: Facts) -> Section | None:
    """Return the tables of operators, on the processor and on the graphics card; None of what has no operators."""
    body = facts.capture("operators")
    rows = body.get("operators", [])
    if not rows and not any(watch.framework in _WITH_OPERATORS for watch in facts.debugger.watches):
        return None
    if not rows:
        text = "Operators were not profiled: watch.profile_operators(steps=5) has the next steps tell them."
        return Section("operators", "Operators", (Text(text, "advice"),))
    parts: list[Part] = [Text(f"Of {body.get('steps', 0)} steps; milliseconds are those of all of them.")]
    for key, title in (("cpu_ms", "on the processor"), ("device_ms", "on the graphics card")):
        total = sum(row.get(key, 0.0) for row in rows)
        most = sorted((row for row in rows if row.get(key, 0.0) > 0), key=lambda row: -row[key])[:_MOST_OPERATORS]
        if most:
            parts.append(bars([row["name"] for row in most[:10]], [row[key] for row in most[:10]], f"ms {title}"))
            columns = ("operator", "calls", "ms by itself", "ms with what it calls", "% of all")
            table = [
                (
                    row["name"],
                    row.get("calls"),
                    row[key],
                    row.get("cpu_total_ms") if key == "cpu_ms" else None,
                    100 * row[key] / total,
                )
                for row in most
            ]
            parts.append(Table(columns, table, title))
    return Section("operators", "Operators", tuple(parts))


def _rules(machine: MachineFacts) -> Section:
    """Return what the rules over machine and steps say, those first that found something."""
    triggered = {rule.name: machine.told(rule.rule) for rule in machine.judged.rules}
    ordered = sorted(machine.judged.rules, key=lambda rule: -len(triggered[rule.name]))
    columns = ("rule", "looks for", "what to do", "times found", "judged", "parameters", "remarks")
    rows = [
        (
            rule.name,
            rule.description,
            find(rule.rule).remedy,
            sum(found.count for found in triggered[rule.name]),
            rule.evaluations,
            ", ".join(f"{name}={value}" for name, value in rule.params.items() if name != "scan_interval_us"),
            rule.missing,
        )
        for rule in ordered
    ]
    found = [each for rule in ordered for each in triggered[rule.name]]
    said = verdicts(found, "The rules over machine and steps found nothing wrong.", by_name=True)
    return Section("rules", "Rules", (*said, Table(columns, rows)))
