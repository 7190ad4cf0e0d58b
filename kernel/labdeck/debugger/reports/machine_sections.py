"""Sections about the machine: processor, memory, disks, network, graphics cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.reports.drawing import COLOURS, axis, label, layout, line, pie
from labdeck.debugger.reports.frame import Section
from labdeck.debugger.reports.parts import Figure, Part, Table, Text
from labdeck.debugger.reports.shared_sections import verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.debugger.reports.machine_facts import MachineFacts

_PERCENTILES = (99, 95, 90, 50)
_WORDS = {
    "cpu": "processor", "iowait": "I/O wait", "memory": "memory", "disk": "disk", "network": "network",
    "gpu": "GPU", "gpu_memory": "GPU memory",
}  # fmt: skip
_MOST_MOMENTS = 400
_SECONDS = "seconds since the beginning"


def words(name: str) -> str:
    """Return what a scalar of the machine is called.

    Example:
        >>> words("system/gpu_memory/1"), words("system/iowait")
        ('GPU memory 1', 'I/O wait')
    """
    _, kind, *number = name.split("/")
    return " ".join((_WORDS.get(kind, kind), *number))


def usage_section(machine: MachineFacts) -> Section | None:
    """Return how much of the machine was used: statistics, courses, and all cores over the time."""
    names = [name for name in machine.measures if len(machine.values(name))]
    if not names:
        return None
    columns = ("measure", "unit", "most", *(f"p{percent}" for percent in _PERCENTILES), "least")
    rows = []
    for name in names:
        values = machine.values(name)
        rows.append((words(name), "%", values.max(), *np.percentile(values, _PERCENTILES), values.min()))
    parts: list[Part] = [Table(columns, rows)]
    groups = (
        [name for name in names if name in ("system/cpu", "system/iowait", "system/memory")],
        [name for name in names if name in ("system/disk", "system/network")],
        machine.cards(),
        machine.cards("gpu_memory"),
    )
    parts += [courses(machine, group) for group in groups if group]
    if len(machine.cores) > 1:
        parts.append(_cores(machine))
    return Section("usage", "Use of the machine", tuple(parts))


def courses(machine: MachineFacts, names: Sequence[str]) -> Figure:
    """Return scalars of the machine over the time."""
    lines = [line(*machine.samples(name), words(name), number) for number, name in enumerate(names)]
    frame = layout(_SECONDS, "%")
    frame["yaxis"] = axis("%", range=[0, 105])
    return Figure(lines, frame)


def _cores(machine: MachineFacts) -> Figure:
    """Return the use of each core, and of each card, over the time."""
    names = [*machine.cores, *machine.cards()]
    found = machine.together(names)
    seconds = machine.samples(names[0])[0]
    count = min(map(len, found.values()))
    edges = np.linspace(0, count, min(count, _MOST_MOMENTS) + 1).round().astype(int)[:-1]
    picture = [
        np.add.reduceat(found[name][:count], edges) / np.diff([*edges, count]) for name in names
    ]  # fmt: skip
    trace = {
        "type": "heatmap",
        "x": seconds[edges],
        "y": [f"core {name.rpartition('/')[2]}" if "/cpu/" in name else words(name) for name in names],
        "z": np.array(picture),
        "zmin": 0,
        "zmax": 100,
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": "%", "side": "right"}, "thickness": 12},
    }
    frame = {"xaxis": axis(_SECONDS, showgrid=False), "height": max(200, 90 + 14 * len(names))}
    frame["yaxis"] = axis(type="category", autorange="reversed", showgrid=False)
    return Figure([trace], frame, "all cores and cards")


def card_sections(machine: MachineFacts) -> Iterator[Section]:
    """Yield what concerns graphics cards; one sentence where there is none."""
    cards, memory = machine.cards(), machine.cards("gpu_memory")
    if not cards:
        text = "No graphics card was sampled. The rules about cards have nothing to judge."
        yield Section("cards", "Graphics cards", (Text(text),))
        return
    yield Section(
        "utilization",
        "GPU utilisation",
        (_boxes(machine, cards), *_told(machine, "LowGPUUtilization", "The cards have enough to do.")),
    )
    together = ["system/cpu", *cards, *memory]
    yield Section(
        "batch-size",
        "Batch size",
        (
            _boxes(machine, [name for name in together if len(machine.values(name))]),
            *_told(machine, "BatchSize", "The batches are large enough, or the cards are busy for another reason."),
        ),
    )
    yield _waiting(machine, "cpu-bottleneck", "CPU bottlenecks", "CPUBottleneck", "system/cpu", "cpu_threshold")
    yield _waiting(machine, "io-bottleneck", "I/O bottlenecks", "IOBottleneck", "system/iowait", "io_threshold")
    if len(cards) > 1:
        yield Section(
            "balance",
            "Load balance",
            (_spread(machine, cards), *_told(machine, "LoadBalancing", "The cards share the work evenly.")),
        )
    if memory:
        told = _told(machine, "GPUMemoryIncrease", "The memory of the cards does not fill up.")
        yield Section("gpu-memory", "GPU memory", (_boxes(machine, memory), courses(machine, memory), *told))


def _told(machine: MachineFacts, name: str, otherwise: str) -> tuple[Text, ...]:
    """Return what a rule found; of one that has not seen enough samples, that it is patient."""
    rule = machine.rule(name)
    patience = rule.params.get("patience")
    if isinstance(patience, int) and rule.evaluations < patience:
        return (Text(f"There are {rule.evaluations} samples; {name} judges from {patience} on."),)
    return verdicts(machine.found(name), otherwise)


def _boxes(machine: MachineFacts, names: Sequence[str]) -> Figure:
    """Return box plots from percentiles, so that their size does not grow with the samples."""
    stats = {name: np.percentile(machine.values(name), (0, 5, 25, 50, 75, 95, 100)) for name in names}
    traces: list[dict[str, Any]] = [
        {
            "type": "box",
            "x": [label(words(name))],
            "lowerfence": [found[1]],
            "q1": [found[2]],
            "median": [found[3]],
            "q3": [found[4]],
            "upperfence": [found[5]],
            "name": label(words(name)),
            "marker": {"color": COLOURS[number % len(COLOURS)]},
        }
        for number, (name, found) in enumerate(stats.items())
    ]
    frame = {"yaxis": axis("%", range=[0, 105]), "xaxis": axis(type="category"), "showlegend": False}
    return Figure(traces, frame, "whiskers: 5th and 95th percentile; box: the middle half; line: median")


def _waiting(machine: MachineFacts, key: str, title: str, rule: str, cause: str, setting: str) -> Section:
    """Return in how many samples cards stood idle while something else was busy, with and without that cause."""
    judged = machine.rule(rule)
    busy_above, idle_below = (float(judged.params[name] or 0) for name in (setting, "gpu_threshold"))
    parts: list[Part] = []
    for card in machine.cards():
        found = machine.together([card, cause])
        idle = found[card] < idle_below
        busy = found[cause] > busy_above
        shares = {
            "card at work": int((~idle).sum()),
            f"card idle, {words(cause)} high": int((idle & busy).sum()),
            "card idle for another reason": int((idle & ~busy).sum()),
        }
        parts.append(pie(shares, words(card)))
    told = _told(machine, rule, f"The cards do not wait because of this ({words(cause)} above {busy_above:g} %).")
    return Section(key, title, (*parts, *told))


def _spread(machine: MachineFacts, names: Sequence[str]) -> Figure:
    edges = np.linspace(0, 100, 21)
    traces = []
    for number, name in enumerate(names):
        counts, _ = np.histogram(machine.values(name), edges)
        traces.append(_steps(counts / max(counts.sum(), 1), edges, words(name), number))
    return Figure(traces, layout("use of the card (%)", "share of the samples"))


def _steps(shares: NDArray[np.float64], edges: NDArray[np.float64], name: str, number: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": edges,
        "y": [*shares, shares[-1]],
        "name": label(name),
        "line": {"shape": "hv", "color": COLOURS[number % len(COLOURS)]},
    }
