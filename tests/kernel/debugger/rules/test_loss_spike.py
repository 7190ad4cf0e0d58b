"""Losses that jump are found; noise and grains near zero are not."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, scalars, small, steps_of, windows
from torch import nn

from labdeck.debugger.rules import LossSpike


def train(data, steps=150):
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return windows(model, optimizer, nn.functional.cross_entropy, data, steps)


@pytest.mark.slow
def test_a_batch_with_broken_samples_is_found():
    good = batches(*digits())
    data = ((100 * x if step == 80 else x, y) for step, (x, y) in enumerate(good))
    assert steps_of(judge(LossSpike(), train(data)))[0] == 80


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(LossSpike(), train(batches(*digits()), 400)) == []


@given(
    st.lists(st.sampled_from([1.0, 1.1, 1.3, 1.2, 0.5, 0.51, 4.0, 40.0]), max_size=40),
    st.integers(3, 8),
    st.integers(3, 12),
)
def test_it_is_median_and_deviation_that_count(losses, warmup, window):
    window, expected, start = max(window, warmup), [], None
    for step, value in enumerate(losses):
        recent = losses[max(0, step - window) : step]
        if len(recent) < warmup:
            continue
        middle = statistics.median(recent)
        start = abs(middle) if start is None else start
        mad = statistics.median(abs(each - middle) for each in recent)
        if value > middle + max(8 * 1.4826 * mad, 0.1 * start):
            expected.append(step)
    assert steps_of(judge(LossSpike(warmup=warmup, window=window), scalars(losses))) == expected


def test_grains_near_zero_are_no_spikes():
    falling = [2.0 * 0.9**step for step in range(100)]
    falling[95] = 0.05
    assert judge(LossSpike(), scalars(falling)) == []


def test_several_losses_are_told_apart():
    noise = np.random.default_rng(0).normal(1.0, 0.01, 60)
    noise[50] = 3.0
    found = judge(LossSpike(), scalars(noise, "loss/adversarial"))
    assert [(window.step, finding.tensor) for window, finding in found] == [(50, "loss/adversarial")]
