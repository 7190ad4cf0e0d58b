"""Loader processes that do not fit the cores are found."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, profiled, samples, timings
from tests.kernel.debugger.training import Others
from torch.utils.data import DataLoader, TensorDataset

from labdeck.debugger.profiler import gauges
from labdeck.debugger.rules import Dataloader


def trained(folder, workers):
    """Train on a machine of two cores with so many loader processes, until the machine has been sampled."""
    model = torch.nn.Linear(4, 1)
    data = TensorDataset(torch.randn(64, 4))

    def train(profiler, end):
        profiler.interval = 0.1
        while profiler.hub_samples() < 1:
            for (batch,) in DataLoader(data, batch_size=16, num_workers=workers):
                profiler.mark("forward")
                model(batch).sum().backward()
                end()

    return profiled(folder, train)


@pytest.mark.slow
def test_loaders_of_a_real_training_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(gauges, "_usable_cores", lambda: 2)
    found, _ = judged(Dataloader(), trained(tmp_path / "none", workers=0))
    assert {each.value for each in found} == {50.0}
    assert "loads its data itself" in found[0].message
    assert judged(Dataloader(), trained(tmp_path / "two", workers=2)) == ([], [])


def test_too_many_are_found():
    found, _ = judged(Dataloader(), samples(cores=[4]) + timings(workers=[9, 9]))
    assert [each.threshold for each in found] == [200.0, 200.0]
    assert "9 processes load data, on 4 cores: too many" in found[0].message


def test_without_knowing_the_cores_nothing_is_said():
    assert judged(Dataloader(), timings(workers=[0, 0])) == ([], [])
    rule = Dataloader()
    rule.begin(type("Here", (Others,), {"facts": lambda _: {"cores": 8}})())
    found, _ = judged(rule, timings(workers=[2]))
    assert [each.value for each in found] == [25.0]
    assert rule.report() == {"workers": 2.0, "cores": 8.0}


@given(st.integers(1, 64), st.integers(0, 200), st.floats(0, 150), st.floats(150, 400))
def test_it_is_the_formula(cores, workers, low, high):
    rule = Dataloader(min_threshold=low, max_threshold=high)
    found, _ = judged(rule, samples(cores=[cores]) + timings(workers=[workers]))
    share = 100 * (workers or 1) / cores
    assert bool(found) == (share < low or share > high)
