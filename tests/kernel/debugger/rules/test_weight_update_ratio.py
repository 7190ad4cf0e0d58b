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


REAL = st.one_of(
    arrays(np.float32, (4,), elements=st.sampled_from([0.0, 1e-6, 0.5, -0.5, 3.0])).map(np.float64),
    st.sampled_from([1.0, 1.0, 1.0, 1 + 5e-9, 1 + 2e-8, 1 + 3e-4, 12.0]).map(lambda value: np.full(4, value)),
)
COMPLEX = arrays(np.complex64, (2,), elements=st.sampled_from([0.0, 1.0, 1.0, 0.5 - 0.5j, 1j, 40j]))


@given(
    st.one_of(st.lists(REAL, min_size=1, max_size=16), st.lists(COMPLEX, min_size=1, max_size=16)),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([1e-8, 1e-3]),
    st.integers(1, 4),
)
def test_it_is_the_mean_of_the_ratios(weights, num_steps, small_threshold, every):
    rule = WeightUpdateRatio(num_steps=num_steps, small_threshold=small_threshold)
    steps = [every * number for number in range(len(weights))]
    found = judge(rule, [window_of({"a.weight": value}, step) for step, value in zip(steps, weights, strict=True)])
    last, still, expected = 0, None, []
    for number in range(1, len(weights)):
        if steps[number] - steps[last] < (num_steps or 1):
            continue
        now, before = weights[number].tolist(), weights[last].tolist()
        ratios = [abs(new - old) / (abs(old) + 1e-9) for new, old in zip(now, before, strict=True) if old]
        ratio = sum(ratios) / len(ratios) if ratios else np.nan
        if ratio < small_threshold:
            still = steps[last] if still is None else still
            if steps[number] - still >= 5:
                expected.append((steps[number], ratio))
        else:
            still = None
        if ratio > 10.0:
            expected.append((steps[number], ratio))
        last = number
    assert [window.step for window, _ in found] == [step for step, _ in expected]
    assert [finding.value for _, finding in found] == pytest.approx([value for _, value in expected], rel=1e-3)


@pytest.mark.parametrize(("ratio", "expected"), [(0.9e-8, 4), (1.1e-8, 0), (9.9, 0), (10.1, 8)])
def test_the_limits_are_those_that_are_given(ratio, expected):
    """Each weight is that share larger than the one before; the first comparison is that of the second window."""
    recorded = judge(WeightUpdateRatio(), scalars([np.nan] + [ratio] * 8, "update/fc.weight", "updates"))
    weights = [window_of({"fc.weight": np.full(3, (1 + ratio) ** step)}, step) for step in range(9)]
    for found in (recorded, judge(WeightUpdateRatio(), weights)):
        assert len(found) == expected


def test_a_step_without_change_is_none_that_lasts():
    """As warm-ups that begin at a rate of zero, and loss scalers that leave out the first steps, and some later."""
    moved = [0, 0, 0, 0, 1, 2, 3, 4, 4, 5, 6, 6, 6, 7]
    assert judge(WeightUpdateRatio(), [window_of({"a.weight": [1.0 + each]}, s) for s, each in enumerate(moved)]) == []


def test_how_many_steps_lie_between_is_told():
    windows_ = [window_of({"a.weight": [20.0**step]}, 5 * step) for step in range(3)]
    assert [found.message for _, found in judge(WeightUpdateRatio(num_steps=5), windows_)] == [
        "a.weight changes by 19 times its size in 5 steps"
    ] * 2
    same = [window_of({"a.weight": [1.0]}, 10 * step) for step in range(2)]
    assert [found.message for _, found in judge(WeightUpdateRatio(), same)] == [
        "a.weight hardly changes: by 0 of its size in 10 steps"
    ]


def test_recorded_ratios_stand_in_for_the_weights():
    ratios = [0.01, 1e-12, 20.0, *[1e-12] * 6]
    found = judge(WeightUpdateRatio(), scalars(ratios, "update/fc.weight", "updates"))
    assert [(window.step, finding.tensor) for window, finding in found] == [
        (2, "fc.weight"), (7, "fc.weight"), (8, "fc.weight")
    ]  # fmt: skip


def test_weights_that_begin_at_zero_or_are_none_are_not_told_of():
    seen = [
        window_of(
            {
                "update/b.weight": np.inf if step == 0 else 0.1,
                "update/z.weight": 0.0,
                "gradient/z.weight": np.ones((0, 3)),
            },
            step,
            collections={"update/b.weight": ("updates",), "update/z.weight": ("updates",)},
        )
        for step in range(9)
    ]
    assert judge(WeightUpdateRatio(), seen) == []


def test_steps_of_no_mode_count_until_there_are_steps_of_training():
    rule = WeightUpdateRatio()
    modes = ["GLOBAL", "GLOBAL", "TRAIN", "GLOBAL", "TRAIN", "EVAL"]
    seen = [window_of({"a.weight": [100.0**step]}, step, mode) for step, mode in enumerate(modes)]
    assert [window.step for window, _ in judge(rule, seen)] == [1, 4]
