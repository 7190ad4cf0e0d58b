"""The charts and tables that trackers and runs record, as JSON documents."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike


def table(
    title: str | None, values: Mapping[str, Sequence[Any]] | None, data_frame: pd.DataFrame | None
) -> dict[str, Any]:
    """Return a table; UsageError unless either columns or a frame are given."""
    if (values is None) == (data_frame is None):
        raise UsageError("give either values or data_frame", 'values={"x": [1, 2], "y": [3, 4]}')
    columns = dict(values or {}) if data_frame is None else {str(name): data_frame[name] for name in data_frame}
    data = {str(name): [_plain(item) for item in column] for name, column in columns.items()}
    fields = [{"name": name, "type": _kind(column)} for name, column in data.items()]
    return {"type": "Table", "version": 0, "title": title, "fields": fields, "data": data}


def precision_recall(
    y_true: ArrayLike,
    predicted_probabilities: ArrayLike,
    positive_label: Any = None,
    title: str | None = None,
    no_skill: float | None = None,
) -> dict[str, Any]:
    """Return the precision-recall curve and its average precision, as scikit-learn computes them."""
    from sklearn import metrics

    precision, recall, _ = metrics.precision_recall_curve(y_true, predicted_probabilities, pos_label=positive_label)
    area = metrics.average_precision_score(y_true, predicted_probabilities, pos_label=_label(positive_label))
    return {
        "type": "PrecisionRecallCurve",
        "version": 0,
        "title": title,
        "precision": _list(precision),
        "recall": _list(recall),
        "averagePrecisionScore": float(area),
        "noSkill": no_skill,
    }


def roc_curve(y_true: ArrayLike, y_score: ArrayLike, title: str | None = None) -> dict[str, Any]:
    """Return the receiver operating characteristic and the area under it, as scikit-learn computes them."""
    from sklearn import metrics

    false_positive, true_positive, _ = metrics.roc_curve(y_true, y_score)
    return {
        "type": "ROCCurve",
        "version": 0,
        "title": title,
        "falsePositiveRate": _list(false_positive),
        "truePositiveRate": _list(true_positive),
        "areaUnderCurve": float(metrics.auc(false_positive, true_positive)),
    }


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, title: str | None = None) -> dict[str, Any]:
    """Return how often each label was taken for each other one: rows are true, columns predicted."""
    from sklearn import metrics
    from sklearn.utils.multiclass import unique_labels

    labels = [str(label) for label in unique_labels(y_true, y_pred)]
    matrix = metrics.confusion_matrix(y_true, y_pred)
    return {
        "type": "ConfusionMatrix",
        "version": 0,
        "title": title,
        "labels": labels,
        "confusionMatrix": matrix.tolist(),
    }


@contextmanager
def as_file(document: dict[str, Any]) -> Iterator[str]:
    """Write a document into a file that is there for the length of the block; yield its path."""
    with tempfile.TemporaryDirectory(prefix="labdeck-") as folder:
        path = Path(folder) / "chart.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        yield str(path)


def _label(positive_label: Any) -> Any:
    return 1 if positive_label is None else positive_label


def _list(values: np.ndarray) -> list[float]:
    return [float(value) for value in values]


def _plain(item: Any) -> Any:
    item = item.item() if hasattr(item, "item") else item
    return item if isinstance(item, (bool, int, float, str)) or item is None else str(item)


def _kind(column: Sequence[Any]) -> str:
    return "number" if all(isinstance(item, (int, float)) for item in column) else "string"
