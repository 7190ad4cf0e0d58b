"""Saturated activations are found when their inputs are huge, and only then."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.training import batches, digits, judge, network, windows
from torch import nn

from labdeck.debugger.rules import SaturatedActivation
from labdeck.findings.window import window_of


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits(), size=128), 30, activations=True)


def deep(kind):
    return network(lambda: nn.Linear(64, 32), kind, lambda: nn.Linear(32, 32), nn.Sigmoid, lambda: nn.Linear(32, 10))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "tensor"), [(nn.Tanh, "1_input_0"), (nn.Sigmoid, "1_input_0")])
def test_huge_weights_saturate_a_layer(kind, tensor):
    model = deep(kind)
    with torch.no_grad():
        model[0].bias[:] = 1000.0
    found = judge(SaturatedActivation(), train(model))
    assert {finding.tensor for _, finding in found} == {tensor}


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(SaturatedActivation(), train(deep(nn.Tanh))) == []


@given(
    arrays(np.float64, (5, 4), elements=st.floats(-30, 30)),
    st.sampled_from(["tanh", "sigmoid"]),
    st.sampled_from([0.0, 40.0, 60.0]),
    st.sampled_from([20.0, 50.0, 100.0]),
)
def test_it_counts_inputs_between_the_bounds(inputs, kind, layer, inactivity):
    low, high = (-9.4999, 9.4999) if kind == "tanh" else (-23, 16.99999)
    stuck = [
        100 * sum(low < inputs[row][unit] < high for row in range(5)) / 5 < inactivity for unit in range(4)
    ]  # fmt: skip
    share = 100 * sum(stuck) / 4
    rule = SaturatedActivation(threshold_inactivity=inactivity, threshold_layer=layer)
    found = [each.value for each in rule.judge(window_of({f"{kind}_input_0": inputs}))]
    assert found == ([share] if share > layer else [])


def test_the_bounds_are_where_the_slope_is_lost():
    rule = SaturatedActivation()
    at_most = [rule.threshold_tanh_max, rule.threshold_sigmoid_max]
    slopes = [1 - np.tanh(at_most[0]) ** 2, np.exp(-at_most[1]) / (1 + np.exp(-at_most[1])) ** 2]
    assert all(slope < 1e-7 for slope in slopes)
