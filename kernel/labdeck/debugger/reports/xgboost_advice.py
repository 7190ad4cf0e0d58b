"""Says whether boosted trees fit too much or too little, by their metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from labdeck.debugger.reports.parts import Text
from labdeck.debugger.reports.xgboost_facts import Curve

_RISEN = 0.01
"""Share by which a loss of held-out data must have risen above its best to count."""
_LATER = 0.1
"""Share of the rounds that must lie behind the best one."""
_FALLING = 0.01
"""Share by which a loss must still fall over the last tenth of the rounds to count."""
_GAP = 0.25
"""Share by which the loss of held-out data must lie above that of training to count."""
_LEAST = 5


def advise(curves: Sequence[Curve]) -> Iterator[Text]:
    """Yield a verdict for each metric that was recorded of training data and of others.

    It fits too much if the loss of held-out data has risen by 1 % above its best, more than a tenth of the rounds ago,
    while that of training went on falling. It fits too little if both still fall by more than 1 % over the last tenth
    of the rounds. Metrics that are better when they are higher are turned round.
    """
    for metric in dict.fromkeys(curve.metric for curve in curves):
        same = [curve for curve in curves if curve.metric == metric]
        train = next((curve for curve in same if curve.is_train), None)
        for held_out in same:
            if train is None or held_out.is_train or len(held_out.values) < _LEAST:
                continue
            yield _verdict(train, held_out)


def _verdict(train: Curve, held_out: Curve) -> Text:
    sign = 1.0 if held_out.is_loss else -1.0
    losses = sign * np.where(np.isfinite(held_out.values), held_out.values, np.inf * sign)
    best = int(np.argmin(losses))
    value, last = held_out.values[best], held_out.values[-1]
    behind = len(losses) - 1 - best
    what = f"{held_out.dataset}-{held_out.metric}"
    risen = (losses[-1] - losses[best]) / max(abs(value), 1e-12)
    fallen = sign * (train.values[min(best, len(train.values) - 1)] - train.values[-1])
    if risen > _RISEN and behind > _LATER * len(losses) and fallen > 0:
        return Text(
            f"{what} was best after round {held_out.steps[best]} ({value:.4g}) and is {last:.4g} now, while "
            f"{train.dataset}-{train.metric} went on improving: the trees learn the training data by heart from there "
            f"on. Use early_stopping_rounds, lower max_depth or eta, raise min_child_weight or gamma, or use subsample "
            f"and colsample_bytree below 1.",
            "bad",
        )
    if _still_falls(sign * train.values) and _still_falls(losses):
        return Text(
            f"{what} still improves ({last:.4g} after the last round), and so does {train.dataset}-{train.metric}: "
            f"train more rounds, or raise eta or max_depth.",
            "advice",
        )
    gap = sign * (last - train.values[-1]) / max(abs(train.values[-1]), 1e-12)
    if held_out.is_loss and gap > _GAP:
        return Text(
            f"{what} is {last:.4g}, {gap:.0%} above that of training, and does not get better: more data, stronger "
            f"regularisation (lambda, alpha, min_child_weight) or shallower trees may close the gap.",
            "advice",
        )
    return Text(f"{what} has settled at {last:.4g}: neither too many rounds nor too few.", "good")


def _still_falls(losses: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    before = losses[-1 - max(1, len(losses) // 10)] if len(losses) > 1 else losses[-1]
    return bool((before - losses[-1]) > _FALLING * abs(before))
