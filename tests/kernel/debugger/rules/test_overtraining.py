"""Trainings that go on without improving are found."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, placed, small, windows
from torch import nn

from labdeck.debugger.rules import Overtraining
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of
from labdeck.wire.commands import PutFinding


def train(steps, lr, count=1500):
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits(count), min(64, count)), steps,
                   validation=[digits(290, start=1500)])  # fmt: skip


@pytest.mark.slow
def test_going_on_after_the_best_step_is_found():
    found = judge(Overtraining(), train(400, 0.01, count=60))
    assert {"of training" in finding.message for _, finding in found} == {True, False}


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(Overtraining(), train(150, 0.001)) == []


def test_each_condition_names_its_own_loss():
    losses = {"train-rmse": 1.0, "test-rmse": 1.0}
    seen = [window_of(losses, step, collections=dict.fromkeys(losses, ("losses",))) for step in range(4)]
    found = judge(Overtraining(patience_train=2, patience_validation=3), seen)
    assert [(window.step, finding.tensor, finding.message.split()[:3]) for window, finding in found] == [
        (2, "train-rmse", ["train-rmse", "of", "training"]),
        (3, "train-rmse", ["train-rmse", "of", "training"]),
        (3, "test-rmse", ["test-rmse", "of", "validation"]),
    ]


def test_both_conditions_of_a_network_are_findings_of_their_own():
    told = []
    runner = Runner("0" * 32, lambda *commands: told.extend(commands))
    runner.add(Overtraining(patience_train=3, patience_validation=2))
    for number in range(6):
        runner.judge(placed(window_of({"loss": 1.0}), "TRAIN", number, 2 * number))
        runner.judge(placed(window_of({"loss": 1.0}), "EVAL", number, 2 * number + 1))
    runner.conclude()
    found = {each.finding.id: each.finding for each in told if isinstance(each, PutFinding)}
    assert [(each.message.split()[2], each.tensor) for each in found.values()] == [
        ("validation", "loss"), ("training", "loss"),
    ]  # fmt: skip
    assert all("of training" in each.message or each.step < 4 for each in found.values())


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=15),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([0.01, 0.25]),
    st.booleans(),
)
def test_evaluations_without_an_improvement_are_counted(losses, patience_train, patience_validation, delta, goes_on):
    seen, expected = [], []
    for number, (train_loss, validation_loss) in enumerate(losses):
        for mode, value, place in (("TRAIN", train_loss, 2 * number), ("EVAL", validation_loss, 2 * number + 1)):
            seen.append(placed(window_of({"loss": value / 8}), mode, number, place))
    if goes_on:  # else the last evaluation ends with the training
        seen.append(placed(window_of({"loss": 1.0}), "TRAIN", len(losses), 2 * len(losses)))
    for kind, patience, of in (("training", patience_train, 0), ("validation", patience_validation, 1)):
        best, at = float("inf"), 0
        for number, pair in enumerate(losses):
            if pair[of] / 8 < best - delta:
                best, at = pair[of] / 8, number
            elif number - at >= patience:
                expected.append((number, kind, number - at))
    found = judge(Overtraining(patience_train, patience_validation, delta), seen)
    told = [
        (finding.step, "training" if "training" in finding.message else "validation", finding.value)
        for _, finding in found
    ]
    assert sorted(told) == sorted(expected)
