"""Losses that stay where they began are found; those that fall, or have fallen, are not."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, scalars, small, windows
from torch import nn

from labdeck.debugger.rules import NothingLearned
from labdeck.findings.window import window_of


def train(model, optimizer, labels=None, inputs=None, steps=300, loss=nn.functional.cross_entropy):
    seen, truth = digits()
    data = batches(seen if inputs is None else inputs, truth if labels is None else labels)
    return windows(model, optimizer, loss, data, steps)


@pytest.mark.slow
def test_labels_of_other_inputs_are_found():
    model = small()
    draw = torch.Generator().manual_seed(3)
    data = ((seen, labels[torch.randperm(len(labels), generator=draw)]) for seen, labels in batches(*digits()))
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.03), nn.functional.cross_entropy, data, 300)
    assert [window.step for window, _ in judge(NothingLearned(), seen)] == [199, 249, 299]


@pytest.mark.slow
def test_empty_inputs_are_found():
    noise = torch.randint(0, 10, (1500,), generator=torch.Generator().manual_seed(1))
    empty = small()
    assert judge(
        NothingLearned(), train(empty, torch.optim.SGD(empty.parameters(), lr=0.03), noise, torch.zeros(1500, 64))
    )


@pytest.mark.slow
def test_how_little_is_trained_is_told():
    model = small().requires_grad_(requires_grad=False)
    model[2].bias.requires_grad_()
    found = judge(NothingLearned(), train(model, torch.optim.SGD([model[2].bias], lr=0.03)))
    assert found
    assert found[0][1].message.endswith("only 10 of 2,410 numbers of the model are trained")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "lr"),
    [(torch.optim.SGD, 0.003), (torch.optim.SGD, 0.1), (torch.optim.Adam, 1e-4), (torch.optim.Adam, 0.01)],
)
def test_a_healthy_training_is_silent(make, lr):
    model = small()
    assert judge(NothingLearned(), train(model, make(model.parameters(), lr=lr), steps=600)) == []


@pytest.mark.slow
def test_what_can_hardly_be_told_is_learned_all_the_same():
    """A regression most of whose targets is noise converges within some steps, and stays there."""
    inputs, _ = digits()
    draw = torch.Generator().manual_seed(0)
    signal = inputs @ torch.randn(64, 1, generator=draw) / 8
    targets = signal / signal.std() + 1.5 * torch.randn(1500, 1, generator=draw)
    model = network(lambda: nn.Linear(64, 1))
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.01), nn.functional.mse_loss,
                   batches(inputs, targets), 600)  # fmt: skip
    assert judge(NothingLearned(), seen) == []


INSIDE = {"update/a": ("updates",), "loss": ("losses",), "loss/G": ("losses",)}


def still(ratio, steps=200):
    return [
        window_of({"update/a": ratio, "loss": 2.0 + 0.01 * math.sin(step)}, step, collections=INSIDE)
        for step in range(steps)
    ]


def test_rates_that_are_to_blame_are_left_to_another_rule():
    assert [bool(judge(NothingLearned(), still(ratio))) for ratio in (0.0, 1e-6, 1e-3, 0.1)] == [
        False,
        False,
        True,
        False,
    ]


def test_losses_of_adversaries_that_take_turns_are_left_alone():
    losses = [1.4 if step % 2 else 0.7 for step in range(400)] + 0.01 * np.random.default_rng(0).normal(size=400)
    assert judge(NothingLearned(), scalars(losses)) == []
    assert judge(NothingLearned(), scalars(np.sort(losses.reshape(-1, 2), axis=1)[:, 0].repeat(2)))


def test_all_of_several_losses_must_stand_still():
    def found(fall):
        seen = []
        for step in range(400):
            values = {"loss": 2.0 + 0.01 * math.sin(step), "loss/G": 1 - fall * step / 400 + 0.01 * math.cos(step)}
            seen.append(window_of(values, step, collections=INSIDE))
        return judge(NothingLearned(), seen)

    assert found(0.0)
    assert found(0.05) == []
    assert found(0.5) == []


def test_a_loss_that_comes_back_to_where_it_began_is_not_still():
    """Those of a generator and a discriminator do."""
    losses = [2.0 + 0.01 * math.sin(step) + (0.5 if 100 <= step < 150 else 0) for step in range(600)]
    assert judge(NothingLearned(), scalars(losses)) == []


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.5, 1.5), min_size=60, max_size=140),
    st.sampled_from([0.0, -0.002, 0.002, -0.02]),
    st.sampled_from([0.0, 0.02, 0.3]),
)
def test_it_is_judged_as_slow_code_does(course, slope, noise):
    horizon = 40
    losses = [2.0 + slope * step + noise * (each - 1) for step, each in enumerate(course)]
    expected = []
    first = np.mean(losses[:10])
    for end in range(horizon, len(losses) + 1):
        if end % 10:
            continue
        before, now = np.array(losses[end - 30 : end - 20]), np.array(losses[end - 10 : end])
        quarters = [np.mean(losses[end - 40 + at : end - 30 + at]) for at in (0, 10, 20, 30)]
        if any(abs(quarter - first) > 0.1 * first for quarter in quarters):
            break
        error = math.sqrt((before.var() + now.var()) / 9)
        correlation = sum((a - now.mean()) * (b - now.mean()) for a, b in pairwise(now))
        turns = correlation < -0.5 * sum((each - now.mean()) ** 2 for each in now)
        if (
            not turns
            and abs(now.mean() - before.mean()) <= max(2 * error, 1e-6 * now.mean())
            and now.std() <= 0.3 * now.mean()
        ):
            expected.append(end - 1)
    assert [window.step for window, _ in judge(NothingLearned(horizon=horizon), scalars(losses))] == expected
