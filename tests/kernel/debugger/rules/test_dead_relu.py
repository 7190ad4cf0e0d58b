"""Dead ReLUs are found when a layer no longer answers, and only then."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.training import batches, digits, judge, small, windows
from torch import nn

from labdeck.debugger.rules import DeadRelu
from labdeck.findings.window import window_of


def train(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 40, activations=True)


@pytest.mark.slow
def test_biases_far_below_zero_kill_a_layer():
    model = small()
    with torch.no_grad():
        model[0].bias[:24] = -50.0
    found = judge(DeadRelu(), train(model))
    assert {finding.tensor for _, finding in found} == {"1_output_0"}
    assert found[0][0].step == 1  # two batches of 64 are more than 100 samples
    assert all(finding.value >= 75 for _, finding in found)


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(DeadRelu(), train(small())) == []


OUTPUTS = st.integers(1, 4).flatmap(
    lambda units: st.lists(
        st.integers(1, 6).flatmap(
            lambda samples: arrays(np.float64, (samples, units), elements=st.sampled_from([-1.0, 0.0, 0.0, 0.0, 2.0]))
        ),
        min_size=1,
        max_size=8,
    )
)


@given(OUTPUTS, st.sampled_from([10.0, 25.0, 50.0]), st.sampled_from([0.0, 30.0, 50.0]))
def test_it_counts_units_and_samples(steps, inactivity, layer):
    rule, enough = DeadRelu(threshold_inactivity=inactivity, threshold_layer=layer), math.ceil(100 / inactivity)
    before, latest = [], []
    for step, outputs in enumerate(steps):
        latest = [*latest, *outputs.tolist()]
        samples = latest if len(latest) >= enough else before + latest
        expected = None
        if len(samples) >= enough:
            units = list(zip(*samples, strict=True))
            dead = [100 * sum(value > 0 for value in unit) / len(unit) < inactivity for unit in units]
            expected = 100 * sum(dead) / len(dead)
        if len(latest) >= enough:
            before, latest = latest, []
        found = [each.value for each in rule.judge(window_of({"relu_output_0": outputs}, step))]
        assert found == pytest.approx([expected] if expected is not None and expected > layer else [])


def test_a_channel_is_one_unit():
    maps = np.zeros((120, 4, 5, 5))
    maps[:, :2, 3, 3] = 1.0
    assert list(DeadRelu().judge(window_of({"relu_output_0": maps}))) == []
    maps[:, 1] = 0.0
    assert [found.value for found in DeadRelu().judge(window_of({"relu_output_0": maps}))] == [75.0]


def test_the_type_of_the_module_tells_as_well_as_the_name():
    window = window_of({"body.3_output_0": np.zeros((100, 4))}, collections={"body.3_output_0": ("relu_outputs",)})
    assert [found.tensor for found in DeadRelu().judge(window)] == ["body.3_output_0"]
    assert list(DeadRelu(tensor_regex="head.*_output").judge(window)) == []


def test_shapes_may_change_and_other_modes_do_not_count():
    rule = DeadRelu()
    windows = [window_of({"relu_output_0": np.zeros(shape)}) for shape in [(60, 4), (60, 5), (60, 5), (7,), ()]]
    assert [bool(list(rule.judge(window))) for window in windows] == [False, False, True, False, False]
    assert list(DeadRelu().judge(window_of({"relu_output_0": np.zeros((200, 4))}, mode="EVAL"))) == []
