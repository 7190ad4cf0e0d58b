"""Variances beyond the limits are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, spread, windows
from torch import nn

from labdeck.debugger.rules import TensorVariance
from labdeck.errors import UsageError
from labdeck.findings.window import window_of


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 10)


@pytest.mark.slow
@pytest.mark.parametrize(("std", "word"), [(9.0, "spreads too much"), (1e-4, "hardly spreads")])
def test_weights_that_begin_too_large_or_too_small_are_found(std, word):
    model = small()
    nn.init.normal_(model[0].weight, std=std)
    found = judge(TensorVariance(max_threshold=10, min_threshold=1e-5), train(model))
    assert (found[0][0].step, found[0][1].tensor) == (0, "0.weight")
    assert word in found[0][1].message


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(TensorVariance(max_threshold=10, min_threshold=1e-5), train(small())) == []


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.floats(-100, 100), min_size=1, max_size=6), min_size=1),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_it_is_the_variance_of_the_population(tensors, high, low):
    window = window_of({f"{name}.weight": [values] for name, values in tensors.items()})
    rule = TensorVariance(max_threshold=high, min_threshold=low, collection_names="weights")
    for name, values in tensors.items():
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)
        if min(abs(variance - high), abs(variance - low)) < 1e-9:
            return  # at the very limit rounding decides
        found = [each for each in rule.judge(window) if each.tensor == f"{name}.weight"]
        assert bool(found) == (variance > high or (variance < low and len(values) > 1))
        if found:
            assert found[0].value == pytest.approx(np.var(spread(values)))


@pytest.mark.slow
def test_normalisation_layers_and_single_numbers_begin_alike_on_purpose():
    model = network(lambda: nn.Linear(64, 32), lambda: nn.BatchNorm1d(32), nn.PReLU, lambda: nn.Linear(32, 10))
    rule = TensorVariance(min_threshold=1e-5, collection_names="weights,biases")
    assert judge(rule, train(model)) == []


@pytest.mark.parametrize(
    ("values", "collection", "expected"),
    [
        (np.ones((4, 4)), "weights", 1),
        (np.ones(4), "weights", 0),
        (np.ones(4), "biases", 0),
        (np.ones(4), "outputs", 1),
        (np.ones((1, 1)), "outputs", 0),
        (np.arange(4.0) * 100, "weights", 1),
    ],
)
def test_only_what_should_spread_must_spread(values, collection, expected):
    window = window_of({"x": values}, collections={"x": (collection,)})
    rule = TensorVariance(max_threshold=10, min_threshold=1e-5, tensor_regex="x")
    assert len(list(rule.judge(window))) == expected


@pytest.mark.parametrize(("limit", "expected"), [(3.99, 0), (4.0, 0), (4.01, 1)])
def test_what_is_at_the_limit_is_healthy(limit, expected):
    window = window_of({"a.weight": [[-2.0, 2.0]]})
    assert len(list(TensorVariance(min_threshold=limit).judge(window))) == expected
    assert len(list(TensorVariance(max_threshold=limit).judge(window))) == (limit < 4)


def test_a_limit_must_be_given():
    with pytest.raises(UsageError, match="no limit"):
        TensorVariance()
