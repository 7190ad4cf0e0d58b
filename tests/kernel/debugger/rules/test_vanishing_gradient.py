"""Vanishing gradients are found where sigmoids are stacked, and only there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import VanishingGradient
from labdeck.findings.window import window_of


def train(model, steps=40, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), steps)


@pytest.mark.slow
def test_a_stack_of_sigmoids_loses_its_gradient():
    hidden = [part for _ in range(12) for part in (lambda: nn.Linear(16, 16), nn.Sigmoid)]
    deep = network(lambda: nn.Linear(64, 16), nn.Sigmoid, *hidden, lambda: nn.Linear(16, 10))
    found = judge(VanishingGradient(), train(deep))
    assert {finding.tensor for _, finding in found} == {"gradient/0.weight"}
    others = int(found[0][1].message.partition("; ")[2].removesuffix(" more gradients vanish"))
    assert 5 < others < 25  # of 27: the last layers still learn
    assert all(finding.value < 1e-7 for _, finding in found)


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(VanishingGradient(), train(small())) == []


@pytest.mark.slow
def test_a_bias_before_a_normalisation_is_no_failure():
    model = network(lambda: nn.Linear(64, 32), lambda: nn.BatchNorm1d(32), nn.ReLU, lambda: nn.Linear(32, 10))
    seen = list(train(model))
    assert max(window.value("gradient/0.bias", "abs_mean") for window in seen) < 1e-7  # it has no effect
    assert judge(VanishingGradient(), seen) == []


def test_a_bias_counts_with_its_weight_and_alone():
    def names(weight):
        values = {"gradient/l.bias_ih_l0": [0.0], "gradient/l.weight_ih_l0": [weight], "gradient/b": [0.0]}
        window = window_of(values, 99)
        return [finding.message for finding in VanishingGradient().judge(window)]

    assert names(1.0) == ["gradient/b is zero throughout"]
    assert names(0.0) == ["gradient/l.bias_ih_l0 is zero throughout; 2 more gradients vanish"]


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.floats(-1e-5, 1e-5), min_size=1, max_size=5), min_size=1, max_size=6
    ),
    st.floats(0, 1e-5),
)
def test_it_is_the_mean_magnitude_that_counts(tensors, threshold):
    window = window_of({f"gradient/{name}": values for name, values in tensors.items()}, 99)
    found = [(each.tensor, each.message.count(";")) for each in VanishingGradient(threshold).judge(window)]
    expected = [
        f"gradient/{name}"
        for name, values in tensors.items()
        if float(np.mean([abs(value) for value in values])) < threshold
    ]
    assert found == [(name, int(len(expected) > 1)) for name in expected[:1]]


def test_it_stays_one_finding_while_others_join_and_leave():
    courses = {"a": [1.0, 1e-9, 1e-9, 1.0, 1.0], "b": [1e-9, 1e-9, 1e-9, 1e-9, 1.0], "c": [1.0, 1.0, 1.0, 1.0, 1e-9]}
    rule = VanishingGradient()
    seen = [
        window_of({f"gradient/{name}": [course[step]] for name, course in courses.items()}, step) for step in range(5)
    ]
    found = judge(rule, seen)
    assert [finding.tensor for _, finding in found] == [*["gradient/b"] * 4, "gradient/c"]
    assert found[1][1].message == "gradient/b has a mean magnitude of only 1e-09; 1 more gradient vanishes"


def test_a_gradient_of_zeros_is_said_to_be_zero():
    window = window_of({"gradient/a": np.zeros(3), "a": np.zeros(3)}, 99)
    assert [finding.message for finding in VanishingGradient().judge(window)] == ["gradient/a is zero throughout"]


def test_a_gradient_that_is_missing_at_a_step_is_none():
    window = window_of({"gradient/a": np.full(3, np.nan)})
    assert list(VanishingGradient().judge(window)) == []


@pytest.mark.slow
@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("warms_up", [False, True])
def test_a_last_layer_that_begins_at_zero_is_no_failure(make, warms_up):
    model = small()
    with torch.no_grad():
        for each in model[-1].parameters():
            each.zero_()
    optimizer = make(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 30) if warms_up else 1.0)
    seen = list(windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 40, schedule=schedule))
    assert seen[0].value("gradient/0.weight", "abs_mean") == 0.0
    assert judge(VanishingGradient(), seen) == []


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "told"), [(25, 10), (5, None)])
def test_a_layer_that_the_loss_never_reaches_is_told_after_some_steps_or_at_the_end(steps, told):
    model = small()
    with torch.no_grad():
        model[0].bias.fill_(-1000.0)  # no unit is ever active
    found = judge(VanishingGradient(), train(model, steps))
    assert {finding.message for _, finding in found} == {
        "gradient/0.weight is zero throughout; 2 more gradients vanish"
    }
    assert (found[0][0] and found[0][0].step) == told


@given(st.lists(st.sampled_from([0.0, 1e-9, 1.0]), min_size=1, max_size=25), st.integers(1, 4))
def test_what_begins_at_zero_has_ten_steps(course, every):
    seen = [window_of({"gradient/a": [value]}, step * every) for step, value in enumerate(course)]
    expected, excused = [], False
    for window, value in zip(seen, course, strict=True):
        early = window.step < 10
        excused = early and (excused or value == 0)
        if value < 1e-7 and not excused:
            expected.append((window.step, value))
    if excused and course[-1] < 1e-7:
        expected.append((None, course[-1]))
    found = judge(VanishingGradient(), seen)
    assert [(window and window.step, finding.value) for window, finding in found] == expected


@pytest.mark.slow
def test_gradients_that_fade_because_all_is_learnt_are_no_failure():
    model = network(lambda: nn.Linear(64, 256), nn.ReLU, lambda: nn.Linear(256, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = digits(40)
    seen = list(windows(model, optimizer, nn.functional.cross_entropy, [(inputs, labels)], 200))
    assert min(window.value("gradient/0.weight", "abs_mean") for window in seen) < 1e-5
    assert judge(VanishingGradient(threshold=1e-5), seen) == []


@pytest.mark.parametrize(
    ("losses", "told"), [((1.0, 0.009), []), ((1.0, 0.02), [1]), ((1.0, np.nan), [1]), ((0.0, 0.0), [1])]
)
def test_it_is_the_share_of_the_first_loss_that_excuses(losses, told):
    seen = [
        window_of({"gradient/a": [10.0**-9] if step else [1.0], "loss": loss}, step) for step, loss in enumerate(losses)
    ]
    assert [window.step for window, _ in judge(VanishingGradient(), seen)] == told
    seen = [window_of({"gradient/a": [1e-9], "loss/A": loss, "loss/B": 1.0}, step) for step, loss in enumerate(losses)]
    assert [window.step for window, _ in judge(VanishingGradient(), seen)] == [0, 1]
