"""Reads a booster of LightGBM while it is trained, without importing the library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.hooks.boosters import Numbers, Source
from labdeck.debugger.hooks.trees import flatten_lightgbm

_MOST_ROWS = 100_000
_RATES = ("learning_rate", "shrinkage_rate", "eta")


class LightGBMSource(Source):
    """One booster while it is trained.

    Args:
        booster: It.
        params: What it is trained with.
        rows: Raw rows of which SHAP values are computed, shape (rows, features); None for none.
        trained: Names of data that are evaluated and are those it learns from.
    """

    kinds = ("weight", "gain", "total_gain")

    def __init__(
        self, booster: Any, params: Mapping[str, Any], rows: Any = None, trained: Collection[str] = ()
    ) -> None:
        self._booster = booster
        self._params = params
        self._rows = rows
        self.features = tuple(booster.feature_name())
        held_out = [at for at, name in enumerate(booster.name_valid_sets) if name not in trained]
        self._place = held_out[0] if held_out else -1
        self._matrix = booster.valid_sets[self._place] if held_out else booster.train_set
        self.data = "validation" if held_out else "train"
        self._labels = np.asarray(self._matrix.get_label())[:_MOST_ROWS]
        trees = booster.num_model_per_iteration()
        self.classes = max(1, int(params.get("num_class", 1) or 1)) if trees > 1 else 1
        self.shap_rows = 0 if rows is None else len(rows)
        self._grown = booster.current_iteration() - 1
        self._rate = next((float(params[name]) for name in _RATES if name in params), 0.1)

    def use(self, booster: Any) -> None:
        """Go on with this object; None to hold none until the next round."""
        self._booster = booster

    @property
    def model(self) -> Any:
        """The booster itself."""
        return self._booster

    def lower_learning_rate(self, factor: float) -> str:
        """Multiply the learning rate by a factor, from the next round on."""
        self._rate *= factor
        self._booster.reset_parameter({"learning_rate": self._rate})
        return f"learning_rate {self._rate:.3g}"

    def importance(self) -> Mapping[str, Numbers]:
        """Return how often features are split on, the gain of a split, and of all splits."""
        splits = self._booster.feature_importance("split").astype(np.float64)
        gain = self._booster.feature_importance("gain")
        return {"weight": splits, "gain": gain / np.maximum(splits, 1), "total_gain": gain}

    def labels(self) -> NDArray[Any]:
        """Return the labels."""
        return self._labels

    def predictions(self) -> NDArray[Any]:
        """Return what it predicts now: LightGBM keeps it at hand, and shows it to functions that evaluate."""
        seen: list[NDArray[Any]] = []

        def look(predictions: NDArray[Any], _: Any) -> list[Any]:
            seen.append(predictions[:_MOST_ROWS].copy())
            return []

        if self.data == "validation":
            self._booster.eval_valid(look)
            return seen[self._place]
        self._booster.eval_train(look)
        return seen[0]

    def shap(self) -> Numbers:
        """Return SHAP values, those of the bias left out."""
        # A booster that is being trained crashes the process when it is asked for these: a copy answers.
        copy = type(self._booster)(model_str=self._booster.model_to_string())
        found = np.asarray(copy.predict(self._rows, pred_contrib=True), np.float64)
        return np.moveaxis(found.reshape(len(found), self.classes, -1), 1, 2)[:, :-1]

    def trees(self) -> Mapping[str, NDArray[Any]]:
        """Return the trees that have grown since this was asked last."""
        now = self._booster.current_iteration()
        new = now - self._grown
        found = self._booster.dump_model(start_iteration=self._grown, num_iteration=new)["tree_info"] if new else []
        self._grown = now
        return flatten_lightgbm(found)

    def hyperparameters(self) -> Mapping[str, float]:
        """Return those that are numbers; of texts, "objective=binary" is 1."""
        found = {}
        for name, value in self._params.items():
            if isinstance(value, (int, float)):
                found[name] = float(value)
            elif isinstance(value, str) and value:
                found[f"{name}={value}"] = 1.0
        return found
