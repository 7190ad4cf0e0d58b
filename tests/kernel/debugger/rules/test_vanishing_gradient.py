"""Vanishing gradients are found where sigmoids are stacked, and only there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import VanishingGradient
from labdeck.findings.window import window_of


def train(model, steps=40, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), steps)


@pytest.mark.slow
def test_a_stack_of_sigmoids_loses_its_gradient():
    hidden = [part for _ in range(12) for part in (lambda: nn.Linear(16, 16), nn.Sigmoid)]
    deep = network(lambda: nn.Linear(64, 16), nn.Sigmoid, *hidden, lambda: nn.Linear(16, 10))
    found = judge(VanishingGradient(), train(deep))
    assert "gradient/0.weight" in {finding.tensor for _, finding in found}
    assert "gradient/26.weight" not in {finding.tensor for _, finding in found}  # the last layer still learns
    assert all(finding.value < 1e-7 for _, finding in found)


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(VanishingGradient(), train(small())) == []


@pytest.mark.slow
def test_a_bias_before_a_normalisation_is_no_failure():
    model = network(lambda: nn.Linear(64, 32), lambda: nn.BatchNorm1d(32), nn.ReLU, lambda: nn.Linear(32, 10))
    seen = list(train(model))
    assert max(window.value("gradient/0.bias", "abs_mean") for window in seen) < 1e-7  # it has no effect
    assert judge(VanishingGradient(), seen) == []


def test_a_bias_counts_with_its_weight_and_alone():
    def names(weight):
        window = window_of({"gradient/l.bias_ih_l0": [0.0], "gradient/l.weight_ih_l0": [weight], "gradient/b": [0.0]})
        return [finding.tensor for finding in VanishingGradient().judge(window)]

    assert names(1.0) == ["gradient/b"]
    assert names(0.0) == ["gradient/l.bias_ih_l0", "gradient/l.weight_ih_l0", "gradient/b"]


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.floats(-1e-5, 1e-5), min_size=1, max_size=5), min_size=1, max_size=6
    ),
    st.floats(0, 1e-5),
)
def test_it_is_the_mean_magnitude_that_counts(tensors, threshold):
    window = window_of({f"gradient/{name}": values for name, values in tensors.items()})
    found = {finding.tensor for finding in VanishingGradient(threshold).judge(window)}
    assert found == {
        f"gradient/{name}"
        for name, values in tensors.items()
        if float(np.mean([abs(value) for value in values])) < threshold
    }


def test_a_gradient_of_zeros_is_said_to_be_zero():
    window = window_of({"gradient/a": np.zeros(3), "a": np.zeros(3)})
    assert [finding.message for finding in VanishingGradient().judge(window)] == ["gradient/a is zero throughout"]


def test_a_gradient_that_is_missing_at_a_step_is_none():
    window = window_of({"gradient/a": np.full(3, np.nan)})
    assert list(VanishingGradient().judge(window)) == []
