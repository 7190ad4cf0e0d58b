"""The state of a training is kept so that another one can go on from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import labdeck
from labdeck.debugger import keep_checkpoint, load_checkpoint
from labdeck.errors import NotFound, StoreCorrupt, UsageError


class Tied(torch.nn.Module):
    """Weights that two layers share, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(4, 4)
        self.norm = torch.nn.BatchNorm1d(4)
        self.second = torch.nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run both."""
        return self.second(self.norm(self.first(x)))


def train(model: torch.nn.Module, optimizer: torch.optim.Optimizer, steps: int, seed: int) -> None:
    """Train on random numbers."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4, generator=generator)).square().mean().backward()
        optimizer.step()


def make(kind: str = "adam") -> tuple[Tied, torch.optim.Optimizer]:
    """Return a model and its optimizer."""
    torch.manual_seed(0)
    model = Tied()
    if kind == "adam":
        return model, torch.optim.AdamW(model.parameters(), lr=0.01, betas=(0.8, 0.9))
    return model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_a_training_goes_on_from_a_checkpoint_as_if_nothing_had_happened(kind: str) -> None:
    model, optimizer = make(kind)
    train(model, optimizer, 5, seed=1)
    with labdeck.experiment("digits").trial("kept") as trial:
        assert keep_checkpoint(trial, model, optimizer, name="Tied", step=5) == "Tied-step-5.safetensors"
    train(model, optimizer, 5, seed=2)
    other, its = make(kind)
    assert load_checkpoint(trial, other, its) == 5
    train(other, its, 5, seed=2)
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_the_newest_checkpoint_is_taken_and_another_by_name() -> None:
    model, _ = make()
    with labdeck.experiment("digits").trial("two") as trial:
        keep_checkpoint(trial, model, step=1)
        with torch.no_grad():
            model.first.weight.fill_(7.0)
        keep_checkpoint(trial, model, step=2)
    other, _ = make()
    assert load_checkpoint(trial, other) == 2
    assert float(other.second.weight.detach().mean()) == 7.0
    assert load_checkpoint(trial, other, name="checkpoint-step-1.safetensors") == 1
    with pytest.raises(NotFound):
        load_checkpoint(trial, other, name="checkpoint-step-3.safetensors")


def test_what_does_not_fit_is_one_line(tmp_path: Path) -> None:
    model, optimizer = make()
    with labdeck.experiment("digits").trial("other shape") as trial:
        keep_checkpoint(trial, model, optimizer)
    with pytest.raises(UsageError, match="does not fit"):
        load_checkpoint(trial, torch.nn.Linear(3, 3))
    with pytest.raises(NotFound):
        load_checkpoint(tmp_path / "none.safetensors", model)
    odd = tmp_path / "odd.safetensors"
    odd.write_bytes(b"no tensors")
    with pytest.raises(StoreCorrupt):
        load_checkpoint(odd, model)
    with pytest.raises(UsageError, match="dict cannot be kept"):
        keep_checkpoint(trial, {})


def test_boosters_are_kept_in_their_own_formats() -> None:
    import xgboost

    x = np.random.default_rng(0).normal(size=(50, 3))
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, label=x[:, 0]), num_boost_round=2)
    with labdeck.experiment("digits").trial("trees") as trial:
        name = keep_checkpoint(trial, booster, step=2)
    assert name == "checkpoint-step-2.ubj"
    (kept,) = [each for each in trial.detail().artifacts if each.name == name]
    again = xgboost.Booster()
    again.load_model(bytearray(trial.experiment.session.artifacts.path(kept.sha256).read_bytes()))
    assert again.save_raw() == booster.save_raw()
