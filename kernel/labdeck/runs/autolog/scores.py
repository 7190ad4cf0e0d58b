"""How well a fitted estimator does on the data it was fitted with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from labdeck.runs.autolog.describe import shape_of

_TRIED = 1_000
"""Rows predicted first, to know what all of them will cost."""
_PATIENCE = 2.0
"""Seconds that scoring may take, or as long as the fit did."""


def training_scores(
    estimator: Any, x: Any, y: Any, weight: Any, fit_seconds: float
) -> tuple[dict[str, float], int | None]:
    """Return the usual metrics of a classifier or regressor on its training data, nothing for other estimators.

    Accuracy, weighted F1, precision and recall, log loss and ROC AUC; or R², mean squared error, its root and mean
    absolute error. Where predicting all rows would take longer than two seconds and longer than the fit, about a
    thousand evenly spaced rows stand for all.

    Returns:
        The metrics, and the number of rows if not all were scored.
    """
    from sklearn.base import is_classifier, is_regressor

    if x is None or y is None or not hasattr(estimator, "predict"):
        return {}, None
    score = _classification if is_classifier(estimator) else _regression if is_regressor(estimator) else None
    if score is None:
        return {}, None
    rows = shape_of(x)[0]
    if rows is not None and rows > 2 * _TRIED:
        part = slice(None, None, rows // _TRIED)
        few = [_rows(data, part) for data in (x, y, weight)]
        began = time.perf_counter()
        estimator.predict(few[0])
        expected = (time.perf_counter() - began) * rows / _TRIED
        if expected > max(_PATIENCE, fit_seconds):
            return score(estimator, *few), shape_of(few[0])[0]
    return score(estimator, x, y, weight), None


def _rows(data: Any, part: slice) -> Any:
    if data is None:
        return None
    return data.iloc[part] if hasattr(data, "iloc") else data[part]


def _classification(estimator: Any, x: Any, y: Any, weight: Any) -> dict[str, float]:
    from sklearn import metrics

    found = estimator.predict(x)
    how = {"sample_weight": weight, "average": "weighted", "zero_division": 0}
    scores = {
        "train:accuracy": _attempt(metrics.accuracy_score, y, found, sample_weight=weight),
        "train:f1": _attempt(metrics.f1_score, y, found, **how),
        "train:precision": _attempt(metrics.precision_score, y, found, **how),
        "train:recall": _attempt(metrics.recall_score, y, found, **how),
    }
    classes = getattr(estimator, "classes_", None)
    if hasattr(estimator, "predict_proba") and classes is not None:
        chances = estimator.predict_proba(x)
        scores["train:log_loss"] = _attempt(metrics.log_loss, y, chances, labels=classes, sample_weight=weight)
        more = {"average": "weighted", "multi_class": "ovr", "labels": classes}
        ranked, extra = (chances[:, 1], {}) if len(classes) == 2 else (chances, more)  # noqa: PLR2004
        scores["train:roc_auc"] = _attempt(metrics.roc_auc_score, y, ranked, sample_weight=weight, **extra)
    return {name: value for name, value in scores.items() if value is not None}


def _regression(estimator: Any, x: Any, y: Any, weight: Any) -> dict[str, float]:
    from sklearn import metrics

    found = estimator.predict(x)
    scores = {
        "train:r2": _attempt(metrics.r2_score, y, found, sample_weight=weight),
        "train:mse": _attempt(metrics.mean_squared_error, y, found, sample_weight=weight),
        "train:rmse": _attempt(metrics.root_mean_squared_error, y, found, sample_weight=weight),
        "train:mae": _attempt(metrics.mean_absolute_error, y, found, sample_weight=weight),
    }
    return {name: value for name, value in scores.items() if value is not None}


def _attempt(measure: Callable[..., Any], *args: Any, **kwargs: Any) -> float | None:
    """Return what a metric says, None where it does not apply: to several outputs at once, say."""
    try:
        return float(measure(*args, **kwargs))
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
