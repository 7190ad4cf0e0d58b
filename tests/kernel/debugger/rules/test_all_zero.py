"""Tensors of zeros are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tests.kernel.debugger.training import batches, digits, judge, network, scalars, small, windows
from torch import nn

from labdeck.debugger.rules import AllZero
from labdeck.findings.window import window_of


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 20)


@pytest.mark.slow
def test_a_layer_behind_dead_units_gets_no_gradient():
    model = network(lambda: nn.Linear(64, 32), nn.ReLU, lambda: nn.Linear(32, 16), nn.ReLU, lambda: nn.Linear(16, 10))
    nn.init.constant_(model[2].bias, -1000.0)
    found = judge(AllZero(), train(model))
    assert {finding.tensor for _, finding in found} >= {"gradient/0.weight", "gradient/2.weight"}
    assert "gradient/4.bias" not in {finding.tensor for _, finding in found}


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(AllZero(), train(small())) == []


@given(
    arrays(np.float32, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3), elements=st.sampled_from([0, 1])),
    st.sampled_from([1.0, 30.0, 50.0, 100.0]),
)
def test_it_counts_zeros(values, threshold):
    found = [each.value for each in AllZero(threshold, tensor_regex="x").judge(window_of({"x": values}))]
    flat = values.reshape(-1).tolist()
    share = 100 * sum(value == 0 for value in flat) / len(flat) if flat else 0
    assert found == pytest.approx([share] if share >= threshold else [])


def test_a_scalar_counts_as_one_number():
    found = judge(AllZero(collection_names="losses"), scalars([1.0, 0.0, 0.5]))
    assert [(window.step, finding.value) for window, finding in found] == [(1, 100.0)]
