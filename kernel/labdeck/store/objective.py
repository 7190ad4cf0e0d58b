"""Which metric an experiment is judged by when nobody said: a guess from the names, pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labdeck.wire.records import Goal, Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM = "system"
"""The component under which is kept what the machine did: no trial is judged by it."""
_WORD = re.compile(r"[^a-z0-9]+")
_HELD_OUT = {"val", "valid", "validation", "test", "eval", "dev", "holdout"}
# fmt: off
_QUALITY = {
    "acc", "accuracy", "auc", "auroc", "bleu", "dice", "f1", "iou", "kappa", "map", "mcc", "ndcg", "precision", "psnr",
    "r2", "recall", "return", "reward", "rouge", "score", "ssim", "top1",
}
_ERROR = {
    "ce", "cer", "deviance", "err", "error", "fid", "logloss", "loss", "mae", "mape", "mse", "nll", "perplexity", "ppl",
    "regret", "rmse", "rmsle", "wer",
}
# fmt: on


def choose_objective(metric_names: Sequence[str], chosen: Objective | None) -> Objective | None:
    """Return the metric that stands for a trial, and which way it is better.

    The user's choice wins, even before the metric has a point. Otherwise the first of: a quality of held-out data
    (higher is better), an error of held-out data (lower is better), a quality of training, an error of training, the
    first metric. Within a rank the earlier name wins.

    Args:
        metric_names: Names in order of first appearance.
        chosen: What the user chose, None for nothing.

    Returns:
        None if nothing was chosen and there is no metric.

    Example:
        >>> choose_objective(["train:loss", "test:loss", "test:accuracy"], None)
        Objective(metric='test:accuracy', goal='max')
        >>> choose_objective(["train:loss", "lr"], None)
        Objective(metric='train:loss', goal='min')
    """
    if chosen is not None:
        return chosen
    if not metric_names:
        return None
    best = min(metric_names, key=_rank)
    return Objective(metric=best, goal=usual_goal(best))


def usual_goal(metric: str) -> Goal:
    """Return the way that is usually better for a metric of that name.

    Example:
        >>> usual_goal("val:loss"), usual_goal("reward")
        ('min', 'max')
    """
    return "min" if _words(metric) & _ERROR else "max"


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.split(name.lower()))


def _rank(name: str) -> int:
    words = _words(name)
    if words & _ERROR:
        return 1 if words & _HELD_OUT else 3
    if words & _QUALITY:
        return 0 if words & _HELD_OUT else 2
    return 4
