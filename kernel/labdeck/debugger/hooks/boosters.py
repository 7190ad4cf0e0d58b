"""What the feeds of boosters have in common: one round is one step, and what is recorded of it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.checkpoints import keep_checkpoint
from labdeck.debugger.hooks.rows import RowFiller
from labdeck.errors import TrainingEnded, TrainingStopped
from labdeck.store.tensors.layout import TensorInfo

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub
    from labdeck.debugger.plan import Plan
    from labdeck.debugger.profiler.rounds import RoundTimes

MOST_FEATURES = 2_000
"""Features whose importance is recorded; of a wider table the first ones."""
TREE_COLUMNS = ("Tree", "Node", "Feature", "Split", "Yes", "No", "Missing", "Gain", "Cover")
DEVIATION = "std"
"""What the deviation of a metric over the folds of a cross-validation is called, behind the metric's name."""
_RISING = ("auc", "map", "ndcg", "pre@", "acc", "r2", "score", "f1", "recall", "average_precision", "gini")

Numbers = NDArray[np.float64]


class Metric(NamedTuple):
    """One evaluation of one round.

    Attributes:
        dataset: "train", "validation" …
        name: "rmse", "auc" …
        value: It.
        is_loss: It is better when it is lower.
        collection: The collection it is in; "" for "losses" or "metrics", whichever it is.
    """

    dataset: str
    name: str
    value: float
    is_loss: bool
    collection: str = ""


def is_loss(metric: str) -> bool:
    """Say whether a metric is better when it is lower, by its name.

    Example:
        >>> is_loss("logloss"), is_loss("auc"), is_loss("ndcg@10")
        (True, False, False)
    """
    return not any(part in metric.lower() for part in _RISING)


class Source(ABC):
    """One booster, as its library shows it.

    Attributes:
        features: Names of the features, in their order.
        kinds: Kinds of importance.
        data: Which data labels and predictions are of: "train", "validation"; "" if there are none.
        classes: Columns that SHAP values have beside the features; 1 for one output.
        shap_rows: Rows of which SHAP values are computed; 0 if they cannot be.
    """

    features: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    data: str = ""
    classes: int = 1
    shap_rows: int = 0

    @property
    @abstractmethod
    def model(self) -> Any:
        """The booster itself."""

    @abstractmethod
    def use(self, booster: Any) -> None:
        """Go on with the object that the library hands out now; None to hold none until the next round."""

    def keepable(self) -> Any:
        """Return what is kept as a checkpoint; UsageError if nothing can be."""
        return self.model

    @abstractmethod
    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rate by a factor; say in words what it is now."""

    @abstractmethod
    def importance(self) -> Mapping[str, Numbers]:
        """Return the importance of each feature, float64 (features,), by kind; of any scale."""

    @abstractmethod
    def labels(self) -> NDArray[Any]:
        """Return the labels."""

    @abstractmethod
    def predictions(self) -> NDArray[Any]:
        """Return the predictions as they are now, shape (rows,) or (rows, classes)."""

    @abstractmethod
    def shap(self) -> Numbers:
        """Return SHAP values, shape (rows, features, classes)."""

    @abstractmethod
    def trees(self) -> Mapping[str, NDArray[Any]]:
        """Return the trees that have grown since this was asked last, a row a node: see `TREE_COLUMNS`."""

    @abstractmethod
    def hyperparameters(self) -> Mapping[str, float]:
        """Return the hyperparameters that are numbers."""


class BoosterFeed:
    """Hands each round of a booster to a hub.

    Args:
        hub: The hub.
        source: The booster.
        budget: Share of the time that reading importances may take, None for no limit: they are read anew as often as
            that allows, and between two readings the latest are recorded again.
        times: Times the rounds.
    """

    def __init__(self, hub: Hub, source: Source, budget: float | None, times: RoundTimes) -> None:
        self.hub = hub
        self._source = source
        self._times = times
        self._budget = budget
        self._kept = source.features[:MOST_FEATURES]
        names = [f"feature_importance/{kind}/{name}" for kind in source.kinds for name in self._kept]
        shap = _shap_names(source, self._kept)
        self._filler = RowFiller([*names, *shap])
        self._importances, self._shaps = len(names), len(shap)
        self._scalars = np.full(len(names) + len(shap), np.nan)
        self._begun = time.perf_counter()
        self._spent = 0.0
        self._is_first = True
        self.stopped = ""
        hub.describe(self._infos(names, shap))
        hub.controls.live = lambda: {"model": source.model}
        hub.controls.checkpoint = self._keep
        hub.controls.lower_learning_rate = source.lower_learning_rate
        if len(source.features) > len(self._kept):
            hub.warn(f"importances are recorded of the first {MOST_FEATURES:,} features only")

    def _infos(self, names: list[str], shap: list[str]) -> list[TensorInfo]:
        source = self._source
        infos = [TensorInfo(name, ("feature_importance",), dtype="float64") for name in names]
        if source.data:
            rows = source.labels().shape
            infos.append(TensorInfo("labels", ("labels",), module=source.data, shape=rows, dtype="float32"))
            infos.append(TensorInfo("predictions", ("predictions",), module=source.data, shape=rows, dtype="float32"))
        infos += [TensorInfo(f"trees/{column}", ("trees",), shape=(0,), dtype="float64") for column in TREE_COLUMNS]
        if source.shap_rows:
            infos += [TensorInfo(name, ("average_shap",), dtype="float64") for name in shap]
            shape = (source.shap_rows,) if source.classes == 1 else (source.shap_rows, source.classes)
            infos += [TensorInfo(f"full_shap/{name}", ("full_shap",), shape=shape) for name in self._kept]
        return infos

    def round(self, metrics: Iterable[Metric], began: float) -> bool:
        """End a round; return whether the training is to end here.

        Args:
            metrics: Its evaluations.
            began: When the hook's own work began, of `time.perf_counter`.

        Raises:
            TrainingPaused: A rule's action or a person ends the training here, to look at it.
        """
        if not self.hub.is_on:
            return bool(self.stopped)
        try:
            self.step(metrics, began)
        except TrainingStopped as ending:
            self.stopped = str(ending)
            self.hub.say(f"the training was stopped: {ending}")
            return True
        return False

    def step(self, metrics: Iterable[Metric], began: float) -> None:
        """End a round as `round` does; raises TrainingStopped, too, where a rule's action or a person asks for it."""
        hub = self.hub
        if not hub.is_on:
            return
        try:
            plan = self._prepare(metrics)
            self._times.tell()
            found = None if plan is None else self._compute(plan)
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)
            return
        if plan is None or found is None:
            hub.skip("TRAIN")
        else:
            hub.take("TRAIN", plan, found[0], found[1], cost=time.perf_counter() - began)

    def finish(self) -> None:
        """Record what the finished booster predicts, as a step of the mode GLOBAL, if predictions are recorded."""
        hub = self.hub
        if not hub.is_on:
            return
        try:
            plan = hub.due("GLOBAL")
            if plan is not None and "predictions" in plan.stored:
                hub.take("GLOBAL", plan, *self._compute(plan))
        except TrainingEnded:
            return  # it has
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            hub.fail(error)

    def _prepare(self, metrics: Iterable[Metric]) -> Plan | None:
        plan = self.hub.due("TRAIN")
        if self._is_first:
            for name, value in self._source.hyperparameters().items():
                self.hub.scalar(f"hyperparameters/{name}", value, "hyperparameters")
            self._is_first = False
        for metric in metrics:
            collection = metric.collection or ("losses" if metric.is_loss else "metrics")
            self.hub.scalar(f"{metric.dataset}-{metric.name}", metric.value, collection)
        return plan

    def _compute(self, plan: Plan) -> tuple[Numbers, dict[str, Any]]:
        wanted = plan.collections
        arrays: dict[str, Any] = {}
        needed = {*plan.arrays, *self._filler.needs(plan.layout)}
        if "feature_importance" in wanted:
            self._read_importance()
        if self._shaps and ("average_shap" in wanted or any(name.startswith("full_shap/") for name in needed)):
            arrays |= self._read_shap()
        if "predictions" in needed:
            arrays["predictions"] = self._source.predictions()
        if "labels" in needed:
            arrays["labels"] = self._source.labels()
        if any(name.startswith("trees/") for name in needed):
            arrays |= {f"trees/{column}": values for column, values in self._source.trees().items()}
        return self._filler.fill(plan.layout, self._scalars, arrays), arrays

    def _keep(self) -> str:
        return keep_checkpoint(self.hub.trial, self._source.keepable(), step=max(0, self.hub.steps["TRAIN"] - 1))

    def _read_importance(self) -> None:
        now = time.perf_counter()
        limit = self._budget
        if limit is not None and self._spent > limit * (now - self._begun):
            return
        found = self._source.importance()
        flat = [shares(found[kind][: len(self._kept)]) for kind in self._source.kinds]
        if flat:
            self._scalars[: self._importances] = np.concatenate(flat)
        self._spent += time.perf_counter() - now

    def _read_shap(self) -> dict[str, Any]:
        values = self._source.shap()[:, : len(self._kept)]
        self._scalars[self._importances :] = values.mean(axis=0).ravel()
        flat = values[:, :, 0] if self._source.classes == 1 else values
        return {f"full_shap/{name}": flat[:, number] for number, name in enumerate(self._kept)}


def shares(values: Numbers) -> Numbers:
    """Return the values divided by their sum, zeros if that is none."""
    total = float(np.abs(values).sum())
    return np.abs(values) / total if total > 0 else np.zeros(len(values))


def _shap_names(source: Source, features: tuple[str, ...]) -> list[str]:
    if not source.shap_rows:
        return []
    if source.classes == 1:
        return [f"average_shap/{name}" for name in features]
    return [f"average_shap/{name}/{number}" for name in features for number in range(source.classes)]
