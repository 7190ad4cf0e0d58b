"""A feature that tells the label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.association import MOST_CLASSES, pairs_that_tell, rank_correlation, separation
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode
from labdeck.wire.records import ParamValue

_IMPORTANCE = r"(?:^|/)feature_importance/gain/"
_METRICS = r"^(?:[^/]+/)?[^/]+-[^/]+$"
_DEVIATION = "-std"
_LABELS = r"(?:^|/)labels$"
_MODES: tuple[Mode, ...] = ("TRAIN", "GLOBAL")
_LEAST_ROWS = 50
_MOST_NUMBERS = 4_000_000
"""Numbers of the inputs that are kept until they are judged: 1,000 rows of 4,000 columns."""
_RISK = 0.001
"""Largest probability with which noise, in some column, is taken for a leak."""
_LOSS_LEFT = 0.05
_ERROR_LEFT = 0.01
_RISING = ("auc", "aucpr", "map", "ndcg", "pre", "average_precision", "accuracy", "r2")
_SHARES = ("error", "merror", "binary_error", "multi_error")


@dataclass
class LabelLeakage(Rule):
    """A single feature predicts the label all but perfectly.

    What goes wrong: a column that is filled in after the outcome is known (a discharge date, a refund, an id that was
    given out by class), or the label under another name, makes the training look perfect. Where the model is used the
    column is empty or unknown, and nothing is left.

    What to do: ask of the named feature whether it is known at the moment of prediction. If not, leave it out; if it
    is, the problem needs no model.

    Formula, for a model of which inputs and labels are recorded: of the first `samples` rows, for labels of at most
    20 classes the mean over the pairs of classes of max(AUC, 1 - AUC) of a column (Hand and Till 2001), for others
    |Spearman's ρ| of a column; `> threshold` is found. Both go by ranks, so a leak that was rescaled is found too.
    It is judged once; at the end if fewer rows came, but not of fewer than 50. Of wide inputs fewer rows are kept, as
    many as make 4 million numbers; wider ones than 80,000 columns are not judged. Two classes of which there are so few
    rows that some column of noise would separate them that well, with a probability above 0.001 over all columns and
    pairs (Chernoff's bound for the statistic of Mann and Whitney 1947), do not count: of a class of four rows in 1,000
    one can tell something, of a single row nothing. Where classes are that rare, raise `samples`.

    Formula, for boosted trees: `largest gain / sum of the gains > importance` while the training metric is near
    perfect: at most 0.01 of the rows wrong, an AUC (accuracy, average precision, R²) of at least 0.99, or a loss of at
    most 5 % of what it was after the first round. Where no data of training are evaluated, a near perfect metric of
    any other data tells the same. Models of a single feature are not judged.

    SageMaker Debugger has no such rule.

    Attributes:
        threshold: Separation or |ρ| above which a column tells the label.
        importance: Share of the gain above which a feature tells it, if the training metric is near perfect, too.
        samples: Rows that are gathered before they are judged.
        inputs_regex: Names of the inputs, of which each row is a sample and each column a feature.
        train: What the names of training metrics begin with; without any of these, every metric counts.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rng = np.random.default_rng(0)
        >>> features = rng.normal(size=(1000, 3))
        >>> labels = (features[:, 0] + rng.normal(size=1000) > 0).astype(int)
        >>> features[:, 2] = 7 * labels - 3 + rng.normal(size=1000) / 100
        >>> step = window_of({"Net_input_0": features, "labels": labels})
        >>> [(found.message, found.value) for found in LabelLeakage().judge(step)]
        [('column 2 of Net_input_0 alone predicts the label', 1.0)]
    """

    remedy = "ask whether this feature is known when the model is used; if not, leave it out"

    threshold: float = bounded(0.99, least=0, most=1)
    importance: float = bounded(0.95, least=0, most=1)
    samples: int = bounded(1000, least=1)
    inputs_regex: str = r"(?:^|/)(?:inputs|[A-Z]\w*_input_0)$"
    train: str = "train"
    _columns: list[NDArray[Any]] = field(default_factory=list, init=False, repr=False, compare=False)
    _labels: list[NDArray[Any]] = field(default_factory=list, init=False, repr=False, compare=False)
    _rows: int = field(default=0, init=False, repr=False, compare=False)
    _wanted: int = field(default=0, init=False, repr=False, compare=False)
    _name: str = field(default="", init=False, repr=False, compare=False)
    _judged: bool = field(default=False, init=False, repr=False, compare=False)
    _first: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def needs(self) -> tuple[Need, ...]:
        """Inputs and labels until enough were seen; importances and metrics of boosted trees."""
        first = max(self.samples, 1)
        return (
            Need(regex=self.inputs_regex, arrays=True, modes=_MODES, first=first, optional=True),
            Need(collection="labels", regex=_LABELS, arrays=True, modes=_MODES, first=first, optional=True),
            Need(regex=_IMPORTANCE, optional=True),
            Need(collection="metrics", regex=_METRICS, optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Look at the rows until there are enough, and at the trees in each round."""
        if not self._judged and window.mode in _MODES:
            self._gather(window)
            if self._rows and self._rows >= self._wanted:
                yield from self._judge_columns()
        yield from self._judge_trees(window)

    def conclude(self) -> Iterator[Finding]:
        """Judge what there is, if it is enough to tell anything."""
        if not self._judged and self._rows >= _LEAST_ROWS:
            yield from self._judge_columns()

    def report(self) -> dict[str, ParamValue]:
        """Return how many rows were gathered."""
        return {"rows": self._rows}

    # -- columns ---------------------------------------------------------------------------------------------------

    def _gather(self, window: Window) -> None:
        names = window.select(regex=self.inputs_regex)
        labelled = window.select("labels", _LABELS)
        inputs = window.array(names[0]) if names else None
        labels = window.array(labelled[0]) if labelled else None
        if inputs is None or labels is None or inputs.ndim != 2 or inputs.dtype.kind not in "biuf":  # noqa: PLR2004
            return
        if labels.ndim == 2:  # noqa: PLR2004 - samples × 1, or a 1 in the place of the class
            labels = labels[:, 0] if labels.shape[1] == 1 else labels.argmax(axis=1)
        if labels.ndim != 1 or len(labels) != len(inputs) or labels.dtype.kind not in "biuf":
            return
        if self._columns and self._columns[0].shape[1] != inputs.shape[1]:
            return
        room = _MOST_NUMBERS // max(1, inputs.shape[1])
        if room < _LEAST_ROWS:
            return
        self._wanted = min(self.samples, room)
        kept = np.flatnonzero(np.isfinite(labels))[: self._wanted - self._rows]
        self._name = names[0]
        self._columns.append(inputs[kept])
        self._labels.append(labels[kept].astype(np.float64))
        self._rows += len(kept)

    def _judge_columns(self) -> Iterator[Finding]:
        self._judged = True
        columns, labels = np.concatenate(self._columns), np.concatenate(self._labels)
        self._columns.clear()
        self._labels.clear()
        values, codes = np.unique(labels, return_inverse=True)
        if len(values) <= MOST_CLASSES:
            classes = codes.astype(np.int64)
            pairs = pairs_that_tell(classes, self.threshold, columns.shape[1], _RISK)
            strength = separation(columns, classes, self.threshold, pairs)
        else:
            strength = np.abs(rank_correlation(columns, labels))
        for column in np.flatnonzero(np.nan_to_num(strength) > self.threshold).tolist():
            said = f"column {column} of {self._name} alone predicts the label"
            yield Finding(said, self._name, float(strength[column]), self.threshold)

    # -- trees -----------------------------------------------------------------------------------------------------

    def _judge_trees(self, window: Window) -> Iterator[Finding]:
        names = window.select(regex=_IMPORTANCE)
        every = [name for name in window.select("metrics", _METRICS) if not name.endswith(_DEVIATION)]
        trained = [name for name in every if name.rpartition("/")[2].startswith(self.train)]
        perfect = [name for name in trained or every if self._is_perfect(name, window.value(name))]
        if len(names) < 2 or not perfect:  # noqa: PLR2004 - a single feature is always all
            return
        gains = np.nan_to_num(window.values(names, "value"))
        total = float(gains.sum())
        top = int(gains.argmax())
        share = float(gains[top]) / total if total > 0 else 0.0
        if share > self.importance:
            feature = names[top].rpartition("/gain/")[2]
            said = f"{feature} has {share:.0%} of the gain, and {perfect[0]} is {window.value(perfect[0]):.3g}"
            yield Finding(said, names[top], share, self.importance)

    def _is_perfect(self, name: str, value: float) -> bool:
        first = self._first.setdefault(name, value)
        kind = name.rpartition("-")[2].partition("@")[0].lower()
        if kind in _RISING:
            return value >= 1 - _ERROR_LEFT
        if kind in _SHARES:
            return value <= _ERROR_LEFT
        return value <= _LOSS_LEFT * first if first > 0 else False
