"""Optimizers that move nothing are found, with the cause; those that rest are not."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, small, windows
from torch import nn

from labdeck.debugger.rules import IdleOptimizer
from labdeck.findings.window import window_of


def train(model, optimizer, steps=40, schedule=None):
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), steps, schedule=schedule)


def messages(found):
    return {finding.message.partition(" steps")[2] for _, finding in found}


@pytest.mark.slow
def test_each_cause_is_named():
    model = small()
    assert messages(judge(IdleOptimizer(), train(model, torch.optim.SGD(model.parameters(), lr=0.0)))) == {
        ": the learning rate is 0"
    }
    stranger = torch.optim.SGD([*small().parameters()], lr=0.1)
    assert messages(judge(IdleOptimizer(), train(small(), stranger))) == {
        ", although there are gradients and the learning rate is 0.1: the optimizer holds other parameters"
    }
    model = small()
    (told,) = messages(judge(IdleOptimizer(), train(model, torch.optim.SGD(model.parameters(), lr=1e-12))))
    assert "so small that they are lost in rounding" in told


@pytest.mark.slow
def test_a_schedule_that_ends_too_early_is_found():
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: float(step < 20))
    found = judge(IdleOptimizer(), train(model, optimizer, 40, schedule))
    assert [window.step for window, _ in found] == list(range(29, 40))
    assert messages(found) == {": the learning rate is 0"}


@pytest.mark.slow
def test_parts_that_the_optimizer_was_not_given_are_an_info():
    model = small()
    found = judge(IdleOptimizer(), train(model, torch.optim.SGD(model[2].parameters(), lr=0.1)))
    assert {(each.severity, each.tensor, each.value) for _, each in found} == {("info", "0.weight", 2)}


@pytest.mark.slow
@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
def test_a_healthy_training_is_silent(make):
    model = small()
    assert judge(IdleOptimizer(), train(model, make(model.parameters(), lr=0.01), 100)) == []


def test_optimizers_that_take_turns_are_left_alone():
    """Of a model in one piece, the generator's one steps after five of the discriminator's."""
    inside = {"update/g": ("updates",), "update/d": ("updates",)}
    seen = [
        window_of(
            {"update/g": 1e-3 * (step % 6 == 5), "update/d": 1e-3 * (step % 6 != 5), "gradient/g": [1.0]},
            step,
            collections=inside,
        )
        for step in range(100)
    ]
    assert judge(IdleOptimizer(), seen) == []


INSIDE = {"update/a": ("updates",), "update/b": ("updates",), "lr": ("learning_rates",), "loss": ("losses",)}


def windows_of(course, **rest):
    return [
        window_of({"update/a": a, "update/b": b, "lr": lr, **rest}, step, collections=INSIDE)
        for step, a, b, lr in course
    ]


def of(gradient, loss=2.0, steps=20):
    """Return steps without a movement that have such a gradient."""
    values = {"update/a": 0.0, "lr": 0.1, "gradient/a": [gradient, 0.0]}
    losses = [2.0, *[loss] * (steps - 1)]
    return [window_of({**values, "loss": each}, step, collections=INSIDE) for step, each in enumerate(losses)]


def test_gradients_that_are_missing_or_zero_are_told_apart():
    assert "no gradients, zero_grad comes between" in messages(judge(IdleOptimizer(), of(math.nan))).pop()
    assert "all gradients are zero" in messages(judge(IdleOptimizer(), of(0.0))).pop()


def test_a_loss_of_zero_leaves_nothing_to_move():
    assert judge(IdleOptimizer(), of(0.0, loss=0.0, steps=200)) == []
    assert judge(IdleOptimizer(), of(0.0, loss=1.0, steps=200))


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from([0.0, 0.0, 0.0, 1e-3]), st.sampled_from([0.0, math.nan])),
        min_size=1,
        max_size=40,
    ),
    st.integers(2, 12),
)
def test_stillness_is_that_of_slow_code(course, patience):
    steps, step = [], 0
    for gap, a, b in course:
        step += gap
        steps.append((step, a, b, 0.0))
    expected = []
    for at, (when, *_) in enumerate(steps):
        moved = [place for place, (_, a, b, _) in enumerate(steps[: at + 1]) if a or math.isnan(b)]
        still = steps[(moved[-1] + 1 if moved else 0) : at + 1]
        if still and when - still[0][0] + 1 >= patience and len(still) >= min(5, patience):
            expected.append((when, float(when - still[0][0] + 1)))
    found = judge(IdleOptimizer(patience=patience), windows_of(steps))
    assert [(window.step, each.value) for window, each in found] == expected
