"""What was recorded of a training of boosted trees, and of which kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.class_labels import ClassReader
from labdeck.debugger.hooks.boosters import is_loss
from labdeck.errors import NotFound

if TYPE_CHECKING:
    from labdeck.store.session import Session
    from labdeck.store.tensors.reader import TensorReader, TensorSeries

Kind = Literal["binary", "multiclass", "regression"]
_MOST_ROUNDS = 200
"""Rounds of which predictions are read: of more, some evenly spread ones and the last."""
_FEW_CLASSES = 20


class Curve(NamedTuple):
    """One metric of one data set over the rounds."""

    dataset: str
    metric: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def is_train(self) -> bool:
        """It is of the data that was trained on."""
        return self.dataset.lower().startswith(("train", "dtrain"))

    @property
    def is_loss(self) -> bool:
        """It is better when it is lower."""
        return is_loss(self.metric)


class Guess(NamedTuple):
    """What the model predicted after a round, of the same rows each time."""

    step: int
    values: NDArray[Any]


@dataclass(frozen=True)
class Facts:
    """Everything that the report is made of.

    Attributes:
        kind: Of the labels.
        objective: What was trained for, "" if it was not recorded.
        hyperparameters: Those that are numbers; texts as "booster=gbtree".
        curves: Metrics.
        importance: By kind, names and shares of the features after the last round, the largest first.
        labels: Shape (rows,); empty if they were not recorded.
        data: Which data labels and predictions are of.
        guesses: Predictions, oldest first.
    """

    kind: Kind
    objective: str
    hyperparameters: dict[str, float]
    curves: tuple[Curve, ...]
    importance: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]
    labels: NDArray[Any]
    data: str
    guesses: tuple[Guess, ...]

    def classes_of(self, guess: Guess) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return true and predicted classes after a round, None if the predictions do not tell classes."""
        return ClassReader().read(self.labels, guess.values)


def read_facts(session: Session, trial_id: str) -> Facts:
    """Return what was recorded of a trial; NotFound if nothing was that a training of trees has."""
    reader = session.tensors.reader(trial_id)
    tensors = reader.tensors()
    curves = tuple(_curves(reader))
    importance = _importance(reader)
    if not curves and not importance:
        raise NotFound(
            "the trial has neither metrics nor importances of boosted trees",
            "train with callbacks=[labdeck.debugger.XGBoostHook(rules=['CreateXgboostReport'])]",
        )
    hyper = {
        name.removeprefix("hyperparameters/"): float(_last(reader.series(name, "value")))
        for name in tensors
        if name.startswith("hyperparameters/")
    }
    objective = next((name.partition("=")[2] for name in hyper if name.startswith("objective=")), "")
    labels = _labels(reader)
    guesses = tuple(_guesses(reader, len(labels))) if len(labels) else ()
    last = guesses[-1].values if guesses else np.empty(0)
    data = tensors["predictions"].module if "predictions" in tensors else ""
    return Facts(kind_of(objective, labels, last), objective, hyper, curves, importance, labels, data, guesses)


def kind_of(objective: str, labels: NDArray[Any], predictions: NDArray[Any]) -> Kind:
    """Return what kind of labels a model was trained for: as its objective says, else as labels and predictions look.

    Example:
        >>> kind_of("binary:logistic", np.empty(0), np.empty(0)), kind_of("", np.arange(100) / 7, np.arange(100) / 7)
        ('binary', 'regression')
    """
    if objective.startswith("multi"):
        return "multiclass"
    if objective.startswith(("binary", "cross_entropy")):
        return "binary"
    if objective and objective != "reg:logistic":
        return "regression"
    values = np.unique(labels[np.isfinite(labels)]) if labels.dtype.kind == "f" else np.unique(labels)
    if len(values) > _FEW_CLASSES or not len(values) or not (values == np.rint(values)).all():
        return "regression"
    if set(values.tolist()) <= {0, 1} and predictions.ndim < 2:  # noqa: PLR2004 - one number a row
        return "binary"
    whole = predictions.ndim > 1 or bool((predictions == np.rint(predictions)).all())
    return "multiclass" if whole else "regression"


def _curves(reader: TensorReader) -> list[Curve]:
    found = []
    for name, info in reader.tensors().items():
        dataset, dash, metric = name.rpartition("-")
        if not dash or "/" in dataset or not {"losses", "metrics", "scalars"} & set(info.collections):
            continue
        series = reader.series(name, "value")
        if len(series):
            found.append(Curve(dataset, metric, series.steps, series.values))
    return found


def _importance(reader: TensorReader) -> dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]:
    kinds: dict[str, list[tuple[str, float]]] = {}
    for name in reader.tensors():
        first, _, rest = name.partition("/")
        kind, _, feature = rest.partition("/")
        if first == "feature_importance" and feature:
            kinds.setdefault(kind, []).append((feature, _last(reader.series(name, "value"))))
    found = {}
    for kind, pairs in kinds.items():
        pairs.sort(key=lambda pair: -pair[1])
        found[kind] = (tuple(name for name, _ in pairs), np.array([value for _, value in pairs]))
    return found


def _last(series: TensorSeries) -> float:
    finite = series.values[np.isfinite(series.values)]
    return float(finite[-1]) if len(finite) else 0.0


def _labels(reader: TensorReader) -> NDArray[Any]:
    for moment in reversed(reader.array_moments("labels")):
        found = reader.array("labels", moment.mode, moment.step)
        if found is not None and found.ndim == 1:
            return found
    return np.empty(0)


def _guesses(reader: TensorReader, rows: int) -> list[Guess]:
    moments = reader.array_moments("predictions")
    if len(moments) > _MOST_ROUNDS:
        places = np.unique(np.linspace(0, len(moments) - 1, _MOST_ROUNDS).round().astype(int))
        moments = [moments[place] for place in places.tolist()]
    last = max((moment.step for moment in reader.moments("TRAIN")), default=0)
    found: dict[int, Guess] = {}
    for moment in moments:
        values = reader.array("predictions", moment.mode, moment.step)
        if values is not None and len(values) == rows:
            step = last if moment.mode == "GLOBAL" else moment.step  # what the finished model says
            found[step] = Guess(step, values)
    return [found[step] for step in sorted(found)]
