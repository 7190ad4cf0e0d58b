"""The report of a training of boosted trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.reports.drawing import COLOURS, bars, label, layout, line
from labdeck.debugger.reports.frame import Report, Section
from labdeck.debugger.reports.parts import Figure, Part, Table, Text
from labdeck.debugger.reports.xgboost_advice import advise
from labdeck.debugger.reports.xgboost_facts import Facts, read_facts

if TYPE_CHECKING:
    from labdeck.store.session import Session

TOP = 20
"""Features shown of each kind of importance."""
_MEANT = {"weight": "splits on the feature", "gain": "mean gain of a split", "cover": "mean rows of a split"}
_BINS = 10
_MOST_CLASSES = 30
_WHERE = "Record them: XGBoostHook(rules=['CreateXgboostReport'], train_data=…, validation_data=…)."


def make(session: Session, trial_id: str) -> Report:
    """Return the report of a trial; NotFound if nothing was recorded that a training of trees has."""
    facts = read_facts(session, trial_id)
    name = session.catalog.trial(trial_id).name
    sections = [_overview(facts), _labels(facts), _loss(facts), _importance(facts), *_judged(facts)]
    return Report("xgboost", f"Boosted trees of {name}", trial_id, tuple(sections))


def _judged(facts: Facts) -> Iterator[Section]:
    """Yield the sections about predictions."""
    if not facts.guesses:
        text = Text(f"Neither how it errs nor where is known: predictions and labels were not recorded. {_WHERE}")
        yield Section("predictions", "Predictions", (text,))
    elif facts.kind == "regression":
        yield _residuals(facts)
        yield _errors_by_bin(facts)
    else:
        yield _confusion(facts)
        yield _scores(facts)
        yield _per_class(facts)
        if facts.kind == "binary":
            yield _roc(facts)


def _overview(facts: Facts) -> Section:
    rounds = max((len(curve.steps) for curve in facts.curves), default=0)
    said = {"binary": "two classes", "multiclass": "several classes", "regression": "a number"}[facts.kind]
    text = f"The model predicts {said}"
    text += f" (objective {facts.objective})." if facts.objective else ", as labels and predictions look."
    if facts.data:
        text += f" Labels and predictions below are of the {facts.data} data, {len(facts.labels):,} rows."
    if facts.others:
        text += f" The trial has {facts.others} further trainings, which this report says nothing of."
    rows = [("rounds recorded", rounds), *map(_said, sorted(facts.hyperparameters.items()))]
    return Section("overview", "The training", (Text(text), Table(("hyperparameter", "value"), rows)))


def _said(pair: tuple[str, float]) -> tuple[str, float | str]:
    """Return a hyperparameter as it was given: "objective=binary:logistic" stands for a text."""
    name, found, text = pair[0].partition("=")
    return (name, text) if found else pair


def _labels(facts: Facts) -> Section:
    title = "Distribution of the labels"
    labels = facts.labels[np.isfinite(facts.labels)] if len(facts.labels) else facts.labels
    if not len(labels):
        return Section("labels", title, (Text(f"The labels were not recorded. {_WHERE}"),))
    if facts.kind == "regression":
        counts, edges = np.histogram(labels, 30)
        trace = {"type": "bar", "x": (edges[:-1] + edges[1:]) / 2, "y": counts, "marker": {"color": COLOURS[0]}}
        figure = Figure([trace], layout("label", "rows", bargap=0.02))
        text = Text(f"Mean {labels.mean():.4g}, standard deviation {labels.std():.4g}.")
        return Section("labels", title, (figure, text))
    classes, counts = np.unique(labels, return_counts=True)
    parts: list[Part] = [bars([f"{label:g}" for label in classes], counts.tolist(), "rows")]
    ratio = counts.max() / counts.min()
    if ratio > 10:  # noqa: PLR2004 - as the rule ClassImbalance
        most, least = classes[counts.argmax()], classes[counts.argmin()]
        said = f"Class {most:g} is {ratio:.3g} times as frequent as class {least:g}: weight the classes, or judge each."
        parts.append(Text(said, "advice"))
    return Section("labels", title, tuple(parts))


def _loss(facts: Facts) -> Section:
    parts: list[Part] = []
    for metric in dict.fromkeys(curve.metric for curve in facts.curves):
        curves = [curve for curve in facts.curves if curve.metric == metric]
        traces = [line(curve.steps, curve.values, curve.dataset, number) for number, curve in enumerate(curves)]
        parts.append(Figure(traces, layout("round", label(metric), showlegend=True)))
    if not parts:
        parts.append(Text("No metrics were recorded: give xgboost.train evals=[(data, 'train'), …]."))
    return Section("loss", "Loss and metrics by round", (*parts, *advise(facts.curves)))


def _importance(facts: Facts) -> Section:
    title = "Importance of the features"
    parts: list[Part] = []
    for kind, (names, values) in facts.importance.items():
        if kind in _MEANT:
            parts.append(bars(names[:TOP], values[:TOP].tolist(), f"share of the {kind} ({_MEANT[kind]})"))
            if len(names) > TOP:
                parts.append(Text(f"{len(names) - TOP:,} further features share {values[TOP:].sum():.1%}."))
    return Section("importance", title, tuple(parts) or (Text("No importances were recorded."),))


# -- classes -------------------------------------------------------------------------------------------------------


def _confusion(facts: Facts) -> Section:
    title = f"Confusion matrix after round {facts.guesses[-1].step}"
    found = facts.classes_of(facts.guesses[-1])
    if found is None:
        return Section("confusion", title, (_odd(),))
    from sklearn.metrics import confusion_matrix

    truth, said = found
    classes = np.union1d(truth, said)
    if len(classes) > _MOST_CLASSES:
        return Section("confusion", title, (Text(f"{len(classes):,} classes are too many to be drawn."),))
    matrix = confusion_matrix(truth, said, labels=classes)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    names = [str(name) for name in classes]
    trace = {
        "type": "heatmap", "x": names, "y": names, "z": shares, "zmin": 0, "zmax": 1, "text": matrix.tolist(),
        "texttemplate": "%{text}", "colorscale": "Blues", "colorbar": {"title": {"text": "share of the row"}},
    }  # fmt: skip
    frame = layout("predicted", "true", height=max(320, 80 + 28 * len(names)))
    frame["xaxis"] |= {"type": "category"}
    frame["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return Section("confusion", title, (Figure([trace], frame),))


def _scores(facts: Facts) -> Section:
    title = "Precision, recall and F1"
    found = facts.classes_of(facts.guesses[-1])
    if found is None:
        return Section("scores", title, (_odd(),))
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support

    truth, said = found
    classes = np.union1d(truth, said)
    each = precision_recall_fscore_support(truth, said, labels=classes, zero_division=0)
    rows = [(str(name), *map(float, values[:3]), int(values[3])) for name, *values in zip(classes, *each, strict=True)]
    for average in ("micro", "macro", "weighted"):
        several = precision_recall_fscore_support(truth, said, labels=classes, average=average, zero_division=0)
        rows.append((f"{average} average", *map(float, several[:3]), len(truth)))
    balanced = recall_mean(truth, said) if len(np.unique(truth)) < 2 else balanced_accuracy_score(truth, said)  # noqa: PLR2004
    text = Text(f"Accuracy {accuracy_score(truth, said):.4f}, balanced accuracy {balanced:.4f}.")
    return Section("scores", title, (text, Table(("class", "precision", "recall", "F1", "rows"), rows)))


def recall_mean(truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Return the mean, over the classes there are, of the share that is recognised."""
    return float(np.mean([(said[truth == name] == name).mean() for name in np.unique(truth)]))


def _per_class(facts: Facts) -> Section:
    """Each class's share on the diagonal of the confusion matrix, by round."""
    title = "Accuracy of each class by round"
    steps, shares = [], []
    classes = np.unique(facts.labels[np.isfinite(facts.labels)]).astype(np.int64)[:_MOST_CLASSES]
    for guess in facts.guesses:
        found = facts.classes_of(guess)
        if found is not None:
            truth, said = found
            steps.append(guess.step)
            shares.append(
                [np.mean(said[truth == name] == name) if (truth == name).any() else np.nan for name in classes]
            )
    if not steps:
        return Section("classes", title, (_odd(),))
    table = np.array(shares)
    traces = [line(np.array(steps), table[:, at], f"class {name}", at) for at, name in enumerate(classes)]
    parts: list[Part] = [Figure(traces, layout("round", "share that is recognised", showlegend=True))]
    worst = int(np.nanargmin(table[-1]))
    parts.append(Text(f"Class {classes[worst]} is recognised least: in {table[-1, worst]:.0%} of its rows."))
    return Section("classes", title, tuple(parts))


def _roc(facts: Facts) -> Section:
    title = "ROC curve"
    guess = facts.guesses[-1].values
    scores = guess[:, -1] if guess.ndim > 1 else guess
    kept = np.isfinite(facts.labels) & np.isfinite(scores)
    truth, scores = facts.labels[kept] > 0, scores[kept]
    if truth.all() or not truth.any():
        return Section("roc", title, (Text("All rows are of one class: there is nothing to tell apart."),))
    from sklearn.metrics import auc, roc_curve

    wrong, right, _ = roc_curve(truth, scores)
    area = float(auc(wrong, right))
    chance = {"line": {"color": "#808080", "dash": "dot"}}
    traces = [line(wrong, right, f"AUC {area:.4f}"), line([0, 1], [0, 1], "chance", 1, **chance)]
    frame = layout("share of class 0 taken for 1", "share of class 1 recognised", showlegend=True)
    return Section("roc", title, (Figure(traces, frame), Text(f"The area under the curve is {area:.4f}.")))


# -- numbers -------------------------------------------------------------------------------------------------------


def _residuals(facts: Facts) -> Section:
    guess = facts.guesses[-1]
    title = f"Residuals after round {guess.step}"
    if guess.values.ndim > 1:
        return Section("residuals", title, (_odd(),))
    errors = facts.labels.astype(np.float64) - guess.values
    errors = errors[np.isfinite(errors)]
    if not len(errors):
        return Section("residuals", title, (Text("No prediction is finite.", "bad"),))
    counts, edges = np.histogram(errors, 40)
    trace = {"type": "bar", "x": (edges[:-1] + edges[1:]) / 2, "y": counts, "marker": {"color": COLOURS[0]}}
    spread = float(errors.std())
    shift = float(errors.mean())
    said = f"Mean {shift:.4g}, standard deviation {spread:.4g}, mean absolute residual {np.abs(errors).mean():.4g}."
    parts: list[Part] = [Figure([trace], layout("label minus prediction", "rows", bargap=0.02)), Text(said)]
    if abs(shift) > 3 * spread / np.sqrt(len(errors)):
        way = "low" if shift > 0 else "high"
        parts.append(Text(f"Predictions are too {way} on the whole: look at base_score, or train longer.", "advice"))
    return Section("residuals", title, tuple(parts))


def _errors_by_bin(facts: Facts) -> Section:
    """The mean absolute error of rows whose labels are alike, by round."""
    title = "Error by label and round"
    labels = facts.labels.astype(np.float64)
    finite = np.isfinite(labels)
    guesses = [guess for guess in facts.guesses if guess.values.ndim == 1]
    if not guesses or not finite.any():
        return Section("errors", title, (_odd(),))
    edges = np.linspace(labels[finite].min(), labels[finite].max(), _BINS + 1)
    place = np.clip(np.searchsorted(edges, labels, "right") - 1, 0, _BINS - 1)
    steps = np.array([guess.step for guess in guesses])
    traces = []
    last: list[tuple[float, str]] = []
    for bin_ in range(_BINS):
        inside = finite & (place == bin_)
        if inside.any():
            errors = np.array([np.abs(labels[inside] - guess.values[inside]).mean() for guess in guesses])
            name = f"{edges[bin_]:.4g} … {edges[bin_ + 1]:.4g}"
            traces.append(line(steps, errors, f"{name} ({inside.sum():,} rows)", bin_))
            last.append((float(errors[-1]), name))
    figure = Figure(traces, layout("round", "mean absolute error", showlegend=True))
    worst = max(last)
    said = Text(f"The error is largest for labels of {worst[1]}: {worst[0]:.4g} after the last round.")
    return Section("errors", title, (figure, said))


def _odd() -> Text:
    return Text("Labels and predictions do not fit together: these are no classes, or have several columns.")
