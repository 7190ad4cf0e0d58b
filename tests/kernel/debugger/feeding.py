"""A small hook for tests: feeds a hub with arrays whose reductions are computed the slow, obvious way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labdeck.debugger.hub import Hub
from labdeck.findings.reductions import reduce
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.store.tensors.layout import TensorInfo


def infos(*extra):
    """The tensors of a model of one layer."""
    return [
        TensorInfo("fc.weight", ("weights",), shape=(2, 3), parameter="fc.weight"),
        TensorInfo("fc.bias", ("biases",), shape=(2,), parameter="fc.bias"),
        TensorInfo("gradient/fc.weight", ("gradients",), shape=(2, 3), parameter="fc.weight"),
        *extra,
    ]


def arrays_at(step):
    """What those tensors are at a step."""
    return {
        "fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3) + step,
        "fc.bias": np.full(2, step, np.float32),
        "gradient/fc.weight": np.full((2, 3), 1 / (step + 1), np.float32),
    }


def fill(plan, arrays):
    """Compute the row of a plan."""
    row = np.full(plan.layout.width, np.nan)
    for column in plan.layout.columns:
        array = arrays.get(plan.layout.tensors[column.tensor].name)
        if array is not None:
            row[column.start : column.start + column.width] = reduce(array, column.reduction)
    return row


def feed(hub, mode="TRAIN", loss=None, arrays=None):
    """Go one step; return the plan."""
    plan = hub.due(mode)
    step = hub.steps[mode]
    if loss is not None:
        hub.scalar("loss", loss, "losses")
    if plan is None:
        hub.skip(mode)
    else:
        arrays = arrays_at(step) if arrays is None else arrays
        hub.take(mode, plan, fill(plan, arrays), arrays)
    return plan


def make(trial, **more):
    """Return a hub over that model: no rules, no budget, unless they are asked for."""
    hub = Hub(trial, **{"name": "Net", "framework": "torch", "rules": (), "budget": None, **more})
    hub.describe(infos(), 8)
    return hub


@dataclass
class LossAbove(Rule):
    """The loss is too high."""

    limit: float = 10.0
    severity = "error"

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        for name in window.select("losses"):
            if window.value(name) > self.limit:
                yield Finding("the loss is too high", name, window.value(name), self.limit)
