"""How well a fitted estimator does on the data it was fitted with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labdeck.runs.autolog.apart import quiet
from labdeck.runs.autolog.describe import shape_of

_TRIED = 1_000
"""Rows predicted first, to know what all of them will cost."""
_PATIENCE = 2.0
"""Seconds that scoring may take, or as long as the fit did."""


@dataclass
class Scores:
    """What is known of a fit on its training data.

    Attributes:
        metrics: The metrics by name; those that make no sense for this data are missing.
        rows: The number of rows if not all were scored.
        trouble: Why the rest is missing, if the estimator could not predict.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    rows: int | None = None
    trouble: Exception | None = None


def training_scores(estimator: Any, x: Any, y: Any, weight: Any, fit_seconds: float) -> Scores:
    """Return the usual metrics of a classifier or regressor on its training data, nothing for other estimators.

    Accuracy, weighted F1, precision and recall, log loss and ROC AUC; or R², mean squared error, its root and mean
    absolute error. Of several labels at once all but log loss, where accuracy is the share of rows with every label
    right; of several outputs with more than two classes that accuracy alone. Where predicting all rows would take
    longer than two seconds and longer than the fit, about a thousand evenly spaced rows stand for all.
    """
    scores = Scores()
    try:
        with quiet():
            _score(scores, estimator, x, y, weight, fit_seconds)
    except Exception as error:  # noqa: BLE001 - what an estimator of the user's own raises may be anything
        scores.trouble = error
    return scores


def _score(scores: Scores, estimator: Any, x: Any, y: Any, weight: Any, fit_seconds: float) -> None:
    from sklearn.base import is_classifier, is_regressor

    if x is None or y is None or not hasattr(estimator, "predict"):
        return
    measure = _classification if is_classifier(estimator) else _regression if is_regressor(estimator) else None
    if measure is None:
        return
    rows = shape_of(x)[0]
    if rows is not None and rows > 2 * _TRIED:
        part = slice(None, None, rows // _TRIED)
        few = [_rows(data, part) for data in (x, y, weight)]
        began = time.perf_counter()
        estimator.predict(few[0])
        expected = (time.perf_counter() - began) * rows / _TRIED
        if expected > max(_PATIENCE, fit_seconds):
            x, y, weight = few
            scores.rows = shape_of(x)[0]
    measure(scores.metrics, estimator, x, y, weight)


def _rows(data: Any, part: slice) -> Any:
    if data is None:
        return None
    if hasattr(data, "tocsr"):
        return data.tocsr()[part]  # not every sparse format gives out rows
    return data.iloc[part] if hasattr(data, "iloc") else data[part]


def _classification(into: dict[str, float], estimator: Any, x: Any, y: Any, weight: Any) -> None:
    from sklearn import metrics
    from sklearn.utils.multiclass import type_of_target

    found = estimator.predict(x)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput":
        _attempt(into, "accuracy", _all_right, y, found, sample_weight=weight)
        return
    how = {"sample_weight": weight, "average": "weighted", "zero_division": 0}
    _attempt(into, "accuracy", metrics.accuracy_score, y, found, sample_weight=weight)
    _attempt(into, "f1", metrics.f1_score, y, found, **how)
    _attempt(into, "precision", metrics.precision_score, y, found, **how)
    _attempt(into, "recall", metrics.recall_score, y, found, **how)
    if hasattr(estimator, "predict_proba"):
        _of_chances(into, kind, estimator.predict_proba(x), getattr(estimator, "classes_", None), y, weight)


def _of_chances(into: dict[str, float], kind: str, chances: Any, classes: Any, y: Any, weight: Any) -> None:
    """Add what the probabilities are worth; of one class alone they are worth nothing."""
    from sklearn import metrics

    if kind == "multilabel-indicator":
        _attempt(into, "roc_auc", _area_of_labels, y, chances, sample_weight=weight)
        return
    chances = getattr(chances, "to_numpy", lambda: chances)()
    if classes is None or getattr(chances, "shape", (0,))[1:] != (len(classes),) or len(classes) == 1:
        return
    more = {"average": "weighted", "multi_class": "ovr", "labels": classes}
    ranked, extra = (chances[:, 1], {}) if len(classes) == 2 else (chances, more)  # noqa: PLR2004
    _attempt(into, "log_loss", metrics.log_loss, y, chances, labels=classes, sample_weight=weight)
    _attempt(into, "roc_auc", metrics.roc_auc_score, y, ranked, sample_weight=weight, **extra)


def _regression(into: dict[str, float], estimator: Any, x: Any, y: Any, weight: Any) -> None:
    from sklearn import metrics

    found = estimator.predict(x)
    _attempt(into, "r2", metrics.r2_score, y, found, sample_weight=weight)
    _attempt(into, "mse", metrics.mean_squared_error, y, found, sample_weight=weight)
    _attempt(into, "rmse", metrics.root_mean_squared_error, y, found, sample_weight=weight)
    _attempt(into, "mae", metrics.mean_absolute_error, y, found, sample_weight=weight)


def _all_right(y: Any, found: Any, *, sample_weight: Any) -> Any:
    """Return the share of rows of which every output is right."""
    import numpy as np

    return np.average(np.all(np.asarray(y) == np.asarray(found), axis=1), weights=sample_weight)


def _area_of_labels(y: Any, chances: Any, *, sample_weight: Any) -> Any:
    """Return the area under the curve of each label, weighted by how often it is set.

    Args:
        y: Zeros and ones, shape (n, labels).
        chances: Shape (n, labels), or for each label the chances of both classes, shape (n, 2).
        sample_weight: Shape (n,), or None.
    """
    import numpy as np
    from sklearn import metrics

    if isinstance(chances, list):
        chances = np.column_stack([label[:, 1] for label in chances])
    return metrics.roc_auc_score(y, chances, average="weighted", sample_weight=sample_weight)


def _attempt(into: dict[str, float], name: str, measure: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Add what a metric says, nothing where it does not apply: to several outputs at once, say."""
    try:
        value = float(measure(*args, **kwargs))
    except Exception:  # noqa: BLE001 - there are as many ways of not applying as there are kinds of targets
        return
    if not math.isnan(value):
        into[f"train:{name}"] = value
