"""Sections about steps: how long they take, and how long they wait for data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.reports.drawing import COLOURS, layout, line
from labdeck.debugger.reports.frame import Section
from labdeck.debugger.reports.parts import Figure, Part, Table
from labdeck.debugger.reports.shared_sections import verdicts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdeck.debugger.reports.machine_facts import MachineFacts
    from labdeck.wire.debugging import Mode

_MODES: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT")
_BINS = 60


def steps_section(machine: MachineFacts) -> Section | None:
    """Return how long steps take: statistics, how they are spread, their course, what lies far out."""
    known = {mode: machine.values("timing/step", mode) for mode in _MODES}
    known = {mode: values for mode, values in known.items() if len(values)}
    if not known:
        return None
    columns = ("mode", "steps", "mean (ms)", "deviation", "least", "p50", "p95", "p99", "most")
    rows = []
    for mode, values in known.items():
        thousand = 1000 * values
        middle = np.percentile(thousand, (50, 95, 99))
        rows.append(
            (mode, len(values), thousand.mean(), thousand.std(), thousand.min(), *middle, thousand.max())
        )  # fmt: skip
    spread = [_histogram(1000 * values, mode, number) for number, (mode, values) in enumerate(known.items())]
    lines = [
        line(machine.facts.series("timing/step", "value", mode).steps, 1000 * values, mode, number)
        for number, (mode, values) in enumerate(known.items())
    ]
    parts: list[Part] = [
        Table(columns, rows),
        Figure(spread, layout("milliseconds a step", "steps"), "how long steps take"),
        Figure(lines, layout("step", "milliseconds"), "in their order"),
    ]
    parts += verdicts(machine.found("StepOutlier"), "No more steps lie far out than is tolerated.")
    return Section("steps", "Step durations", tuple(parts))


def loading_section(machine: MachineFacts) -> Section | None:
    """Return how long steps wait for data, and how many processes load it."""
    waits = machine.values("timing/data", "TRAIN")
    if not len(waits):
        return None
    found = machine.facts.series("timing/data", "value", "TRAIN")
    whole = machine.seconds_of("TRAIN") or 1.0
    workers, cores = machine.values("timing/workers"), machine.values("system/cores")
    rows: list[tuple[str, Any]] = [
        ("waiting for data, % of training steps", 100 * float(waits.sum()) / whole),
        ("a step waits (ms), mean", 1000 * float(waits.mean())),
        ("a step waits (ms), p95", 1000 * float(np.percentile(waits, 95))),
        ("a step waits (ms), most", 1000 * float(waits.max())),
        *_evaluations(machine),
        ("processes that load", int(workers[-1]) if len(workers) else "not known"),
        ("cores that may be used", int(cores[-1]) if len(cores) else "not known"),
    ]
    parts: list[Part] = [
        Table(("", ""), rows),
        Figure([_histogram(1000 * waits, "TRAIN", 0)], layout("milliseconds that a step waits for data", "steps")),
        Figure([line(found.steps, 1000 * found.values, "TRAIN")], layout("step", "milliseconds")),
    ]
    parts += verdicts(machine.found("SlowDataloader", "Dataloader"), "The training does not wait for its data.")
    return Section("loading", "Data loading", tuple(parts))


def _evaluations(machine: MachineFacts) -> list[tuple[str, Any]]:
    """Return how long evaluations wait, if there were any."""
    waits, whole = machine.values("timing/data", "EVAL"), machine.seconds_of("EVAL")
    if not len(waits) or not whole:
        return []
    return [
        ("waiting for data, % of evaluations", 100 * float(waits.sum()) / whole),
        ("a step of an evaluation waits (ms), mean", 1000 * float(waits.mean())),
    ]


def _histogram(values: NDArray[np.float64], name: str, number: int) -> dict[str, Any]:
    """Return bars; what lies beyond the 99.5th percentile is in the last one, so that one outlier hides nothing."""
    high = float(np.percentile(values, 99.5))
    low = float(values.min())
    counts, edges = np.histogram(np.minimum(values, high), _BINS, (low, high if high > low else low + 1.0))
    return {
        "type": "bar",
        "x": (edges[1:] + edges[:-1]) / 2,
        "y": counts,
        "width": np.diff(edges),
        "name": name,
        "opacity": 0.7,
        "marker": {"color": COLOURS[number]},
    }
