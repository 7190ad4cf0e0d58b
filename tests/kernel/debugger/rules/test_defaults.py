"""The rules that watch a training of which nothing else was asked: silent when it is healthy, loud when it is ill."""

from __future__ import annotations

import pytest
import torch
from tests.kernel.debugger.training import batches, digits, network, small, windows
from torch import nn

from labdeck.debugger import rules
from labdeck.findings.runner import Runner
from labdeck.wire.commands import PutFinding


def run(seen, chosen):
    """Let rules judge a training; return their findings and the rules as they were at the end."""
    found = {}

    def keep(*commands):
        found.update({each.finding.id: each.finding for each in commands if isinstance(each, PutFinding)})

    runner = Runner("0" * 32, keep)
    for rule in chosen:
        runner.add(rule)
    for window in seen:
        runner.judge(window)
    runner.conclude()
    return list(found.values()), runner.records()


def shuffled():
    order = torch.randperm(1790, generator=torch.Generator().manual_seed(0))
    inputs, labels = digits(1790)
    return inputs[order], labels[order]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "lr"),
    [
        (torch.optim.SGD, 0.1),
        (torch.optim.SGD, 0.01),
        (torch.optim.Adam, 0.001),
        (torch.optim.Adam, 0.003),
        (torch.optim.AdamW, 0.002),
    ],
)
@pytest.mark.parametrize("kind", [nn.ReLU, nn.Tanh])
def test_healthy_trainings_are_left_alone(make, lr, kind):
    inputs, labels = shuffled()
    model = network(lambda: nn.Linear(64, 32), kind, nn.Identity, lambda: nn.Linear(32, 32), kind,
                    lambda: nn.Linear(32, 10))  # fmt: skip
    seen = windows(model, make(model.parameters(), lr=lr), nn.functional.cross_entropy,
                   batches(inputs[:1200], labels[:1200]), 120, validation=[(inputs[1200:], labels[1200:])])  # fmt: skip
    found, records = run(seen, rules.defaults("torch"))
    assert [finding.message for finding in found if finding.severity != "info"] == []
    assert {finding.rule for finding in found} <= {"Overfit"}  # every training ends with a gap
    assert [record.error for record in records if record.state == "failed"] == []


@pytest.mark.slow
def test_ill_ones_are_not():
    hidden = [part for _ in range(12) for part in (lambda: nn.Linear(16, 16), nn.Sigmoid)]
    deep = network(lambda: nn.Linear(64, 16), nn.Sigmoid, *hidden, lambda: nn.Linear(16, 10))
    seen = windows(deep, torch.optim.SGD(deep.parameters(), lr=0.01), nn.functional.cross_entropy,
                   batches(*digits()), 30)  # fmt: skip
    found, _ = run(seen, rules.defaults("torch"))
    assert {(each.rule, each.tensor, each.step) for each in found} >= {("VanishingGradient", "gradient/0.weight", 0)}


@pytest.mark.slow
def test_every_rule_gets_along_with_a_whole_training():
    chosen = [rule for rule in rules.all() if rule.__name__ not in ("SimilarAcrossRuns", "TensorVariance")]
    model = small()
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy,
                   batches(*digits()), 40, activations=True, validation=[digits(100, start=1500)])  # fmt: skip
    _, records = run(seen, chosen)
    assert [(record.name, record.error) for record in records if record.state == "failed"] == []


@pytest.mark.slow
def test_what_lasts_from_one_evaluation_to_the_next_is_one_finding():
    large = network(lambda: nn.Linear(64, 256), nn.ReLU, lambda: nn.Linear(256, 10))
    seen = windows(large, torch.optim.Adam(large.parameters(), lr=0.01), nn.functional.cross_entropy,
                   batches(*digits(40), 40), 200, validation=[digits(200, start=1500)])  # fmt: skip
    (finding,), _ = run(seen, [rules.Overfit()])
    assert finding.count > 10
