"""Learning rates that are far too high or too low are found; schedules are not blamed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import LearningRate
from labdeck.findings.window import window_of


def train(optimizer, model, steps=300, schedule=None):
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), steps, schedule=schedule)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "lr"), [(torch.optim.SGD, 20.0), (torch.optim.Adam, 0.3)])
def test_a_rate_that_is_too_high_is_found(make, lr):
    model = network(lambda: nn.Linear(64, 32), nn.Tanh, lambda: nn.Linear(32, 10))
    found = judge(LearningRate(), train(make(model.parameters(), lr=lr), model))
    assert found
    assert {"too high" in finding.message for _, finding in found} == {True}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "lr"), [(torch.optim.Adam, 1e-7), (torch.optim.SGD, 1e-6)])
def test_a_rate_that_is_too_low_is_found(make, lr):
    model = small()
    found = judge(LearningRate(), train(make(model.parameters(), lr=lr), model))
    assert found
    assert {"too low" in finding.message for _, finding in found} == {True}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "lr"), [(torch.optim.Adam, 0.003), (torch.optim.Adam, 0.02), (torch.optim.SGD, 0.1)])
def test_a_healthy_training_is_silent(make, lr):
    model = small()
    assert judge(LearningRate(), train(make(model.parameters(), lr=lr), model, 600)) == []


@pytest.mark.slow
def test_a_schedule_that_ends_at_zero_is_not_blamed():
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.97**step)
    assert judge(LearningRate(), train(optimizer, model, 600, schedule)) == []


@given(
    st.lists(
        st.tuples(st.sampled_from([1e-7, 1e-3, 0.5, math.nan, 0.0]), st.floats(0.5, 2.0)), min_size=12, max_size=40
    ),
    st.sampled_from([-0.02, 0.0]),
)
def test_ratio_and_line_are_those_of_slow_code(course, drift):
    horizon, expected, seen, largest = 10, [], [], 0.0
    inside = {"update/a": ("updates",), "update/b.bias": ("updates",)}
    ratios, losses, lowest = [], [], math.inf
    for step, (ratio, noise) in enumerate(course):
        losses.append(noise * math.exp(drift * step))
        seen.append(window_of({"update/a": ratio, "update/b.bias": 9.0, "loss": losses[-1]}, step, collections=inside))
        if ratio > 0:
            ratios.append((step, math.log10(ratio)))
        if not ratios or ratios[-1][0] - ratios[0][0] < horizon:
            continue
        weights = [math.exp((when - ratios[-1][0]) / horizon) for when, _ in ratios]
        size = 10 ** np.average([value for _, value in ratios], weights=weights)
        largest = max(largest, size)
        before, now = np.median(losses[-10:-5]), np.median(losses[-5:])
        if min(abs(size / 0.01 - 1), abs(largest / 1e-5 - 1)) < 1e-9:
            return  # at the very limit rounding decides
        falls = before - now >= 0.01 * before or now < 0.05 * losses[0]
        if largest < 1e-5 or size > 0.01:
            lowest = min(lowest, now)
        has_fallen = losses[0] - now >= 0.2 * losses[0] and now <= 2 * lowest
        if not falls and ((size > 0.01 and not (has_fallen and size <= 0.1)) or largest < 1e-5):
            expected.append((step, "high" if size > 0.01 else "low", size))
    found = judge(LearningRate(horizon=horizon), seen)
    told = [(window.step, "high" if "high" in each.message else "low", each.value) for window, each in found]
    assert told == [(step, word, pytest.approx(size, rel=1e-6)) for step, word, size in expected]


def test_each_of_several_losses_is_followed_by_itself():
    """Losses that take turns, as those of a generator and a discriminator, go up and down only together."""
    inside = {"update/a": ("updates",), "lr": ("learning_rates",)}

    def found(slow, fast):
        losses = ({"loss/D": 1e-3 * slow**step} if step % 2 else {"loss/G": 100.0 * fast**step} for step in range(300))
        seen = [window_of({"update/a": 0.5, **each}, step, collections=inside) for step, each in enumerate(losses)]
        return judge(LearningRate(), seen)

    assert found(0.99, 1.0) == []
    assert found(1.0, 0.99) == []
    assert found(1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "lr"), [(torch.optim.SGD, 0.05), (torch.optim.SGD, 0.2), (torch.optim.Adam, 0.03)])
def test_a_loss_at_its_floor_is_not_blamed_on_the_rate(make, lr):
    """Classes that overlap: the loss of the best classifier is far above zero, and batches make it noisy."""
    draw = torch.Generator().manual_seed(0)
    centres = torch.randn(10, 20, generator=draw)

    def data():
        while True:
            labels = torch.randint(0, 10, (64,), generator=draw)
            yield centres[labels] + 2 * torch.randn(64, 20, generator=draw), labels

    model = network(lambda: nn.Linear(20, 10))
    seen = list(windows(model, make(model.parameters(), lr=lr), nn.functional.cross_entropy, data(), 400))
    assert np.mean([window.value("loss") for window in seen[-50:]]) > 0.7
    assert np.median([window.value("update/0.weight") for window in seen]) > 0.01
    assert judge(LearningRate(), seen) == []


def test_warming_up_is_not_blamed():
    inside = {"update/a": ("updates",), "lr": ("learning_rates",)}
    seen = [
        window_of({"update/a": 1e-7, "lr": 1e-6 * step, "loss": 2.0}, step, collections=inside) for step in range(200)
    ]
    assert judge(LearningRate(), seen) == []
    assert LearningRate().report() == {}
