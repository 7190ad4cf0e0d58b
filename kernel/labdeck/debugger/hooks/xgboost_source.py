"""Reads a booster of XGBoost while it is trained, without importing the library."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.hooks.boosters import Numbers, Source
from labdeck.debugger.hooks.trees import flatten_xgboost

KINDS = ("weight", "gain", "cover", "total_gain", "total_cover")
_UNCUT = 5
"""Data that cannot be cut is explained whole if it has at most so many times the rows that are wanted."""
_CONFIG = (
    ("learner", "gradient_booster", "gbtree_model_param"),
    ("learner", "gradient_booster", "tree_train_param"),
    ("learner", "learner_model_param"),
    ("learner", "objective", "reg_loss_param"),
)


class XGBoostSource(Source):
    """One booster.

    Args:
        booster: It.
        train: The data it is trained on, a DMatrix; None if it is not known.
        validation: Data that it is not trained on; labels and predictions are of these if they are given.
        hyperparameters: What it is trained with, beside what its own configuration says.
        shap_rows: Rows of which SHAP values are computed.
        most_rows: Labels and predictions are kept of so many rows at most.
        grown: Rounds it had before this training.
    """

    def __init__(
        self,
        booster: Any,
        train: Any = None,
        validation: Any = None,
        hyperparameters: Mapping[str, Any] | None = None,
        *,
        shap_rows: int = 200,
        most_rows: int = 100_000,
        grown: int = 0,
    ) -> None:
        self._booster = booster
        self._config = json.loads(booster.save_config())
        self._given = hyperparameters
        self._most_rows = most_rows
        self._matrix = validation if validation is not None else train
        self.data = "" if self._matrix is None else "validation" if validation is not None else "train"
        names = booster.feature_names
        self.features = tuple(map(str, names)) if names else tuple(f"f{i}" for i in range(booster.num_features()))
        self._places = {name: number for number, name in enumerate(self.features)}
        self._is_linear = self._part("learner", "gradient_booster").get("name") == "gblinear"
        self.kinds = ("weight",) if self._is_linear else KINDS
        self._labels = _labels(self._matrix, most_rows)
        if not len(self._labels):
            self.data = ""
        self._grown = grown
        self._numbers = 0
        explained = train if train is not None else validation
        self._explained = _first_rows(explained, shap_rows) if shap_rows and explained is not None else None
        self._probe()

    def _probe(self) -> None:
        """Find out what this booster can tell: some kinds of data and of trees it cannot explain, or not even read."""
        if self.data and _attempt(self.predictions) is None:
            self.data = ""
        values = None if self._explained is None else _attempt(self.shap)
        if values is not None:
            self.shap_rows, self.classes = len(values), values.shape[2]

    def _part(self, *path: str) -> dict[str, Any]:
        found: Any = self._config
        for step in path:
            found = found.get(step, {}) if isinstance(found, Mapping) else {}
        return dict(found) if isinstance(found, Mapping) else {}

    def use(self, booster: Any) -> None:
        """Go on with the object that the library hands out now; None to hold none until the next round."""
        self._booster = booster

    @property
    def model(self) -> Any:
        """The booster itself."""
        return self._booster

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rate by a factor, from the next round on."""
        self._config = json.loads(self._booster.save_config())
        part = ("gblinear_train_param",) if self._is_linear else ("gradient_booster", "tree_train_param")
        rate = float(self._part("learner", *part).get("learning_rate", 0.3)) * factor
        self._booster.set_param({"learning_rate": rate})
        return f"learning_rate {rate:.3g}"

    def importance(self) -> Mapping[str, Numbers]:
        """Return the importances; gain and cover are totals divided by the number of splits, as XGBoost has them."""
        if self._is_linear:
            return {"weight": self._scores("weight")}
        splits, gain, cover = (self._scores(kind) for kind in ("weight", "total_gain", "total_cover"))
        several = np.maximum(splits, 1)
        return {
            "weight": splits,
            "gain": gain / several,
            "cover": cover / several,
            "total_gain": gain,
            "total_cover": cover,
        }

    def _scores(self, kind: str) -> Numbers:
        values = np.zeros(len(self.features))
        for name, value in self._booster.get_score(importance_type=kind).items():
            values[self._places[name]] = value if isinstance(value, (int, float)) else float(np.abs(value).sum())
        return values

    def labels(self) -> NDArray[Any]:
        """Return the labels."""
        return self._labels

    def predictions(self) -> NDArray[Any]:
        """Return what it predicts now; of data that it knows it has that at hand."""
        found: NDArray[Any] = self._booster.predict(self._matrix)[: self._most_rows]
        return found

    def shap(self) -> Numbers:
        """Return SHAP values, those of the bias left out."""
        values = np.asarray(self._booster.predict(self._explained, pred_contribs=True), np.float64)
        if values.ndim == 2:  # noqa: PLR2004 - one output
            return values[:, :-1, None]
        return np.moveaxis(values, 1, 2)[:, :-1]

    def trees(self) -> Mapping[str, NDArray[Any]]:
        """Return the trees that have grown since this was asked last."""
        if self._is_linear:
            return {}
        rounds = self._booster.num_boosted_rounds()
        if rounds <= self._grown:
            return flatten_xgboost([], self._numbers, self._places)
        new = self._booster[self._grown : rounds]
        texts = _attempt(lambda: new.get_dump(dump_format="json", with_stats=True))
        texts = new.get_dump(dump_format="json") if texts is None else texts  # trees of several targets have none
        found = flatten_xgboost([json.loads(text) for text in texts], self._numbers, self._places)
        self._grown = rounds
        self._numbers += len(texts)
        return found

    def hyperparameters(self) -> Mapping[str, float]:
        """Return those that are numbers; of texts, "objective=binary:logistic" is 1."""
        given: dict[str, Any] = {}
        for path in _CONFIG:
            given |= self._part(*path)
        trained = self._part("learner", "learner_train_param") | self._part("learner", "generic_param")
        given |= {name: trained[name] for name in ("objective", "booster", "seed") if name in trained}
        given.pop("num_trees", None)
        given |= self._given or {}
        found = {}
        for name, value in given.items():
            try:
                found[name] = float(value)
            except (TypeError, ValueError):
                if isinstance(value, str) and value:
                    found[f"{name}={value}"] = 1.0
        return found


def _labels(matrix: Any, most: int) -> NDArray[Any]:
    if matrix is None:
        return np.empty(0, np.float32)
    found: NDArray[Any] = np.asarray(matrix.get_label())
    rows = matrix.num_row()
    if found.size != rows and rows and found.size % rows == 0:
        found = found.reshape(rows, -1)
    return found[:most]


def _first_rows(matrix: Any, rows: int) -> Any:
    """Return the first rows of some data; None of much data that cannot be cut."""
    if matrix.num_row() <= rows:
        return matrix
    cut = _attempt(lambda: matrix.slice(np.arange(rows), allow_groups=True))
    return matrix if cut is None and matrix.num_row() <= _UNCUT * rows else cut


def _attempt(action: Callable[[], Any]) -> Any:
    """Return what a call returns, None if it raises: each kind of data, and each version, refuses in its own words."""
    try:
        return action()
    except Exception:  # noqa: BLE001 - see above
        return None
