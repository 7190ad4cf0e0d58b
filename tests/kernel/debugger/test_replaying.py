"""A real training, watched by every rule that suits it, is judged the same when its record is judged."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from torch import nn

import labdeck
from labdeck.debugger import rules
from labdeck.findings.rule import Rule
from labdeck.runs.trial import Trial
from labdeck.studio import Studio
from labdeck.wire.debugging import FindingRecord

pytestmark = pytest.mark.slow
WHOLE = ("relu_outputs", "weights", "biases")
"""Collections of which rules judge whole arrays: what is not kept cannot be judged again."""


def watching() -> list[Rule]:
    """Return the default rules and others, touchy enough to find something."""
    return [
        *(kind() for kind in rules.defaults("torch")),
        rules.VanishingGradient(threshold=1e-3),
        rules.LossNotDecreasing(num_steps=3),
        rules.WeightUpdateRatio(),
        rules.TensorVariance(collection_names="weights", max_threshold=0.05),
        rules.UnchangedTensor(collection_names="biases"),
        rules.AllZero(collection_names="gradients"),
        rules.DeadRelu(threshold_layer=1.0),
    ]


def same(records: tuple[FindingRecord, ...]) -> list[dict[str, object]]:
    """Return findings without what belongs to the live training alone: identity, recording, actions."""
    plain = [msgspec.structs.asdict(msgspec.structs.replace(each, id="", recording="", actions=())) for each in records]
    return sorted(plain, key=lambda each: (each["rule"], each["tensor"], each["mode"], each["step"]))


def train(studio: Studio, *, bad: int) -> Trial:
    """Train a net whose loss is not a number from one step on."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 12), nn.Sigmoid(), nn.Linear(12, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    x, y = torch.randn(32, 6), torch.randn(32, 1)
    with (
        studio.experiment("replay").trial("live") as trial,
        labdeck.watch(net, optimizer, rules=watching(), save={key: {"arrays": True} for key in WHOLE}, budget=None),
    ):
        for step in range(12):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            (loss * float("nan") if step >= bad else loss).backward()
            optimizer.step()
    return trial


@pytest.mark.parametrize("bad", [6, 99])
def test_a_recorded_training_is_judged_as_it_was_live(tmp_path: Path, bad: int) -> None:
    with Studio(tmp_path / "store") as studio:
        trial = train(studio, bad=bad)
        live = studio.debugger.status(trial.id)
        again = studio.debugger.judge(trial.id, watching())
    assert live.total >= 2
    assert any(finding.rule == "NaNOrigin" and finding.origin for finding in live.findings) == (bad == 6)
    assert {rule.name: rule.error for rule in live.detail.rules if rule.error} == {}
    assert same(again.findings) == same(live.findings)
