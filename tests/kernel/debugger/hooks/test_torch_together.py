"""Networks that train together are watched together, and trainings without an optimizer are told of."""

from __future__ import annotations

import warnings

import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, functional, made, train, watched
from torch import nn

import labdeck

pytestmark = pytest.mark.slow
_QUIET = {"rules": (), "budget": None, "flight": 0, "profile": False}


def parts():
    torch.manual_seed(0)
    generator, critic = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)), nn.Sequential(nn.Linear(2, 1))
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.05) for net in (generator, critic)]
    return generator, critic, optimizers


def compete(generator, critic, optimizers, steps):
    judge = functional.binary_cross_entropy_with_logits
    for _ in range(steps):
        made_up = generator(torch.randn(8, 2))
        optimizers[1].zero_grad()
        real = judge(critic(torch.randn(8, 2)), torch.ones(8, 1))
        (real + judge(critic(made_up.detach()), torch.zeros(8, 1))).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        judge(critic(made_up), torch.ones(8, 1)).backward()
        optimizers[0].step()


def test_a_generator_and_its_critic_are_watched_both():
    generator, critic, optimizers = parts()
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(**_QUIET) as watch:
        compete(generator, critic, optimizers, 5)
        assert [hub.steps["TRAIN"] for hub in watch.hubs] == [5, 5]
    names = trial.experiment.session.tensors.reader(trial.id).tensors()
    assert sum(name.endswith("0.weight") and "gradient" in name for name in names) == 2


def test_what_begins_to_train_later_is_not_watched_and_that_is_said():
    first, second = made(), nn.Linear(2, 1)
    optimizer = torch.optim.SGD(second.parameters(), lr=0.1)
    with labdeck.experiment("tests").trial(), labdeck.watch(**_QUIET) as watch:
        train(first, torch.optim.SGD(first.parameters(), lr=0.1), batches(10))
        with pytest.warns(UserWarning, match="Linear is trained, too, and not watched") as told:
            train(second, optimizer, [(torch.ones(3, 2), torch.zeros(3, 1))] * 3, functional.mse_loss)
        assert len(told) == 1
        assert [hub.name for hub in watch.hubs] == ["Net"]


def by_hand(net, watch=None, steps=6):
    for inputs, labels in batches(steps):
        net.zero_grad()
        functional.cross_entropy(net(inputs), labels).backward()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.sub_(parameter.grad, alpha=0.1)
        if watch is not None:
            watch.step()


def test_a_training_without_an_optimizer_is_told_of_once():
    net = made()
    with watched(net) as run:
        with pytest.warns(UserWarning, match="no optimizer of PyTorch steps") as told:
            by_hand(net)
        assert len(told) == 1
        assert any("no optimizer" in text for text in run.hub.watch_record().warnings)


def test_steps_can_be_ended_by_hand():
    net = made()
    with warnings.catch_warnings(), watched(net) as run:
        warnings.simplefilter("error")
        by_hand(net, run.watch)
        assert run.hub.steps["TRAIN"] == 6
    assert len(run.series("loss")) == 6
    assert run.series("gradient/fc.weight", "l2").min() > 0
