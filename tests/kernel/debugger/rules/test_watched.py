"""The rules over trainings as `labdeck.watch` sees them."""

from __future__ import annotations

import pytest
import torch
from tests.kernel.debugger.training import batches, digits, small
from torch import nn

import labdeck
from labdeck.debugger.watch import watch
from labdeck.defaults import studio


@pytest.fixture(autouse=True)
def _fresh_studio():
    studio.cache_clear()
    yield
    studio().close()
    studio.cache_clear()


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))

    def forward(self, x):
        return self.body(x.view(-1, 1, 8, 8))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.head = nn.LSTM(8, 24, batch_first=True), nn.Linear(24, 10)

    def forward(self, x):
        return self.head(self.cells(x.view(-1, 8, 8))[0][:, -1])


class Logarithm(nn.Module):
    def forward(self, x):
        return torch.log(x)


def train(model, steps, *, micro=1):
    """Train as people do: with gradients gathered, and validation by accuracy alone; return what was found."""
    inputs, labels = digits()
    data = batches(inputs[:1200], labels[:1200])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    with labdeck.experiment("digits").trial("one") as trial, watch(model, optimizer, budget=None) as watched:
        for step in range(steps):
            optimizer.zero_grad()
            for _ in range(micro):
                x, y = next(data)
                (nn.functional.cross_entropy(model(x), y) / micro).backward()
            optimizer.step()
            if step % 20 == 19:
                model.eval()
                with torch.no_grad():
                    (model(inputs[1200:]).argmax(1) == labels[1200:]).float().mean()
                model.train()
        (hub,) = watched.hubs
    assert [record.error for record in hub.runner.records() if record.state == "failed"] == []
    assert {record.name for record in hub.runner.records() if record.evaluations == 0} == set()
    return studio().debugger.findings(trial_id=trial.id).findings


@pytest.mark.slow
@pytest.mark.parametrize(("make", "micro"), [(small, 3), (Convolutions, 1), (Recurrent, 1)])
def test_healthy_trainings_are_left_alone(make, micro):
    torch.manual_seed(0)
    assert train(make(), 130, micro=micro) == ()


@pytest.mark.slow
def test_the_line_that_makes_nan_is_named_once():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), Logarithm(), nn.Linear(16, 10))
    (found,) = [finding for finding in train(model, 30) if finding.rule == "NaNOrigin"]
    assert (found.step, found.severity, found.count) == (0, "error", 1)
    assert "test_watched.py" in found.origin
    assert "torch.log(x)" in found.origin
