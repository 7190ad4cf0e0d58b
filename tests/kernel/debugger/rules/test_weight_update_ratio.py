"""Weights that change too much or too little in a step are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.training import batches, digits, judge, scalars, small, windows
from torch import nn

from labdeck.debugger.rules import WeightUpdateRatio
from labdeck.findings.window import window_of


def train(model, lr, parameters=None):
    optimizer = torch.optim.SGD(parameters or model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 20)


@pytest.mark.slow
def test_a_huge_learning_rate_overwrites_the_weights():
    found = judge(WeightUpdateRatio(), train(small(), 1000.0))
    assert {finding.tensor for _, finding in found} == {"0.weight", "2.weight"}
    assert found[0][1].value > found[0][1].threshold == 10.0


@pytest.mark.slow
def test_a_layer_that_the_optimizer_does_not_know_hardly_changes():
    model = small()
    found = judge(WeightUpdateRatio(), train(model, 0.1, model[2].parameters()))
    assert {finding.tensor for _, finding in found} == {"0.weight"}
    assert {finding.value for _, finding in found} == {0.0}


@pytest.mark.slow
def test_a_healthy_training_is_silent_even_with_a_frozen_layer():
    model = small()
    model[0].weight.requires_grad_(False)
    assert judge(WeightUpdateRatio(), train(model, 0.1)) == []


@given(
    st.lists(arrays(np.float32, (4,), elements=st.sampled_from([0.0, 1e-6, 0.5, -0.5, 3.0])), min_size=1, max_size=9),
    st.sampled_from([None, 1, 2, 3]),
)
def test_it_is_the_mean_of_the_ratios(weights, num_steps):
    rule, last, expected = WeightUpdateRatio(num_steps=num_steps), 0, []
    found = judge(rule, [window_of({"a.weight": value}, step) for step, value in enumerate(weights)])
    for step in range(1, len(weights)):
        if step - last < (num_steps or 1):
            continue
        now, before = weights[step].astype(float).tolist(), weights[last].astype(float).tolist()
        ratios = [abs(new - old) / (abs(old) + 1e-9) for new, old in zip(now, before, strict=True) if old]
        last = step
        if ratios and not 1e-8 <= sum(ratios) / len(ratios) <= 10.0:
            expected.append((step, sum(ratios) / len(ratios)))
    assert [window.step for window, _ in found] == [step for step, _ in expected]
    assert [finding.value for _, finding in found] == pytest.approx([value for _, value in expected])


def test_recorded_ratios_stand_in_for_the_weights():
    found = judge(WeightUpdateRatio(), scalars([0.01, 1e-12, 20.0], "update/fc.weight", "updates"))
    assert [(window.step, finding.tensor) for window, finding in found] == [(1, "fc.weight"), (2, "fc.weight")]


def test_steps_of_no_mode_count_until_there_are_steps_of_training():
    rule = WeightUpdateRatio()
    modes = ["GLOBAL", "GLOBAL", "TRAIN", "GLOBAL", "TRAIN", "EVAL"]
    seen = [window_of({"a.weight": [100.0**step]}, step, mode) for step, mode in enumerate(modes)]
    assert [window.step for window, _ in judge(rule, seen)] == [1, 4]
