"""Trainings that blow up are found before they end in NaN; losses that jump are not."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import Divergence
from labdeck.findings.window import window_of


def train(model, lr, scale=1.0, steps=60, make=torch.optim.SGD):
    inputs, labels = digits()
    optimizer = make(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(scale * inputs, labels), steps)


def deep():
    return network(lambda: nn.Linear(64, 32), nn.ReLU, lambda: nn.Linear(32, 32), nn.ReLU, lambda: nn.Linear(32, 10))


@pytest.mark.slow
@pytest.mark.parametrize(("lr", "scale"), [(10.0, 1.0), (100.0, 1.0), (0.1, 255.0)])
def test_a_rate_that_is_far_too_high_is_found_before_nan(lr, scale):
    found, nan = [], None
    rule = Divergence()
    for window in train(deep(), lr, scale):
        if nan is None and not math.isfinite(window.value("loss")):
            nan = window.step
        found += [(window.step, each) for each in rule.judge(window)]
    assert found
    assert nan is None or found[0][0] < nan
    assert f"the learning rate, {lr:g}, is too high" in found[0][1].message


@pytest.mark.slow
@pytest.mark.parametrize(("make", "lr"), [(torch.optim.SGD, 0.1), (torch.optim.Adam, 0.003), (torch.optim.Adam, 0.02)])
def test_a_healthy_training_is_silent(make, lr):
    assert judge(Divergence(), train(small(), lr, steps=200, make=make)) == []


@pytest.mark.slow
def test_losses_of_single_samples_jump_without_steps_that_large():
    inputs, _ = digits(200)
    targets = inputs @ torch.randn(64, 1, generator=torch.Generator().manual_seed(0))
    model = network(lambda: nn.Linear(64, 1))
    order = (targets - model(inputs)).abs().flatten().argsort()
    single = [(inputs[at : at + 1], targets[at : at + 1]) for at in order.tolist()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    seen = list(windows(model, optimizer, nn.functional.mse_loss, single, 200))
    losses = [window.value("loss") for window in seen]
    assert max(losses) > 10 * losses[0]
    assert judge(Divergence(), seen) == []


INSIDE = {"update/a": ("updates",), "update/b": ("updates",), "loss": ("losses",)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, 9.0, 11.0, 1e6, -50.0, math.nan, math.inf]),
            st.booleans(),
            st.sampled_from([0.0, 1e-3, 0.3, 2.0, math.nan, math.inf]),
        ),
        max_size=20,
    )
)
def test_what_is_found_is_what_slow_code_finds(course):
    seen = [
        window_of(
            {"update/a": ratio, "update/b": ratio, **({"loss": value} if is_there else {})}, step, collections=INSIDE
        )
        for step, (value, is_there, ratio) in enumerate(course)
    ]
    known = [(step, value) for step, (value, is_there, _) in enumerate(course) if is_there]
    start = next((at for at, (_, value) in enumerate(known) if math.isfinite(value)), len(known))
    expected = []
    for (_, before), (step, value) in zip(known[start:], known[start + 1 :], strict=False):
        limit = 10 * abs(known[start][1])
        large = [ratio for _, _, ratio in course[:step] if 0.1 < ratio < math.inf]
        was_high = limit > 0 and (abs(before) > limit or (max(large, default=0) > 1 and limit < abs(value)))
        if large and was_high and (abs(value) > limit or not math.isfinite(value)):
            expected.append(step)
    assert [window.step for window, _ in judge(Divergence(), seen)] == expected
