"""Trainings that wait for data are found."""

from __future__ import annotations

import math
import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, profiled, timings
from torch.utils.data import DataLoader, Dataset

from labdeck.debugger.rules import SlowDataloader


class Batches(Dataset):
    """Whole batches in memory; each takes some seconds to come."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.gate = threading.Event()

    def __len__(self):
        return 40

    def __getitem__(self, index):
        self.gate.wait(self.seconds)
        return torch.ones(128, 256)


def trained(folder, seconds):
    model = torch.nn.Sequential(*(torch.nn.Linear(256, 256) for _ in range(4)))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def train(profiler, end):
        for batch in DataLoader(Batches(seconds), batch_size=None):
            profiler.mark("forward")
            loss = model(batch).square().mean()
            profiler.mark("backward")
            loss.backward()
            profiler.mark("optimizer")
            optimizer.step()
            end()

    return profiled(folder, train)


@pytest.mark.slow
def test_a_loader_that_takes_its_time_is_found(tmp_path):
    found, _ = judged(SlowDataloader(num_steps=30, threshold=10.0), trained(tmp_path, seconds=0.05))
    assert len(found) == 1
    assert found[0].value > 10
    assert "which is loaded by the training's own process" in found[0].message


@pytest.mark.slow
def test_data_that_is_at_hand_is_healthy(tmp_path):
    rule = SlowDataloader(num_steps=30)
    assert judged(rule, trained(tmp_path, seconds=0.0)) == ([], [])
    assert rule.report()["share"] < 20


SECONDS = st.floats(0, 10)


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=40), st.integers(1, 8), st.integers(0, 5), st.floats(0, 100))
def test_it_is_the_formula(rows, num_steps, warmup, threshold):
    steps = timings(data=[data for data, _ in rows], step=[data + rest for data, rest in rows])
    found, last = judged(SlowDataloader(threshold=threshold, num_steps=num_steps, warmup=warmup), steps)
    expected = []
    kept = rows[warmup:]
    for start in range(0, len(kept) - num_steps + 1, num_steps):
        group = kept[start : start + num_steps]
        data, whole = sum(data for data, _ in group), sum(data + rest for data, rest in group)
        share = 100 * data / whole if whole else 0.0
        if share > threshold:
            expected.append(share)
    assert [each.value for each in found] == pytest.approx(expected)
    assert not last


def test_a_step_after_an_evaluation_does_not_count():
    """What lies between the last step and it is the evaluation, not waiting."""
    quick, late = {"data": [0.01], "step": [1.0]}, {"data": [50.0], "step": [51.0]}
    seen = []
    for _ in range(4):
        seen += timings(**quick) + timings(**quick) + timings("EVAL", step=[math.nan]) + timings(**late)
    rule = SlowDataloader(num_steps=4, warmup=0)
    assert judged(rule, seen) == ([], [])
    assert rule.report() == {"share": pytest.approx(1.0)}


def test_evaluations_are_not_trainings():
    assert judged(SlowDataloader(num_steps=1, warmup=0), timings(data=[1.0], workers=[0])) == ([], [])
