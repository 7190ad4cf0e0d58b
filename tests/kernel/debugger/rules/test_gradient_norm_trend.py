"""Norms that grow or fade steadily are found long before they break anything."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import ExplodingTensor, GradientNormTrend
from labdeck.findings.window import window_of


@pytest.mark.slow
def test_a_training_that_will_explode_is_found_before_it_does():
    torch.manual_seed(0)
    model = nn.Linear(20, 1)
    x = torch.randn(200, 20)
    y = x.sum(1, keepdim=True)
    largest = float(torch.linalg.eigvalsh(2 * x.T @ x / len(x)).max())
    optimizer = torch.optim.SGD(model.parameters(), lr=2.2 / largest)  # above 2 / largest it diverges
    seen = list(windows(model, optimizer, nn.functional.mse_loss, [(x, y)], 1500))
    broken = judge(ExplodingTensor(), seen)
    found = judge(GradientNormTrend(), seen)
    assert "grows" in found[0][1].message
    assert found[0][0].step < broken[0][0].step / 2


@pytest.mark.slow
def test_gradients_that_fade_before_anything_was_learnt_are_found():
    model, weights = small(), iter(0.94**step for step in range(1000))

    def fading(said, truth):  # a term that is weighted down by mistake
        return next(weights) * nn.functional.cross_entropy(said, truth) + 3.0

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    found = judge(GradientNormTrend(horizon=80), windows(model, optimizer, fading, batches(*digits()), 250))
    assert "fades" in found[0][1].message


@pytest.mark.slow
@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_a_healthy_training_is_silent(make):
    model = small()
    optimizer = make(model.parameters(), lr=0.1 if make is torch.optim.SGD else 0.003)
    seen = windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 600)
    assert judge(GradientNormTrend(), seen) == []


@pytest.mark.slow
def test_growth_while_a_healthy_training_begins_is_no_warning():
    """Small weights give small gradients at first, which grow with the weights while the loss falls."""
    model = network(lambda: nn.Linear(64, 32), nn.ReLU, lambda: nn.Linear(32, 32), nn.ReLU, lambda: nn.Linear(32, 10))
    with torch.no_grad():
        for each in model.parameters():
            each.mul_(0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    seen = list(windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 130))
    found = judge(GradientNormTrend(), seen)
    assert found
    assert seen[-1].value("loss") < 0.7 * seen[0].value("loss")
    assert {finding.severity for _, finding in found} == {"info"}
    assert "while the loss falls" in found[0][1].message


def test_growth_while_the_loss_does_not_fall_is_a_warning():
    for loss, severity in ((lambda _: 2.0, None), (lambda step: 2.0 + step, None), (lambda step: 0.98**step, "info")):
        seen = [window_of({"gradient/a": [1.1**step], "loss": loss(step)}, step) for step in range(120)]
        assert {finding.severity for _, finding in judge(GradientNormTrend(), seen)} == {severity}


@given(
    st.lists(st.tuples(st.integers(1, 3), st.floats(-3, 3)), min_size=12, max_size=40),
    st.sampled_from([-0.2, 0.0, 0.2]),
    st.sampled_from([0.3, 0.8]),
)
def test_it_is_the_weighted_line_that_counts(noise, drift, fit):
    horizon, step, points, expected, seen = 10, 0, [], [], []
    for gap, value in noise:
        step += gap
        height = drift * step + value
        seen.append(window_of({"gradient/a": [0.6 * math.exp(height)], "gradient/b": [0.8 * math.exp(height)]}, step))
        points.append((step, height))
        steps, heights = (np.array(each, np.float64) for each in zip(*points, strict=True))
        if step - steps[0] < horizon:
            continue
        weights = np.exp(-(step - steps) / horizon)
        slope, level = np.polyfit(steps, heights, 1, w=np.sqrt(weights))
        rest = np.sum(weights * (heights - slope * steps - level) ** 2)
        total = np.sum(weights * (heights - np.average(heights, weights=weights)) ** 2)
        explained = 1 - rest / total if total > 1e-9 else 0.0
        factor = math.exp(slope * horizon)
        if min(abs(explained - fit), abs(factor - 10), abs(1 / factor - 100)) < 1e-6:
            return  # at the very limit rounding decides
        if explained >= fit and (factor > 10 or factor < 1 / 100):
            expected.append((step, factor))
    found = judge(GradientNormTrend(horizon=horizon, fit=fit), seen)
    assert [(window.step, pytest.approx(finding.value, rel=1e-6)) for window, finding in found] == expected


def test_fading_is_excused_while_the_loss_falls():
    def course(loss):
        return [window_of({"gradient/a": [0.9**step], "loss": loss(step)}, step) for step in range(150)]

    assert judge(GradientNormTrend(), course(lambda step: 2.0 * 0.98**step)) == []
    assert judge(GradientNormTrend(), course(lambda _: 2.0)) != []


def test_a_loss_that_falls_excuses_whatever_other_losses_do():
    def course(loss):
        values = ({"gradient/a": [0.9**step], "loss/A": 2.0 * loss**step, "loss/B": 900.0} for step in range(150))
        return [window_of(each, step) for step, each in enumerate(values)]

    assert judge(GradientNormTrend(), course(0.98)) == []
    assert judge(GradientNormTrend(), course(1.0)) != []


def test_what_is_missing_at_a_step_is_left_out():
    rule = GradientNormTrend()
    seen = [window_of({"gradient/a": [1.0], "gradient/b": [math.nan], "loss": 1.0}, step) for step in range(3)]
    assert judge(rule, [*seen, window_of({"loss": 1.0}, 3)]) == []
    assert rule.report() == {"norm": 1.0, "factor over the horizon": 1.0}
