"""Tensors that do not change are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.training import batches, digits, judge, scalars, small, steps_of, windows
from torch import nn

from labdeck.debugger.rules import UnchangedTensor
from labdeck.findings.reductions import reduce
from labdeck.findings.window import Window, window_of
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout


def train(model, parameters=None):
    optimizer = torch.optim.SGD(parameters or model.parameters(), lr=0.1)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 10)


@pytest.mark.slow
def test_a_layer_that_the_optimizer_does_not_know_is_found():
    model = small()
    found = judge(UnchangedTensor(), train(model, model[2].parameters()))
    assert {finding.tensor for _, finding in found} == {"0.weight"}
    assert steps_of(found) == list(range(2, 10))


@pytest.mark.slow
def test_a_healthy_training_is_silent_even_with_a_frozen_layer():
    model = small()
    model[0].weight.requires_grad_(False)
    assert judge(UnchangedTensor(), train(model)) == []


@given(
    st.lists(
        arrays(np.float64, (2,), elements=st.sampled_from([0.0, 1.0, 1.0 + 1e-6, 1.01, np.nan])),
        min_size=1,
        max_size=12,
    ),
    st.integers(2, 4),
    st.booleans(),
)
def test_each_of_the_run_is_close_to_its_first(values, num_steps, equal_nan):
    rule = UnchangedTensor(tensor_regex="^x$", num_steps=num_steps, equal_nan=equal_nan)
    found = judge(rule, [window_of({"x": value}, step) for step, value in enumerate(values)])
    expected, first = [], 0
    for step in range(1, len(values)):
        if not np.allclose(values[step], values[first], equal_nan=equal_nan):
            first = step
        elif step - first + 1 >= num_steps:
            expected.append(step)
    assert steps_of(found) == expected


def test_large_tensors_that_differ_at_their_end_have_changed():
    tail = np.zeros((3, 5000))
    tail[:, -1] = range(3)
    rule = UnchangedTensor(tensor_regex="x", num_steps=2)
    assert judge(rule, [window_of({"x": value}, step) for step, value in enumerate(tail)]) == []


def test_reductions_stand_in_for_arrays_to_the_last_bit():
    layout = make_layout([(TensorInfo("a.weight", ("weights",), shape=(3,)), ("sum", "l2"))])

    def window(step, values):
        row = np.array([reduce(values, "sum"), reduce(values, "l2")])
        return Window(Moment("TRAIN", step, step, 0.0), layout, row)

    base = np.array([1.0, 2.0, 3.0])
    assert steps_of(judge(UnchangedTensor(), [window(step, base) for step in range(4)])) == [2, 3]
    assert judge(UnchangedTensor(), [window(step, base * (1 + 1e-9 * step)) for step in range(4)]) == []


def test_a_loss_that_stands_still_is_found():
    assert steps_of(judge(UnchangedTensor(), scalars([2.0, 1.0, 1.0, 1.0, 0.5]))) == [3]
