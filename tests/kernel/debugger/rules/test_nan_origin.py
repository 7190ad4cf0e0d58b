"""The first place where NaN appears is named, once."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, network, small, windows
from torch import nn

from labdeck.debugger.rules import NaNOrigin
from labdeck.findings.window import window_of


class Logarithm(nn.Module):
    def forward(self, x):
        return torch.log(x)


@pytest.mark.slow
def test_the_module_that_made_it_is_named():
    model = network(lambda: nn.Linear(64, 16), nn.ReLU, Logarithm, lambda: nn.Linear(16, 10))
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy,
                   batches(*digits()), 5, activations=True)  # fmt: skip
    found = judge(NaNOrigin(), seen)
    assert [(window.step, finding.tensor) for window, finding in found] == [(0, "2_output_0")]


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    model = small()
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy,
                   batches(*digits()), 40, activations=True)  # fmt: skip
    assert judge(NaNOrigin(), seen) == []


KINDS = ["labels", "outputs", "losses", "gradients", "weights"]


@given(st.lists(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=6), max_size=6))
def test_causes_come_before_effects(steps):
    expected, seen, armed = [], [], True
    for step, tensors in enumerate(steps):
        names = {f"t{place}": (kind, bad) for place, (kind, bad) in enumerate(tensors)}
        bad = [(KINDS.index(kind), name) for name, (kind, is_bad) in names.items() if is_bad]
        if bad and armed:
            first = min(bad)[0]
            same = [name for rank, name in bad if rank == first]
            expected.append((step, same[-1] if KINDS[first] == "gradients" else same[0]))
        armed = not bad
        values = {name: np.array([math.nan if is_bad else 1.0]) for name, (_, is_bad) in names.items()}
        seen.append(window_of(values, step, collections={name: (kind,) for name, (kind, _) in names.items()}))
    assert [(window.step, finding.tensor) for window, finding in judge(NaNOrigin(), seen)] == expected


def test_the_line_of_source_decides_and_may_come_later():
    rule = NaNOrigin()
    bad = window_of({"loss": math.nan, "gradient/a": [math.nan]})
    assert [found.tensor for found in rule.judge(bad)] == ["loss"]
    bad.origins = {"block_output_0": "net.py:7 in forward: torch.log(x)"}
    (found,) = rule.judge(bad)
    assert (found.tensor, found.origin) == ("block_output_0", "net.py:7 in forward: torch.log(x)")
    assert found.message == "NaN first appeared in block_output_0, made at net.py:7 in forward: torch.log(x)"
    assert list(rule.judge(bad)) == []


def test_infinity_may_be_tolerated():
    window = window_of({"gradient/a": [math.inf]})
    assert list(NaNOrigin(only_nan=True).judge(window)) == []
    assert [found.tensor for found in NaNOrigin().judge(window)] == ["gradient/a"]


def test_a_pass_of_validation_in_between_begins_nothing_anew():
    rule = NaNOrigin()
    course = [(math.nan, "TRAIN"), (math.nan, "EVAL"), (1.0, "EVAL"), (math.nan, "TRAIN"), (1.0, "TRAIN")]
    found = [len(list(rule.judge(window_of({"loss": loss}, mode=mode)))) for loss, mode in [*course, course[0]]]
    assert found == [1, 0, 0, 0, 0, 1]


def test_what_an_evaluation_meets_right_behind_it_is_the_same_illness():
    rule = NaNOrigin()
    bad = {"weight": [math.nan], "loss": math.nan}
    good = {"weight": [1.0], "loss": 1.0}

    def judged(values, mode, origins=None):
        window = window_of(values, mode=mode, collections={"weight": ("weights",)})
        window.origins = origins or {}
        return len(list(rule.judge(window)))

    assert judged(bad, "TRAIN") == 1
    assert judged(bad, "EVAL") == 0
    assert judged(bad, "TRAIN") == 0
    assert judged(good, "EVAL") + judged(good, "TRAIN") == 0
    assert judged(bad, "EVAL", {"labels": "the labels, which are not finite themselves"}) == 1
    assert judged(bad, "TRAIN", {"loss": "train.py:3 in step: loss / 0"}) == 1, "another line made it"
