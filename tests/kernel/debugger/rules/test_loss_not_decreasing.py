"""Losses that do not fall are found, whatever the mode."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, placed, scalars, small, steps_of, windows
from torch import nn

from labdeck.debugger.rules import LossNotDecreasing
from labdeck.errors import UsageError
from labdeck.findings.rule import make_rule
from labdeck.findings.window import window_of


def train(lr, steps=60, validation=None):
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), steps, validation=validation)


@pytest.mark.slow
def test_a_learning_rate_of_nothing_is_found():
    found = judge(LossNotDecreasing(increase_threshold_percent=0.0), train(0.0))
    assert found
    assert {finding.tensor for _, finding in found} == {"loss"}


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(LossNotDecreasing(), train(0.1)) == []


@pytest.mark.slow
def test_with_validation_its_passes_count():
    inputs, labels = digits(200, start=1500)
    validation = list(zip(inputs.split(50), labels.split(50), strict=True))
    assert judge(LossNotDecreasing(), train(0.1, validation=validation)) == []
    found = judge(LossNotDecreasing(), train(0.0, validation=validation))
    assert found
    assert {finding.value for _, finding in found} == {0.0}


LOSSES = st.lists(st.tuples(st.integers(1, 7), st.sampled_from([1.0, 2.0, 3.0, 2.0001, -1.0, 0.0])), max_size=30)


@given(LOSSES, st.integers(1, 6), st.sampled_from([0.1, 20.0]), st.sampled_from([0.0, 5.0, 60.0]))
def test_blocks_of_steps_are_compared(losses, num_steps, diff, rise):
    step, points, expected, judged, begun = 0, [], [], None, None
    for gap, value in losses:
        step += gap
        points.append((step, value))
        judged = step - 1 if judged is None else judged
        if step - judged < num_steps:
            continue
        judged = step
        now = [each for when, each in points if step - num_steps < when]
        earlier = [each for when, each in points if when <= step - num_steps]
        block = [each for when, each in points if step - 2 * num_steps < when <= step - num_steps]
        if not earlier:
            continue
        before, after = sum(block or earlier[-1:]) / len(block or earlier[-1:]), sum(now) / len(now)
        begun = (before if begun is None else begun) if after > before else None
        level = before if begun is None else begun
        fall = 100 * (level - after) / abs(level) if level else -100 * np.sign(after)
        if fall < diff and not -rise <= fall < 0:
            expected.append((step, fall))
    rule = LossNotDecreasing(num_steps=num_steps, diff_percent=diff, increase_threshold_percent=rise)
    found = judge(rule, [window_of({"loss": value}, when) for when, value in points])
    assert [(window.step, finding.value) for window, finding in found] == [
        (when, pytest.approx(fall)) for when, fall in expected
    ]


def test_a_loss_that_climbs_by_a_little_each_time_is_found():
    found = judge(LossNotDecreasing(), scalars(1.004**step for step in range(100)))
    assert found[0][0].step == 29
    assert found[0][1].message == "loss has risen by 8.31 % in 20 steps"
    ups_and_downs = [1 + 0.04 * (step // 10 % 2) - 0.001 * step / 10 for step in range(100)]
    assert judge(LossNotDecreasing(), scalars(ups_and_downs)) == []


def test_single_values_are_compared_if_there_are_no_more():
    windows_ = [window_of({"loss": value}, step) for step, value in [(0, 3.0), (500, 2.0), (1000, 2.0)]]
    assert steps_of(judge(LossNotDecreasing(), windows_)) == [1000]


def passes(values, size, trained=3):
    """Passes of validation of some batches each, with steps of training between them."""
    step = evaluated = 0
    for value in values:
        for _ in range(trained):
            yield placed(window_of({"loss": 1 / (step + 1)}), "TRAIN", step, step + evaluated)
            step += 1
        for batch in range(size):
            noise = 0.1 * (batch - (size - 1) / 2)
            yield placed(window_of({"loss": value + noise}), "EVAL", evaluated, step + evaluated)
            evaluated += 1
    yield placed(window_of({"loss": 0.0}), "TRAIN", step, step + evaluated)


def test_batches_of_one_pass_are_one_value():
    assert judge(LossNotDecreasing(num_steps=4), passes([4.0, 3.0, 2.0, 1.0], 8)) == []
    found = judge(LossNotDecreasing(num_steps=4), passes([4.0, 3.0, 3.0, 3.0], 8))
    assert [round(finding.value, 6) for _, finding in found] == [0.0, 0.0]


def test_a_mode_can_be_chosen():
    rule = make_rule(LossNotDecreasing, {"mode": "train", "num_steps": "2"})
    both = [*scalars([1.0] * 4), *scalars([3.0, 2.0, 1.0], mode="EVAL")]
    assert [window.mode for window, _ in judge(rule, both)] == ["TRAIN"]
    with pytest.raises(UsageError, match="no mode"):
        LossNotDecreasing(mode="dream")
    with pytest.raises(UsageError, match="no loss"):
        LossNotDecreasing(use_losses_collection=False)


def test_missing_and_bad_losses_are_left_out():
    assert judge(LossNotDecreasing(num_steps=2), scalars([4.0, float("nan"), 2.0, float("inf"), 1.0])) == []
