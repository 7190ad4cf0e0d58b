"""What a fitted estimator of scikit-learn is made of, and how well it fits a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.finite import is_finite
from labdeck.errors import UsageError
from labdeck.store.tensors.layout import TensorInfo

Numbers = NDArray[Any]

_LEAST = 1e-15


def parts_of(estimator: object) -> dict[str, Numbers]:
    """Return the arrays of numbers that it has learnt, by attribute: "coef_", and of lists "coefs_/0", "coefs_/1".

    Example:
        >>> from sklearn.linear_model import SGDRegressor
        >>> model = SGDRegressor().partial_fit([[1.0, 2.0]], [3.0])
        >>> sorted(parts_of(model))
        ['coef_', 'intercept_']
    """
    found: dict[str, Numbers] = {}
    for name, value in vars(estimator).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if isinstance(value, np.ndarray):
            several = {name: value}
        elif isinstance(value, list):
            several = {f"{name}/{number}": part for number, part in enumerate(value) if isinstance(part, np.ndarray)}
        else:
            continue
        found |= {each: part for each, part in several.items() if part.dtype.kind == "f" and part.ndim and part.size}
    return found


def infos_of(parts: Mapping[str, Numbers], *, updates: bool) -> list[TensorInfo]:
    """Return what is known of these arrays; with `updates`, also of how far each moves in a step."""
    infos = []
    for name, part in parts.items():
        collection = "biases" if name.startswith("intercept") else "weights"
        infos.append(TensorInfo(name, (collection,), shape=part.shape, dtype=part.dtype.name, parameter=name))
    if updates:
        infos += [TensorInfo(f"update/{name}", ("updates",), dtype="float64", parameter=name) for name in parts]
    return infos


def not_finite(parts: Mapping[str, Numbers]) -> str:
    """Return the first of these arrays that holds NaN or infinity, "" if none does.

    Example:
        >>> not_finite({"coef_": np.ones(2), "intercept_": np.array([1.0, np.inf])})
        'intercept_'
    """
    return next((name for name, part in parts.items() if not is_finite(part)), "")


def told_loss(estimator: object) -> float | None:
    """Return the loss that an estimator tells itself, None if it tells none."""
    for name in ("loss_", "inertia_"):
        value = getattr(estimator, name, None)
        if isinstance(value, (int, float, np.floating)):
            return float(value)
    return None


def batch_loss(estimator: Any, inputs: Any, labels: Any) -> float | None:
    """Return the mean loss of a batch, None for what has none.

    Of classifiers that tell probabilities the negative logarithm of that of the label; of other classifiers the hinge
    loss of each class against the rest; of regressors the squared error.
    """
    classes = getattr(estimator, "classes_", None)
    if labels is None or not hasattr(estimator, "predict"):
        return None
    if classes is None:
        return float(np.mean((np.asarray(estimator.predict(inputs)) - np.asarray(labels)) ** 2))
    at = class_numbers(classes, labels)
    if hasattr(estimator, "predict_proba"):
        chances = np.asarray(estimator.predict_proba(inputs))[np.arange(len(at)), at]
        return float(-np.log(np.maximum(chances, _LEAST)).mean())
    return _hinge(estimator.decision_function(inputs), at) if hasattr(estimator, "decision_function") else None


def _hinge(scores: Any, at: NDArray[np.int64]) -> float:
    scores = np.asarray(scores)
    if scores.ndim == 1:
        return float(np.maximum(0, 1 - np.where(at == 1, 1, -1) * scores).mean())
    signs = -np.ones_like(scores)
    signs[np.arange(len(at)), at] = 1
    return float(np.maximum(0, 1 - signs * scores).mean())


def lower_learning_rate(estimator: Any, factor: float) -> str:
    """Multiply the learning rate of an estimator by a factor; say in words what it is now; UsageError for none."""
    optimizer = getattr(estimator, "_optimizer", None)  # of neural networks, once they have learnt
    if hasattr(estimator, "learning_rate_init"):
        estimator.learning_rate_init *= factor
        for name in ("learning_rate_init", "learning_rate"):
            if isinstance(getattr(optimizer, name, None), float):
                setattr(optimizer, name, getattr(optimizer, name) * factor)
        return f"learning_rate_init {estimator.learning_rate_init:.3g}"
    if not hasattr(estimator, "eta0") or getattr(estimator, "learning_rate", "") == "optimal":
        raise UsageError(f"{type(estimator).__name__} has no learning rate to lower", "give it an eta0")
    estimator.eta0 *= factor
    return f"eta0 {estimator.eta0:.3g}"


def class_numbers(classes: Any, labels: Any) -> NDArray[np.int64]:
    """Return the place of each label among the classes."""
    return np.searchsorted(np.asarray(classes), np.asarray(labels).ravel()).astype(np.int64)


def as_numbers(data: Any) -> Numbers | None:
    """Return data as an array of numbers without a copy, None for what is none: texts, sparse matrices."""
    if data is None or hasattr(data, "tocsr"):
        return None
    try:
        found = np.asarray(data)
    except Exception:  # noqa: BLE001 - what a user's own container does when asked is its own affair
        return None
    return found if found.dtype.kind in "biuf" and found.ndim else None
