"""Steps that take far longer than the others are found."""

from __future__ import annotations

import math
import statistics
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, profiled, samples, timings

from labdeck.debugger.rules import StepOutlier
from labdeck.errors import UsageError


def trained(folder, hiccup):
    """Train for 300 steps of which some wait, as for a checkpoint that is written."""
    model = torch.nn.Linear(64, 64)
    gate = threading.Event()

    def train(profiler, end):
        for step in range(300):
            profiler.mark("forward")
            loss = model(torch.ones(32, 64)).sum()
            profiler.mark("backward")
            loss.backward()
            if hiccup and step % 25 == 24:
                gate.wait(hiccup)
            end()

    return profiled(folder, train)


@pytest.mark.slow
def test_checkpoints_in_the_loop_show(tmp_path):
    _, last = judged(StepOutlier(stddev=2, n_outliers=3), trained(tmp_path, hiccup=0.1))
    assert [found.tensor for found in last] == ["timing/step"]
    assert last[0].value > 3
    assert "took far longer" in last[0].message


@pytest.mark.slow
def test_an_even_training_is_healthy(tmp_path):
    assert judged(StepOutlier(), trained(tmp_path, hiccup=0.0)) == ([], [])


@given(
    st.lists(st.sampled_from([0.1, 0.11, 0.12, 5.0, 9.0]), max_size=80),
    st.lists(st.sampled_from([0.1, 7.0]), max_size=30),
    st.floats(0.5, 6),
    st.integers(0, 5),
)
def test_it_is_the_formula(train, evaluate, stddev, allowed):
    rule = StepOutlier(stddev=stddev, n_outliers=allowed)
    _, last = judged(rule, timings(step=train) + timings("EVAL", step=evaluate))
    expected = {}
    counted = evaluate[1:] if train else evaluate  # the first one follows a step of another mode
    for name, seconds in (("timing/step", train), ("timing/step (EVAL)", counted)):
        far = [
            place
            for place in range(10, len(seconds))
            if seconds[place] > statistics.fmean(seconds[:place]) + stddev * statistics.pstdev(seconds[:place]) + 1e-12
        ]
        if len(far) > allowed:
            expected[name] = len(far)
    assert {found.tensor: found.value for found in last} == expected


def test_a_step_after_an_evaluation_does_not_count():
    seen = timings(step=[0.1, 0.11] * 8)
    for _ in range(5):
        seen += timings("EVAL", step=[math.nan]) + samples(cpu=[5.0]) + timings(step=[9.0]) + timings(step=[0.1] * 3)
    assert judged(StepOutlier(n_outliers=0), seen) == ([], [])


def test_the_first_step_of_an_evaluation_does_not_count():
    seen = []
    for _ in range(5):
        seen += timings(step=[0.1] * 3) + timings("EVAL", step=[9.0]) + timings("EVAL", step=[0.1, 0.11] * 8)
    assert judged(StepOutlier(n_outliers=0), seen) == ([], [])


def test_one_mode_can_be_chosen():
    uneven = [0.1, 0.11] * 8 + [5.0]
    both = timings(step=uneven) + timings("EVAL", step=[math.nan, *uneven])
    _, last = judged(StepOutlier(n_outliers=0, mode="EVAL"), both)
    assert [found.tensor for found in last] == ["timing/step (EVAL)"]
    with pytest.raises(UsageError, match="no mode"):
        StepOutlier(mode="PREDICT")
