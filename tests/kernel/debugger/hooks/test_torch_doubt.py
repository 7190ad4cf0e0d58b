"""Modes are those of the model, or those that are said; passes without gradients are evaluations if a loss shows it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, functional, made, train, watched
from torch import nn

from labdeck.errors import UsageError

pytestmark = pytest.mark.slow


def parts(*layers):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), *layers, nn.Linear(4, 1))
    return net, torch.optim.SGD(net.parameters(), lr=0.1), torch.randn(8, 3), torch.randn(8, 1)


def step(net, optimizer, x, y):
    optimizer.zero_grad()
    loss = functional.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@pytest.mark.parametrize("without", [torch.no_grad, torch.inference_mode])
def test_a_validation_without_eval_is_one(without):
    net, optimizer, x, y = parts()
    trained, validated = [], []
    with watched(net, optimizer, save={}) as run:
        for _ in range(3):
            trained.append(step(net, optimizer, x, y))
            for part in (slice(0, 4), slice(4, 8)):
                with without():
                    validated.append(functional.mse_loss(net(x[part]), y[part]).item())
        warnings = run.hub.watch_record().warnings
    np.testing.assert_allclose(run.series("loss"), trained, rtol=1e-6)
    np.testing.assert_allclose(run.series("loss", mode="EVAL"), validated, rtol=1e-6)
    assert not any("model.eval()" in each for each in warnings), "nothing in this model works otherwise then"


def test_layers_that_work_otherwise_are_told_of_once():
    net, optimizer, x, y = parts(nn.BatchNorm1d(4), nn.Dropout(0.5))
    with watched(net, optimizer, save={}) as run:
        for _ in range(2):
            step(net, optimizer, x, y)
            with torch.no_grad():
                functional.mse_loss(net(x), y)
        step(net, optimizer, x, y)
        said = [each for each in run.hub.watch_record().warnings if "model.eval()" in each]
    assert said == ["the model is evaluated without model.eval(): BatchNorm1d, Dropout worked as in training"]


def test_a_pass_without_a_loss_is_no_step_of_anything():
    net, optimizer, x, y = parts()
    trained = []
    with watched(net, optimizer, save={"inputs": ["mean"]}) as run:
        for _ in range(3):
            with torch.no_grad():
                action = net(x * 100)
            trained.append(step(net, optimizer, x, y + 0 * action))
            with torch.no_grad():
                net(x)
    assert run.steps() == [0, 1, 2]
    assert run.steps("EVAL") == []
    np.testing.assert_allclose(run.series("loss"), trained, rtol=1e-6)


def test_a_target_computed_behind_the_pass_that_is_trained_takes_nothing_from_its_step():
    net, optimizer, x, _ = parts()
    trained = []
    with watched(net, optimizer, save={"gradients": ["l2"]}) as run:
        for _ in range(3):
            optimizer.zero_grad()
            out = net(x)
            with torch.no_grad():
                target = net(x + 1)
            loss = functional.mse_loss(out, target)
            loss.backward()
            trained.append((loss.item(), net[0].weight.grad.norm().item()))
            optimizer.step()
    assert run.steps("EVAL") == []
    np.testing.assert_allclose(run.series("loss"), [loss for loss, _ in trained], rtol=1e-6)
    np.testing.assert_allclose(run.series("gradient/0.weight", "l2"), [norm for _, norm in trained], rtol=1e-6)


def test_the_loss_of_a_critic_is_no_evaluation_of_what_feeds_it():
    generator, optimizer, x, y = parts()
    critic = nn.Linear(1, 1)
    critical = torch.optim.SGD(critic.parameters(), lr=0.1)
    with watched(generator, optimizer, save={}) as run:
        for _ in range(3):
            with torch.no_grad():
                made = generator(x)
            critical.zero_grad()
            functional.mse_loss(critic(made), y).backward()
            critical.step()
            optimizer.zero_grad()
            functional.mse_loss(critic(generator(x)), y).backward()
            optimizer.step()
    assert run.steps() == [0, 1, 2]
    assert run.steps("EVAL") == []


def test_weights_that_are_changed_by_hand_are_trained_without_gradients():
    net, _, x, y = parts()
    losses = []
    with watched(net, save={"losses": True}) as run, torch.no_grad():
        for _ in range(3):
            losses.append(functional.mse_loss(net(x), y).item())
            for parameter in net.parameters():
                parameter.add_(0.01)
            run.watch.step()
    assert run.steps() == [0, 1, 2]
    assert run.steps("EVAL") == []
    np.testing.assert_allclose(run.series("loss"), losses, rtol=1e-6)


def test_modes_are_those_of_the_model_or_those_that_are_said():
    net, data = made(), batches(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(net, optimizer, save={"outputs": ["mean"]}) as run:
        train(net, optimizer, data)
        net.eval()
        net(data[0][0])
        run.watch.mode("PREDICT")
        net(data[1][0])
        net(data[2][0])
        run.watch.mode(None)
        net.train()
        train(net, optimizer, data[:1])
        with pytest.raises(UsageError, match="no mode"):
            run.watch.mode("SLEEP")
    assert [len(run.steps(mode)) for mode in ("TRAIN", "EVAL", "PREDICT")] == [4, 1, 2]
    with torch.no_grad():
        assert len(run.series("fc_output_0", "mean", "PREDICT")) == 2
