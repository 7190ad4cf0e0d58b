"""What was recorded of a training of boosted trees, and of which kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.class_labels import ClassReader
from labdeck.debugger.hooks.boosters import DEVIATION, is_loss
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
        others: Further trainings of the trial, which the report says nothing of.
    """

    kind: Kind
    objective: str
    hyperparameters: dict[str, float]
    curves: tuple[Curve, ...]
    importance: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]
    labels: NDArray[Any]
    data: str
    guesses: tuple[Guess, ...]
    others: int = 0

    def classes_of(self, guess: Guess) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return true and predicted classes after a round, None if the predictions do not tell classes."""
        return ClassReader().read(self.labels, guess.values)


def read_facts(session: Session, trial_id: str) -> Facts:
    """Return what was recorded of a trial's latest booster; NotFound if nothing was that a training of trees has."""
    reader = session.tensors.reader(trial_id)
    folders = _folders(reader)
    part = _Part(reader, folders[0] if folders else "")
    curves, importance = tuple(part.curves()), part.importance()
    if not curves and not importance:
        raise NotFound(
            "the trial has neither metrics nor importances of boosted trees",
            "train with callbacks=[labdeck.debugger.XGBoostHook(rules=['CreateXgboostReport'])]",
        )
    hyper = part.hyperparameters()
    objective = next((name.partition("=")[2] for name in hyper if name.startswith("objective=")), "")
    labels = part.labels()
    guesses = tuple(part.guesses(len(labels))) if len(labels) else ()
    kind = kind_of(objective, labels, guesses[-1].values if guesses else np.empty(0))
    others = len(part.begun) + len(folders) - 2
    return Facts(kind, objective, hyper, curves, importance, labels, part.data, guesses, max(0, others))


def _folders(reader: TensorReader) -> list[str]:
    """Return what stands before the names of each booster that was trained: nothing, or "Booster-2/" and the like."""
    names = (name.partition("feature_importance/") for name in reader.tensors())
    return list(dict.fromkeys(before for before, found, _ in names if found))


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


class _Part:
    """What a reader knows of one booster; of several that were trained one after the other, of the latest.

    Attributes:
        begun: When each of these trainings began, seconds since 1970-01-01 UTC: hyperparameters are recorded once.
        data: Which data predictions are of.
    """

    def __init__(self, reader: TensorReader, folder: str) -> None:
        self._reader = reader
        self._names = {name.removeprefix(folder): name for name in reader.tensors() if name.startswith(folder)}
        hyper = [name for name in self._names if name.startswith("hyperparameters/")]
        self.begun = sorted({float(time) for name in hyper for time in self._series(name).times})
        info = reader.tensors().get(f"{folder}predictions")
        self.data = info.module if info is not None else ""

    def _series(self, name: str) -> TensorSeries:
        return self._reader.series(self._names[name], "value")

    def _is_latest(self, time: float) -> bool:
        return not self.begun or time >= self.begun[-1]

    def hyperparameters(self) -> dict[str, float]:
        """Return the hyperparameters."""
        found = {}
        for name in self._names:
            series = self._series(name) if name.startswith("hyperparameters/") else None
            if series is not None and len(series) and self._is_latest(series.times[-1]):
                found[name.removeprefix("hyperparameters/")] = float(series.values[-1])
        return found

    def curves(self) -> Iterator[Curve]:
        """Yield the metrics."""
        infos = self._reader.tensors()
        for short, name in self._names.items():
            dataset, dash, metric = short.rpartition("-")
            if (
                not dash
                or metric == DEVIATION
                or "/" in dataset
                or not {"losses", "metrics", "scalars"} & set(infos[name].collections)
            ):
                continue
            series = self._series(short)
            kept = [at for at, time in enumerate(series.times) if self._is_latest(time)]
            if kept:
                yield Curve(dataset, metric, series.steps[kept], series.values[kept])

    def importance(self) -> dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]:
        """Return the importances, the largest first."""
        kinds: dict[str, list[tuple[str, float]]] = {}
        for short in self._names:
            kind, _, feature = short.removeprefix("feature_importance/").partition("/")
            if short.startswith("feature_importance/") and feature:
                kinds.setdefault(kind, []).append((feature, _last(self._series(short))))
        for pairs in kinds.values():
            pairs.sort(key=lambda pair: -pair[1])
        return {
            kind: (tuple(name for name, _ in pairs), np.array([value for _, value in pairs]))
            for kind, pairs in kinds.items()
        }

    def labels(self) -> NDArray[Any]:
        """Return the labels, empty if there are none."""
        name = self._names.get("labels", "labels")
        for moment in reversed(self._reader.array_moments(name)):
            found = self._reader.array(name, moment.mode, moment.step)
            if found is not None and found.ndim == 1:
                return found
        return np.empty(0)

    def guesses(self, rows: int) -> list[Guess]:
        """Return what was predicted of so many rows, by step."""
        name = self._names.get("predictions", "predictions")
        moments = [moment for moment in self._reader.array_moments(name) if self._is_latest(moment.time)]
        if len(moments) > _MOST_ROUNDS:
            places = np.unique(np.linspace(0, len(moments) - 1, _MOST_ROUNDS).round().astype(int))
            moments = [moments[place] for place in places.tolist()]
        last = max((moment.step for moment in self._reader.moments("TRAIN")), default=0)
        found: dict[int, Guess] = {}
        for moment in moments:
            values = self._reader.array(name, moment.mode, moment.step)
            if values is not None and len(values) == rows:
                step = last if moment.mode == "GLOBAL" else moment.step  # what the finished model says
                found[step] = Guess(step, values)
        return [found[step] for step in sorted(found)]


def _last(series: TensorSeries) -> float:
    finite = series.values[np.isfinite(series.values)]
    return float(finite[-1]) if len(finite) else 0.0
