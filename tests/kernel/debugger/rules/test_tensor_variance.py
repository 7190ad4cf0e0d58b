"""Variances beyond the limits are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, small, spread, windows
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
    window = window_of({f"{name}.weight": values for name, values in tensors.items()})
    rule = TensorVariance(max_threshold=high, min_threshold=low, collection_names="weights")
    for name, values in tensors.items():
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)
        if min(abs(variance - high), abs(variance - low)) < 1e-9:
            return  # at the very limit rounding decides
        found = [each for each in rule.judge(window) if each.tensor == f"{name}.weight"]
        assert bool(found) == (variance > high or variance < low)
        if found:
            assert found[0].value == pytest.approx(np.var(spread(values)))


def test_a_limit_must_be_given():
    with pytest.raises(UsageError, match="no limit"):
        TensorVariance()
