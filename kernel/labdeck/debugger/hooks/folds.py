"""Cross-validation of boosters: several of them are trained at once, and looked at as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.hooks.boosters import TREE_COLUMNS, Metric, Numbers, Source, shares
from labdeck.errors import UsageError

NAME = "cv"
"""What the watch of a cross-validation is called."""
COLLECTION = "folds"
"""Of what each fold says of itself."""


class Folds(Source):
    """The boosters of a cross-validation: importances are their mean, predictions those of what each left out.

    SHAP values are not computed. Trees of all folds are numbered through: those of fold 1 of three are 1, 4, 7 …

    Args:
        sources: One a fold; where their features are not the same, importances are left out.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        first = sources[0]
        are_alike = all(one.features == first.features for one in sources)
        self.features, self.kinds = (first.features, first.kinds) if are_alike else ((), ())
        self.classes = first.classes
        self.data = "validation" if all(one.data == "validation" for one in sources) else ""

    @property
    def model(self) -> Any:
        """The boosters, one a fold."""
        return [one.model for one in self._sources]

    def use(self, booster: Any) -> None:
        """Nothing to do: the boosters stay the same objects."""

    def keepable(self) -> Any:
        """Raise UsageError: several boosters are no model."""
        raise UsageError("a cross-validation has no model of its own to keep", "train one with what it found")

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rate of each fold by a factor."""
        said = [one.lower_learning_rate(factor) for one in self._sources]
        return said[0]

    def importance(self) -> Mapping[str, Numbers]:
        """Return the mean over the folds of the share of each feature."""
        found = [one.importance() for one in self._sources]
        return {kind: np.mean([shares(each[kind]) for each in found], axis=0) for kind in self.kinds}

    def labels(self) -> NDArray[Any]:
        """Return the labels of the rows that each fold leaves out, fold by fold."""
        return np.concatenate([one.labels() for one in self._sources])

    def predictions(self) -> NDArray[Any]:
        """Return what each fold predicts for the rows that it leaves out, in the order of `labels`."""
        return np.concatenate([one.predictions() for one in self._sources])

    def shap(self) -> Numbers:
        """Return nothing."""
        return np.empty((0, len(self.features), self.classes))

    def trees(self) -> Mapping[str, NDArray[Any]]:
        """Return the trees that have grown in each fold since this was asked last."""
        found = [dict(one.trees()) for one in self._sources]
        for number, columns in enumerate(found):
            if "Tree" in columns:
                columns["Tree"] = columns["Tree"] * len(found) + number
        there = [column for column in TREE_COLUMNS if all(column in columns for columns in found)]
        return {column: np.concatenate([columns[column] for columns in found]) for column in there}

    def hyperparameters(self) -> Mapping[str, float]:
        """Return those that are numbers, and how many folds there are."""
        return {**self._sources[0].hyperparameters(), "nfold": float(len(self._sources))}


def fold_metrics(found: Sequence[Iterable[tuple[str, str, float]]]) -> Iterator[Metric]:
    """Yield what the folds say of themselves, "fold/0/test-rmse", from dataset, name and value of each."""
    for number, several in enumerate(found):
        for dataset, name, value in several:
            yield Metric(f"fold/{number}/{dataset}", name, value, is_loss=False, collection=COLLECTION)


def told_by_xgboost(text: str) -> Iterator[tuple[str, str, float]]:
    r"""Yield dataset, name and value of what XGBoost writes of one evaluation.

    Example:
        >>> list(told_by_xgboost("[3]\ttrain-rmse:0.5\ttest-ndcg@3-:0.25"))
        [('train', 'rmse', 0.5), ('test', 'ndcg@3-', 0.25)]
    """
    for part in text.split()[1:]:
        name, _, value = part.rpartition(":")
        dataset, _, metric = name.partition("-")
        yield dataset, metric, float(value)


class Listening:
    """Hears what the folds say of themselves when the library has them evaluated, until `close`.

    Args:
        model: What the library trains the folds with.
        method: Its method that has them evaluated, which returns what each says.
    """

    def __init__(self, model: Any, method: str) -> None:
        self._model, self._method = model, method
        self._heard: list[Any] = []
        original = getattr(model, method)

        def listen(*args: Any, **kwargs: Any) -> Any:
            found = original(*args, **kwargs)
            self._heard = list(found)
            return found

        vars(model)[method] = listen  # the object is gone with the cross-validation, or `close` takes it back

    def take(self) -> list[Any]:
        """Return what was said since this was asked last, fold by fold."""
        found, self._heard = self._heard, []
        return found

    def close(self) -> None:
        """Hear no more."""
        vars(self._model).pop(self._method, None)
