"""The loss is the same quantity in training and in evaluations, whatever the training puts around it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, functional, made, train, watched
from torch import nn

import labdeck
from labdeck.debugger.rules import ExplodingTensor, Overfit

pytestmark = pytest.mark.slow


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


def run_of(make, evaluate=None, passes=1, steps=6, clear=True):
    """Train on `make(outputs, labels)`, gathered over passes; return the run and the plain losses of both modes."""
    net, data = made(), batches(steps * passes)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    plain = {"TRAIN": [], "EVAL": [], "backward": []}
    with watched(net, optimizer) as run:
        for step in range(steps):
            found, sums = [], []
            for inputs, labels in data[step * passes : (step + 1) * passes]:
                outputs = net(inputs)
                loss = make(net, outputs, labels)
                sums.append(loss.item())
                found.append(functional.cross_entropy(outputs.detach(), labels).item())
                loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=clear)
            plain["TRAIN"].append(np.mean(found))
            plain["backward"].append(np.sum(sums))
            if step % 3 == 2:
                net.eval()
                with torch.no_grad():
                    plain["EVAL"].append((evaluate or functional.cross_entropy)(net(data[0][0]), data[0][1]).item())
                net.train()
    return run, plain


def _penalised(net, outputs, labels):
    return functional.cross_entropy(outputs, labels) + 0.01 * sum(one.abs().sum() for one in net.parameters())


def _weighted(_, outputs, labels):
    return 0.1 * functional.cross_entropy(outputs, labels)


def _with_a_metric(_, outputs, labels):
    functional.l1_loss(outputs, torch.zeros_like(outputs))  # looked at, and not differentiated
    return functional.cross_entropy(outputs, labels)


@pytest.mark.parametrize("make", [_penalised, _weighted, _with_a_metric])
@pytest.mark.parametrize(("passes", "clear"), [(1, True), (1, False), (4, True), (4, False)])
def test_the_loss_is_the_criterion_whatever_is_put_around_it(make, passes, clear):
    run, plain = run_of(make, passes=passes, clear=clear)
    close(run.series("loss"), plain["TRAIN"])
    close(run.series("loss", mode="EVAL"), plain["EVAL"])
    differs = make is not _with_a_metric or passes > 1
    assert ("loss/backward" in run.reader.tensors()) == differs
    if differs:
        close(run.series("loss/backward"), plain["backward"])
        assert "losses" not in run.reader.tensors()["loss/backward"].collections


def test_a_loss_that_is_divided_by_the_number_of_passes_is_itself():
    run, plain = run_of(lambda _, outputs, labels: functional.cross_entropy(outputs, labels) / 4, passes=4)
    close(run.series("loss"), plain["TRAIN"])
    assert "loss/backward" not in run.reader.tensors()


@pytest.mark.parametrize("is_module", [True, False])
def test_sums_over_batches_count_with_their_mean(is_module):
    def total(outputs, labels):
        if is_module:
            return nn.CrossEntropyLoss(reduction="sum")(outputs, labels)
        return functional.cross_entropy(outputs, labels, reduction="sum")

    run, plain = run_of(lambda _, outputs, labels: functional.cross_entropy(outputs, labels), total)
    close(run.series("loss"), plain["TRAIN"])
    close(run.series("loss", mode="EVAL"), np.array(plain["EVAL"]) / 6)


def test_a_module_of_sums_that_was_named_counts_with_its_mean():
    net, (inputs, labels) = made(), batches(1)[0]
    loss = nn.CrossEntropyLoss(reduction="sum")
    with watched(net, loss=loss) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.0), [(inputs, labels)], loss=loss)
    with torch.no_grad():
        wanted = functional.cross_entropy(net(inputs), labels)
    close(run.series("loss"), [wanted.item()])
    close(run.series("loss/backward"), [wanted.item() * 6])
    assert loss.reduction == "sum"


def test_a_loss_of_plain_arithmetic_is_what_was_differentiated_and_is_compared_with_nothing_else():
    run, _ = run_of(lambda _, outputs, labels: 20 - torch.log_softmax(outputs, 1).gather(1, labels[:, None]).mean())
    assert (run.series("loss") > 20).all()
    assert np.isnan(run.series("loss", mode="EVAL")).all()
    assert len(run.series("loss/cross_entropy", mode="EVAL")) == 2
    assert any("is not that of the training" in text for text in run.hub.watch_record().warnings)


def test_losses_of_several_kinds_are_compared_each_with_itself():
    def both(_, outputs, labels):
        zeros = torch.zeros_like(outputs)
        return functional.cross_entropy(outputs, labels) + 0.5 * functional.mse_loss(outputs, zeros)

    run, plain = run_of(both, passes=2)
    close(run.series("loss/cross_entropy"), plain["TRAIN"])
    close(run.series("loss/cross_entropy", mode="EVAL"), plain["EVAL"])
    close(run.series("loss"), run.series("loss/cross_entropy") + 0.5 * run.series("loss/mse_loss"))
    assert np.isnan(run.series("loss", mode="EVAL")).all()


def test_heads_that_an_evaluation_leaves_out_make_it_another_loss():
    def heads(_, outputs, labels):
        return functional.cross_entropy(outputs, labels) + functional.cross_entropy(outputs * 2, labels)

    run, plain = run_of(heads)
    close(run.series("loss"), plain["backward"])
    assert np.isnan(run.series("loss", mode="EVAL")).all()


def test_an_evaluation_between_the_passes_of_one_step_leaves_the_step_as_it_is():
    net, data = made(), batches(4)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with watched(net, optimizer) as run:
        for number, (inputs, labels) in enumerate(data):
            functional.cross_entropy(net(inputs), labels).backward()
            net.eval()
            with torch.no_grad():
                functional.cross_entropy(net(inputs), labels)
            net.train()
            if number % 2:
                optimizer.step()
                optimizer.zero_grad()
    with torch.no_grad():
        losses = [functional.cross_entropy(net(inputs), labels).item() for inputs, labels in data]
    close(run.series("loss"), np.mean(np.reshape(losses, (2, 2)), axis=1))
    close(run.series("loss", mode="EVAL"), losses)


def test_of_the_losses_that_a_line_search_tries_the_first_is_that_of_the_step():
    net, data = made(), batches(3, size=12)
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=4)
    firsts = []
    with watched(net, optimizer) as run:
        for inputs, labels in data:

            def closure(inputs=inputs, labels=labels):
                optimizer.zero_grad()
                loss = 0.5 * functional.cross_entropy(net(inputs), labels)
                loss.backward()
                return loss

            firsts.append(optimizer.step(closure).item())
    close(run.series("loss"), 2 * np.array(firsts))
    close(run.series("loss/backward"), firsts)


def test_a_scaler_and_gathering_together():
    net, data = made(), batches(4)
    optimizer, scaler = torch.optim.SGD(net.parameters(), lr=0.0), torch.amp.GradScaler("cpu", init_scale=512.0)
    with watched(net, optimizer) as run:
        for number, (inputs, labels) in enumerate(data):
            scaler.scale(functional.cross_entropy(net(inputs), labels) / 2).backward()
            if number % 2:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
    with torch.no_grad():
        losses = [functional.cross_entropy(net(inputs), labels).item() for inputs, labels in data]
    close(run.series("loss"), np.mean(np.reshape(losses, (2, 2)), axis=1))
    assert "loss/backward" not in run.reader.tensors()


def test_an_optimizer_that_steps_within_the_backward_pass():
    net, data = made(), batches(3)
    optimizers = {one: torch.optim.SGD([one], lr=0.0) for one in net.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for one in net.parameters():
        one.register_post_accumulate_grad_hook(step)
    with watched(net, list(optimizers.values()), rules=[ExplodingTensor]) as run:
        for inputs, labels in data:
            functional.cross_entropy(net(inputs), labels).backward()
    with labdeck.open() as store:
        assert store.debugger.findings(trial_id=run.trial.id).findings == ()
    assert np.isfinite(run.series("loss")).all()


def test_a_penalty_that_is_no_number_makes_the_loss_none():
    run, _ = run_of(lambda _, outputs, labels: functional.cross_entropy(outputs, labels) + math.inf, steps=1)
    assert np.isinf(run.series("loss")).all()


# -- overfitting -------------------------------------------------------------------------------------------------------


def noisy(count, seed):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(10, 20, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 10, (count,), generator=generator)
    return centres[labels] + 2 * torch.randn(count, 20, generator=generator), labels


def overfits(weight, penalty, count):
    """Say at which evaluation Overfit warned first, None if it did not."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    validation = noisy(500, 1)
    with watched(net, optimizer, rules=[Overfit]) as run:
        for step in range(200):
            inputs, labels = noisy(count, 2 if count < 100 else 3 + step)
            optimizer.zero_grad()
            loss = weight * functional.cross_entropy(net(inputs), labels)
            (loss + penalty * sum(one.abs().sum() for one in net.parameters())).backward()
            optimizer.step()
            if step % 50 == 49:
                net.eval()
                with torch.no_grad():
                    functional.cross_entropy(net(validation[0]), validation[1])
                net.train()
    with labdeck.open() as store:
        findings = store.debugger.findings(trial_id=run.trial.id).findings
    return min((one.step for one in findings if one.severity == "warning"), default=None)


def test_overfitting_is_found_neither_falsely_nor_late():
    plain = overfits(1.0, 0.0, 60)
    assert plain is not None
    assert overfits(0.1, 0.0, 60) is not None
    assert overfits(1.0, 1e-3, 60) == plain
    assert overfits(1.0, 0.0, 500) is None
    assert overfits(0.1, 0.0, 500) is None


def test_the_mean_of_a_summed_divergence_is_that_of_the_batch_and_nothing_is_warned_of():
    net = nn.Linear(3, 4)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    wanted = []
    with watched(net, optimizer) as run:
        for _ in range(3):
            optimizer.zero_grad()
            loss = functional.kl_div(net(torch.ones(5, 3)).log_softmax(1), torch.full((5, 4), 0.25), reduction="sum")
            loss.backward()
            optimizer.step()
            wanted.append(loss.item() / 5)
    close(run.series("loss"), wanted)
