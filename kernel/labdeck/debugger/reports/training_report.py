"""The training report: loss, metrics, findings, layers, activations, the model, the cost of watching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.debugger.readings import fold_columns
from labdeck.debugger.reports.drawing import axis, label, layout, line
from labdeck.debugger.reports.facts import Facts
from labdeck.debugger.reports.frame import Report, Section
from labdeck.debugger.reports.parts import Figure, Part, Table, Text
from labdeck.debugger.reports.shared_sections import (
    cost_section,
    duration,
    findings_section,
    moment,
    rules_section,
)
from labdeck.store.tensors.given import are_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdeck.store.session import Session
    from labdeck.store.tensors.frames import Moment
    from labdeck.store.tensors.reader import TensorSeries
    from labdeck.wire.debugging import Mode

_MOST_LINES, _MOST_LAYERS, _MOST_ROWS = 12, 80, 400
_DIVERGED = 10.0
_GAP = 0.1
_LAYERS = (
    ("gradients", "Gradients", ("abs_mean", "l2", "l1", "std", "abs_max", "max")),
    ("weights", "Weights", ("l2", "std", "abs_mean", "l1", "max")),
    ("updates", "Update ratios", ("value",)),
)
_ACTIVATIONS = ("abs_mean", "mean", "std", "l2", "max", "zero_count")
_HINTS = {
    "gradients": 'record them with labdeck.watch(model, optimizer), or save={"gradients": True}',
    "weights": 'record them with labdeck.watch(model, optimizer), or save={"weights": True}',
    "updates": "they are recorded where an optimizer of PyTorch is watched",
    "outputs": 'record them with save={"outputs": {"interval": 10}}',
}


def make(session: Session, trial_id: str) -> Report:
    """Return the training report of a trial; see `labdeck.debugger.reports.make_report`."""
    facts = Facts(session, trial_id)
    sections = (
        _summary(facts),
        _loss(facts),
        _metrics(facts),
        findings_section(facts),
        rules_section(facts.debugger.rules),
        *(_layers(facts, *which) for which in _LAYERS),
        _activations(facts),
        _rates(facts),
        _model(facts),
        _recordings(facts),
        cost_section(facts),
    )
    kept = tuple(section for section in sections if section is not None)
    return Report("training", f"Training of {facts.name}", trial_id, kept)


def _summary(facts: Facts) -> Section:
    trial = facts.detail.trial
    watches = facts.debugger.watches
    worst = {severity: sum(found.severity == severity for found in facts.findings) for severity in ("error", "warning")}
    rows: list[tuple[str, object]] = [
        ("experiment", trial.experiment),
        ("trial", trial.name),
        ("state", trial.state),
        ("began", moment(trial.started)),
        ("ended", moment(trial.ended)),
        ("took", duration(trial.ended - trial.started) if trial.ended is not None else "it goes on"),
        *((f"steps of {mode}", count) for mode, count in facts.steps.items()),
        *((f"numbers in {watch.name}", watch.parameters) for watch in watches if watch.parameters),
        *((f"{kind}s found", count) for kind, count in worst.items()),
        *((param.name, param.value) for param in facts.detail.params if not param.component),
    ]
    parts: list[Part] = [Table(("", ""), rows)]
    if trial.incomplete:
        parts.append(Text(f"Facts are missing: {trial.incomplete}", "bad"))
    return Section("summary", "Summary", tuple(parts))


def _loss(facts: Facts) -> Section:
    lines: list[dict[str, Any]] = []
    courses: dict[str, NDArray[np.float64]] = {}
    modes: tuple[Mode, ...] = ("TRAIN", "EVAL", "GLOBAL")
    for name in facts.inside("losses")[:_MOST_LINES]:
        for mode in modes:
            found = facts.series(name, "value", mode)
            kept = are_given(found.values)
            if np.isfinite(found.values).any() or (kept.any() and mode == "TRAIN"):
                steps, values = _held(facts, found) if mode == "EVAL" else (found.steps[kept], found.values[kept])
                lines.append(line(steps, values, f"{name} ({mode})", len(lines)))
                courses.setdefault(mode, values)
    if not lines:
        text = "No loss was recorded. Pass it on: labdeck.watch(model, optimizer, loss=criterion), or hook.save_scalar."
        return Section("loss", "Loss", (Text(text, "advice"),))
    return Section("loss", "Loss", (Figure(lines, layout("step", "loss")), *_judge_loss(courses)))


def _held(facts: Facts, found: TensorSeries) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return an evaluation's loss over the training steps that came before it, the mean of its batches."""
    trained = facts.reader.moments("TRAIN")
    counted = np.array([moment.global_step for moment in trained], np.int64)
    steps = np.array([moment.step for moment in trained], np.int64)
    kept = np.isfinite(found.values)
    places = np.searchsorted(counted, found.global_steps[kept]) - 1
    across = steps[np.maximum(places, 0)] if len(steps) else found.steps[kept]
    at, inverse = np.unique(across, return_inverse=True)
    return at, np.bincount(inverse, found.values[kept]) / np.bincount(inverse)


def _judge_loss(courses: dict[str, NDArray[np.float64]]) -> list[Text]:
    """Say what the course of the loss tells: it fell, it stood still, it fits the training data too much."""
    train = courses.get("TRAIN", courses.get("GLOBAL"))
    if train is None:
        return []
    said = _broken(train)
    finite = train[np.isfinite(train)]
    part = max(len(finite) // 10, 1)
    if len(finite) < 2:  # noqa: PLR2004 - no course
        return said
    first, last, least = float(finite[:part].mean()), float(finite[-part:].mean()), float(finite.min())
    said.append(_course(first, last, part, is_whole=bool(np.isfinite(train[-1]))))
    if least > 0 and last > _DIVERGED * least:
        said.append(Text(f"It had been as low as {least:.4g}: it diverged since.", "bad"))
    held = courses.get("EVAL", np.empty(0))
    held = held[np.isfinite(held)]
    if len(held) and last > 0 and np.isfinite(train[-1]):
        other = float(held[-max(len(held) // 10, 1) :].mean())
        gap = (other - last) / last
        text = f"The validation loss ends at {other:.4g}, {100 * gap:+.3g} % against the training loss."
        if gap > _GAP:
            text += " The model fits the training data more than the rest: regularise it, or stop earlier."
        said.append(Text(text, "bad" if gap > _GAP else "plain"))
    return said


def _broken(train: NDArray[np.float64]) -> list[Text]:
    """Say at how many steps the loss was no finite number, and whether it stayed so to the end."""
    bad = np.flatnonzero(~np.isfinite(train))
    if not len(bad):
        return []
    steps = "1 step" if len(bad) == 1 else f"{len(bad):,} steps"
    said = [Text(f"At {steps} of {len(train):,} the training loss is not a finite number.", "bad")]
    if bad[-1] == len(train) - 1:
        finite = np.flatnonzero(np.isfinite(train))
        good = int(finite[-1]) + 1 if len(finite) else 0
        what = f"after {good:,} recorded steps" if good else "from the first step on"
        said.append(
            Text(f"It was none {what}, to the end: what the model holds now is of no use. Go back before that.", "bad")
        )
    return said


def _course(first: float, last: float, part: int, *, is_whole: bool) -> Text:
    """Say how the loss went, from the mean of its first tenth to that of its last; as long as it was finite."""
    drop = 100 * (first - last) / abs(first) if first else 0.0
    span = f"from {first:.4g} to {last:.4g}"
    if part > 1:
        span += f" (means of the first and the last {part:,} steps{'' if is_whole else ' with a finite loss'})"
    if not is_whole:
        word = "risen" if last > first else "fallen"
        return Text(f"Up to there the training loss had {word} {span}.")
    if last > first:
        return Text(f"The training loss rose {span}: a lower learning rate comes first.", "bad")
    if drop < 1:
        return Text(f"The training loss stood still, {span}: it fell by {drop:.2g} % in all.", "bad")
    return Text(f"The training loss fell {span}, by {drop:.3g} %.", "good")


def _metrics(facts: Facts) -> Section | None:
    lines = [
        line(found.steps, found.values, name, number)
        for number, (name, found) in enumerate(facts.metrics()[:_MOST_LINES])
    ]
    for name in facts.inside("metrics", "scalars")[: _MOST_LINES - len(lines)]:
        found = facts.series(name)
        lines.append(line(found.steps, found.values, name, len(lines)))
    if not lines:
        return None
    return Section("metrics", "Metrics", (Figure(lines, layout("step", "")),))


def _layers(facts: Facts, collection: str, title: str, reductions: Sequence[str]) -> Section:
    """Return how one kind of tensor goes over layers and steps."""
    modes: tuple[Mode, ...] = ("TRAIN", "GLOBAL")
    kept = facts.inside(collection)
    more = [Text(f"These are the first {_MOST_LAYERS} of {len(kept):,}.")] if len(kept) > _MOST_LAYERS else []
    for reduction in reductions:
        names = _having(facts, kept, reduction)
        for mode in modes:
            steps, table = facts.grid(names, reduction, mode)
            if len(steps):
                drawn = (_heat(names, steps, table, reduction), _table_of(names, table, reduction))
                return Section(collection, title, (*drawn, *more))
    return Section(collection, title, (Text(f"None were recorded: {_HINTS[collection]}.", "advice"),))


def _having(facts: Facts, names: Sequence[str], reduction: str) -> list[str]:
    """Return the first tensors, as many as a figure can show, of which a reduction was recorded."""
    return [name for name in names[:_MOST_LAYERS] if reduction in facts.reader.reductions(name)]


def _heat(names: Sequence[str], steps: NDArray[np.int64], table: np.ma.MaskedArray[Any, Any], reduction: str) -> Figure:
    """Draw a reduction over layers and steps: darker is smaller, by orders of magnitude where no value is negative."""
    first, _, values, broken = fold_columns(steps, table)
    known = values[np.isfinite(values)]
    logs = bool(known.size) and known.min() >= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        colours = np.where(values > 0, np.log10(values), np.nan) if logs else values
    rows = [f"{number + 1} {label(name, 44)}" for number, name in enumerate(names)]
    texts = [
        ["not finite" if bad else "" if np.isnan(value) else f"{value:.4g}" for value, bad in zip(*pair, strict=True)]
        for pair in zip(values, broken, strict=True)
    ]
    title = f"log10 {reduction}" if logs else reduction
    traces: list[dict[str, Any]] = [
        {
            "type": "heatmap", "x": first, "y": rows, "z": colours, "text": texts, "colorscale": "Viridis",
            "colorbar": {"title": {"text": title, "side": "right"}, "thickness": 12},
            "hovertemplate": "%{y}<br>step %{x}: %{text}<extra></extra>",
        }
    ]  # fmt: skip
    if broken.any():
        marks = {"colorscale": [[0, "#d627c4"], [1, "#d627c4"]], "showscale": False}
        traces.append({"type": "heatmap", "x": first, "y": rows, "z": np.where(broken, 1.0, np.nan), **marks})
    frame = {"xaxis": axis("step", showgrid=False), "height": max(220, 90 + 20 * len(rows)), "showlegend": False}
    frame["yaxis"] = axis(type="category", autorange="reversed", showgrid=False)
    return Figure(traces, frame, f"{reduction} of each layer over the steps; what is not finite is magenta")


def _table_of(names: Sequence[str], table: np.ma.MaskedArray[Any, Any], reduction: str) -> Table:
    plain = np.ma.filled(table, np.nan)
    rows = []
    for name, values in zip(names, plain, strict=False):
        kept = values[np.isfinite(values)]
        if kept.size:
            rows.append((name, kept[0], kept[-1], kept.min(), kept.max()))
    return Table(("tensor", f"first {reduction}", "last", "least", "most"), rows[:_MOST_ROWS])


def _activations(facts: Facts) -> Section:
    kept = facts.inside("outputs", "relu_outputs")
    for reduction in _ACTIVATIONS:
        names = _having(facts, kept, reduction)
        steps, table = facts.grid(names, reduction)
        if len(steps):
            parts = (_heat(names, steps, table, reduction), _table_of(names, table, reduction))
            return Section("activations", "Activations", parts)
    return Section("activations", "Activations", (Text(f"None were recorded: {_HINTS['outputs']}.", "advice"),))


def _rates(facts: Facts) -> Section | None:
    names = facts.inside("learning_rates")[:_MOST_LINES]
    if not names:
        return None
    found = [facts.series(name) for name in names]
    lines = [line(one.steps, one.values, name, n) for n, (name, one) in enumerate(zip(names, found, strict=True))]
    return Section("rates", "Learning rates", (Figure(lines, layout("step", "learning rate")),))


def _model(facts: Facts) -> Section | None:
    """Return the model's modules with the tensors that they own."""
    modules: dict[tuple[str, str], list[tuple[str, tuple[int, ...], str]]] = {}
    for info in facts.tensors.values():
        if not {"weights", "biases"}.isdisjoint(info.collections):
            key = (info.module or "(the model itself)", info.module_type)
            modules.setdefault(key, []).append((info.name, info.shape, info.dtype))
    if not modules:
        return None
    rows = [
        (
            module,
            kind,
            ", ".join(f"{name} {'×'.join(map(str, shape)) or 'scalar'}" for name, shape, _ in owned),
            ", ".join(dict.fromkeys(dtype for *_, dtype in owned)),
            sum(int(np.prod(shape)) for _, shape, _ in owned),
        )
        for (module, kind), owned in modules.items()
    ]
    total = sum(row[-1] for row in rows)
    caption = f"{total:,} numbers in {sum(map(len, modules.values())):,} tensors of {len(modules):,} modules"
    return Section(
        "model", "Model", (Table(("module", "type", "tensors", "dtype", "numbers"), rows[:_MOST_ROWS], caption),)
    )


def _recordings(facts: Facts) -> Section | None:
    rows = []
    for recording in facts.session.tensors.recordings(facts.trial_id):
        moments = facts.session.tensors.recording(facts.trial_id, recording).moments()
        about = [found for found in facts.findings if found.recording == recording]
        rules = ", ".join(dict.fromkeys(found.rule for found in about))
        if moments:
            rows.append((recording, rules, _spans(moments), len(moments)))
    if not rows:
        return None
    text = "Each holds every tensor, whole, of the last steps before a finding. Step through them: %debug_rules replay."
    return Section(
        "recordings",
        "Flight recordings",
        (Text(text), Table(("recording", "because of", "from step to step", "steps"), rows)),
    )


def _spans(moments: Sequence[Moment]) -> str:
    """Return the first and the last step of each mode, for each counts its own: "TRAIN 9 to 13, EVAL 0"."""
    steps: dict[Mode, list[int]] = {}
    for each in moments:
        steps.setdefault(each.mode, []).append(each.step)
    return ", ".join(
        f"{mode} {min(some):,}" + (f" to {max(some):,}" if len(some) > 1 else "") for mode, some in steps.items()
    )
