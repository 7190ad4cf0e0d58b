"""Tensors of zeros are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tests.kernel.debugger.training import batches, digits, judge, network, scalars, small, steps_of, windows
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


@pytest.mark.parametrize(
    ("zeros", "threshold", "expected"), [(500, 50.0, 1), (500, 50.01, 0), (499, 50.0, 0), (999, 100, 0)]
)
def test_the_limit_is_exact(zeros, threshold, expected):
    values = np.ones(1000)
    values[:zeros] = 0
    rule = AllZero(threshold, tensor_regex="x")
    assert len(list(rule.judge(window_of({"x": values})))) == expected


class Adapted(nn.Module):
    """A layer with an adapter of low rank whose second half begins at zero, as it does by design."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.base = nn.Linear(64, 10)
        self.down, self.up = nn.Linear(64, 4, bias=False), nn.Linear(4, 10, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs):
        return self.base(inputs) + self.up(self.down(inputs))


@pytest.mark.slow
def test_what_is_behind_a_layer_that_begins_at_zero_is_given_a_step():
    assert judge(AllZero(), train(Adapted())) == []


def test_a_gradient_that_stays_zero_is_found_at_the_second_step_or_the_end():
    def window(step, mode="TRAIN", first=0.0):
        return window_of({"gradient/a": [first, 0.0], "gradient/b": [1.0, 2.0]}, step, mode)

    assert steps_of(judge(AllZero(), [window(0), window(1), window(2)])) == [1, 2]
    assert steps_of(judge(AllZero(), [window(0), window(1, first=1.0), window(2)])) == [2]
    assert steps_of(judge(AllZero(), [window(0, first=1.0), window(1)])) == [1]
    for seen, expected in (([window(7)], [(7, "TRAIN")]), ([window(7), window(8)], []),
                           ([window(7), window(9, "GLOBAL", 1.0)], [(7, "TRAIN")])):  # fmt: skip
        rule = AllZero()
        judge(rule, seen)
        assert [(found.step, found.mode) for found in rule.conclude()] == expected
