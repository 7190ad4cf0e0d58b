"""Bad beginnings are found within the first steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.kernel.debugger.training import batches, digits, judge, network, scalars, steps_of, windows
from torch import nn

from labdeck.debugger.rules import PoorWeightInitialization
from labdeck.findings.window import window_of


def deep():
    hidden = [part for _ in range(3) for part in (lambda: nn.Linear(64, 64), nn.ReLU)]
    return network(*hidden, lambda: nn.Linear(64, 10))


def initialise(model, scale):
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=scale * math.sqrt(2 / module.in_features))
            nn.init.zeros_(module.bias)
    return model


def train(model, lr=0.05):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return windows(model, optimizer, nn.functional.cross_entropy, batches(*digits()), 15, activations=True)


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "word"), [(8.0, "times that of"), (0.02, "lie within")])
def test_weights_that_begin_too_large_or_too_small_are_found(scale, word):
    found = judge(PoorWeightInitialization(), train(initialise(deep(), scale), lr=1e-4))
    assert word in " ".join(finding.message for _, finding in found if _.step == 0)
    assert max(steps_of(found)) < 10


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert judge(PoorWeightInitialization(), train(initialise(deep(), 1.0))) == []


@given(
    st.lists(
        st.tuples(
            st.lists(arrays(np.float64, 3, elements=st.sampled_from([-4.0, -1.0, 0.0, 0.5, 1.0, 2.5])), max_size=3),
            st.lists(arrays(np.float64, st.sampled_from([19, 25]), elements=st.floats(-0.002, 0.002)), max_size=2),
            st.sampled_from([1.0, 2.0, 3.0, 4.0]),
        ),
        max_size=12,
    ),
    st.integers(1, 4),
)
def test_each_sign_is_counted_by_hand(course, patience):
    seen, expected = [], []
    for step, (inputs, gradients, loss) in enumerate(course):
        values = {f"{place}_relu_input_0": value for place, value in enumerate(inputs)}
        values |= {f"gradient/{place}": value for place, value in enumerate(gradients)}
        seen.append(window_of({**values, "loss": loss}, step))
        if step >= 10:
            continue
        variances = [np.var(value) for value in inputs]
        if len(variances) > 1 and max(variances) > 0:
            with np.errstate(divide="ignore"):
                expected += ["variance"] if max(variances) / min(variances) > 10 else []
        ranges = [np.quantile(value, 0.95) - np.quantile(value, 0.05) for value in gradients if len(value) >= 20]
        expected += ["nine tenths"] if ranges and min(ranges) < 0.001 else []
        losses = [loss for _, _, loss in course[: step + 1]][-2 * patience :]
        if len(losses) == 2 * patience:
            before, now = losses[:patience], losses[patience:]
            rise = np.mean(now) - np.mean(before)
            error = math.sqrt(np.var(before) + np.var(now)) / math.sqrt(max(1, patience - 1))
            if abs(rise - 3 * error) < 1e-9 and rise:
                return  # at the very limit rounding decides
            expected += ["loss"] if rise >= 3 * error else []
    found = judge(PoorWeightInitialization(patience=patience), seen)
    assert len(found) == len(expected)
    assert all(word in finding.message for word, (_, finding) in zip(expected, found, strict=True))
    assert not any(finding.message.endswith("within a range of 0") for _, finding in found)


def test_only_the_first_steps_count():
    assert steps_of(judge(PoorWeightInitialization(steps=8, patience=3), scalars([1.0] * 20))) == [5, 6, 7]
    assert steps_of(judge(PoorWeightInitialization(steps=8), scalars([1.0] * 20))) == [7]


def test_a_rule_that_comes_late_blames_no_beginning():
    seen = [window_of({"loss": 0.1, "gradient/a": np.zeros(30)}, 5000 + step) for step in range(20)]
    assert judge(PoorWeightInitialization(), seen) == []
    assert steps_of(judge(PoorWeightInitialization(), [window_of({"gradient/a": np.zeros(30)}, 9)])) == [9]


def test_batches_that_go_up_and_down_are_noise_and_a_loss_that_climbs_is_none():
    random = np.random.default_rng(0)
    found = sum(
        bool(judge(PoorWeightInitialization(), scalars(2.3 + 0.1 * random.normal(size=10)))) for _ in range(300)
    )
    assert found < 15  # three standard errors of ten values
    climbing = judge(PoorWeightInitialization(), scalars(2.3 + 0.1 * random.normal(size=10) + 0.2 * np.arange(10)))
    assert [finding.message.partition(" by")[0] for _, finding in climbing] == ["loss has risen"]
