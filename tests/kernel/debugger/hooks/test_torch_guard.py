"""A gradient that is not finite is found in its very step, however rarely the budget lets gradients be recorded."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import functional, watched
from torch import nn

from labdeck.debugger.hooks.torch_guard import MOST, GradientGuard
from labdeck.debugger.rules import ExplodingTensor, NaNOrigin
from labdeck.findings.window import Window
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout


class Remembers:
    """Takes what a guard tells, instead of a hub and a step."""

    def __init__(self):
        self.alerts, self.scalars, self.pending, self.plans = 0, [], [], []
        self.unscale = None

    def alert(self):
        self.alerts += 1

    def due(self, mode):
        return mode

    def scalar(self, *given):
        self.scalars.append(given)

    def renew(self, plan):
        self.plans.append(plan)

    def put(self, pending):
        self.pending.append(pending)


def parameter(gradient):
    value = nn.Parameter(torch.empty(gradient.shape, dtype=gradient.dtype))
    value.grad = gradient
    return SimpleNamespace(value=value)


def is_found(*gradients, times=1):
    told = Remembers()
    guard = GradientGuard(told)
    for _ in range(times):
        guard.look(told, [parameter(one) for one in gradients])
    assert told.plans == ["TRAIN"] * told.alerts
    return told.alerts > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.complex64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_every_kind_of_number_is_found_in_every_type(dtype, bad):
    good, spoilt = torch.ones(3, 4, dtype=dtype), torch.ones(3, 4, dtype=dtype)
    spoilt[1, 2] = bad
    assert not is_found(good, good.T)
    assert is_found(good, spoilt)
    assert is_found(spoilt.T, good)
    assert is_found(spoilt.to_sparse() if dtype.is_floating_point and dtype.itemsize > 2 else spoilt)


def test_large_numbers_and_none_are_healthy():
    assert not is_found(torch.full((3,), 3e38), torch.full((3,), 1e308, dtype=torch.float64))
    assert not is_found(torch.empty(0, 3), torch.full((4,), 6e4, dtype=torch.float16))
    nothing = SimpleNamespace(value=nn.Parameter(torch.ones(2)))
    told = Remembers()
    GradientGuard(told).look(told, [nothing])
    assert not told.alerts


def test_of_very_many_gradients_each_is_looked_at_in_turn():
    many = [torch.ones(1) for _ in range(3 * MOST)]
    many[-1][0] = math.nan
    assert not is_found(*many, times=2)
    assert is_found(*many, times=3)


def test_what_comes_late_from_a_device_is_the_norm_of_its_step_and_alerts():
    told = Remembers()
    guard = GradientGuard(told)
    guard._arrive(0.0)
    assert (told.alerts, told.scalars) == (0, [])
    guard._arrive(math.nan)
    ((name, value, collection),) = told.scalars
    assert (told.alerts, name, collection) == (1, "gradients", "gradients")
    layout, row = make_layout([(TensorInfo(name, (collection,)), ("value",))]), np.array([value])
    (finding,) = ExplodingTensor().judge(Window(Moment("TRAIN", 7, 7, 0.0), layout, row))
    assert finding.tensor == "gradients"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [math.nan, math.inf])
def test_a_bad_gradient_is_found_in_its_step_although_gradients_are_recorded_rarely(kind):
    torch.manual_seed(0)
    hidden = [layer for _ in range(8) for layer in (nn.Linear(32, 32), nn.ReLU())]
    net = nn.Sequential(nn.Linear(2, 32), *hidden, nn.Linear(32, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    save = {name: {"reductions": ["l2", "quantiles", "histogram"]} for name in ("gradients", "weights", "outputs")}
    with watched(net, optimizer, rules=[ExplodingTensor, NaNOrigin], save=save, budget=1e-6) as run:
        for step in range(120):
            optimizer.zero_grad()
            functional.mse_loss(net(torch.rand(4, 2)), torch.zeros(4, 1)).backward()
            if step == 103:
                net[17].weight.grad[0, 3] = kind
            optimizer.step()
    recorded = run.reader.series("gradient/17.weight", "l2").steps.tolist()
    assert not {99, 101, 102} & set(recorded), "the budget was kept"
    assert {103, 104, 105} <= set(recorded), "the step itself is recorded, and those after it"
    findings = run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings
    first = [(each.rule, each.step, each.tensor) for each in findings if each.step <= 103]
    assert sorted(first) == [
        ("ExplodingTensor", 103, "gradient/17.weight"),
        ("NaNOrigin", 103, "gradient/17.weight"),
    ]
