"""Models that train with each other: each watcher hears of the losses of its own one, and of NaN where there is one."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, functional, made, train
from torch import nn

import labdeck
from labdeck.debugger.rules import ExplodingTensor, NaNOrigin
from labdeck.errors import TrainingStopped

pytestmark = pytest.mark.slow
_RULES = {"rules": [ExplodingTensor, NaNOrigin], "actions": ["stop"], "budget": None, "profile": False}
STEPS = 12


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


@contextlib.contextmanager
def trial_of():
    """Run a trial; yields a namespace that gets `findings` and `series` of it."""
    seen = Seen()
    with labdeck.experiment("tests").trial() as seen.trial:
        yield seen
    seen.reader = seen.trial.experiment.session.tensors.reader(seen.trial.id)


class Seen:
    """What was recorded of a trial."""

    @property
    def findings(self):
        with labdeck.open() as store:
            return store.debugger.findings(trial_id=self.trial.id).findings

    def losses(self, ending="loss", mode="TRAIN"):
        names = [name for name in self.reader.tensors() if name == ending or name.endswith("/" + ending)]
        return {name: self.reader.series(name, "value", mode).values for name in names}


def halves(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 4), nn.ReLU()), nn.Linear(4, 8)


def joined(encoder, decoder, optimizers, bad_at=-1, evaluate=True):
    """Train an encoder and a decoder with one loss; return the losses of training and of two evaluations."""
    generator = torch.Generator().manual_seed(0)
    found = {"TRAIN": [], "EVAL": []}
    for step in range(STEPS):
        inputs = torch.randn(16, 8, generator=generator)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = functional.mse_loss(decoder(encoder(inputs)), inputs * (math.nan if step == bad_at else 1))
        found["TRAIN"].append(loss.item())
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        if evaluate and step % 6 == 5:
            encoder.eval(), decoder.eval()
            with torch.no_grad():
                found["EVAL"].append(functional.mse_loss(decoder(encoder(inputs)), inputs).item())
            encoder.train(), decoder.train()
    return found


def watches_of(kind, encoder, decoder, optimizers):
    if kind == "all":
        return [labdeck.watch(**_RULES)]
    if kind == "twice":
        return [labdeck.watch(encoder, **_RULES), labdeck.watch(encoder, **_RULES), labdeck.watch(decoder, **_RULES)]
    return [labdeck.watch(net, optimizers[-number], **_RULES) for number, net in enumerate((encoder, decoder))]


@pytest.mark.parametrize("kind", ["named", "all", "twice"])
@pytest.mark.parametrize("count", [1, 2])
def test_models_with_one_loss_have_all_of_it(kind, count):
    encoder, decoder = halves()
    both = [*encoder.parameters(), *decoder.parameters()]
    parts = [both] if count == 1 else [encoder.parameters(), decoder.parameters()]
    optimizers = [torch.optim.Adam(part, 1e-2) for part in parts]
    with trial_of() as seen:
        watches = watches_of(kind, encoder, decoder, optimizers)
        losses = joined(encoder, decoder, optimizers)
        for watch in watches:
            watch.close()
    assert seen.findings == ()
    for mode, wanted in losses.items():
        found = seen.losses(mode=mode)
        assert len(found) == 2  # a model that is watched twice is watched once, by the later one
        for values in found.values():
            close(values, wanted)


def test_each_of_them_is_told_of_what_breaks_both_at_its_step():
    encoder, decoder = halves()
    optimizers = [torch.optim.Adam(net.parameters(), 1e-2) for net in (encoder, decoder)]
    rules = {**_RULES, "actions": []}
    with trial_of() as seen:
        watches = [labdeck.watch(net, one, **rules) for net, one in zip((encoder, decoder), optimizers, strict=True)]
        joined(encoder, decoder, optimizers, bad_at=7, evaluate=False)
        for watch in watches:
            watch.close()
    first = {}
    for finding in sorted(seen.findings, key=lambda one: one.step):
        first.setdefault(finding.rule, finding.step)
    assert first == dict.fromkeys(("ExplodingTensor", "ExplodingTensor-2", "NaNOrigin", "NaNOrigin-2"), 7)


def test_a_stop_comes_in_the_step_that_breaks():
    encoder, decoder = halves()
    optimizers = [torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-2)]
    with trial_of() as seen, labdeck.watch(**_RULES) as watch:
        joined(encoder, decoder, optimizers, bad_at=5, evaluate=False)
    assert isinstance(watch.ended, TrainingStopped)
    assert {hub.steps["TRAIN"] for hub in watch.hubs} <= {5, 6}
    assert {finding.step for finding in seen.findings} == {5}


def test_an_actor_and_a_critic_have_their_own_part_of_a_joint_loss():
    torch.manual_seed(0)
    actor, critic = nn.Linear(8, 2), nn.Sequential(nn.Linear(8, 1))
    optimizers = [torch.optim.Adam(net.parameters(), 1e-2) for net in (actor, critic)]
    sums, values = [], []
    with trial_of() as seen:
        watches = [labdeck.watch(net, one, **_RULES) for net, one in zip((actor, critic), optimizers, strict=True)]
        for _ in range(STEPS):
            inputs = torch.randn(16, 8)
            policy = -torch.log_softmax(actor(inputs), 1)[:, 0].mean()
            value = functional.mse_loss(critic(inputs), inputs[:, :1])
            for optimizer in optimizers:
                optimizer.zero_grad()
            (policy + value).backward()
            for optimizer in optimizers:
                optimizer.step()
            sums.append((policy + value).item())
            values.append(value.item())
        for watch in watches:
            watch.close()
    assert seen.findings == ()
    of_actor, of_critic = seen.losses().values()
    close(of_actor, sums)
    close(of_critic, values)
    close(seen.reader.series("loss/Sequential/backward", "value", "TRAIN").values, sums)


def test_a_generator_and_its_critic_do_not_hear_each_others_losses():
    torch.manual_seed(0)
    generator, critic = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)), nn.Linear(2, 1)
    ours, theirs = [torch.optim.SGD(net.parameters(), lr=0.05) for net in (generator, critic)]
    judge = functional.binary_cross_entropy_with_logits
    wanted = {"generator": [], "critic": []}
    with trial_of() as seen:
        watches = [labdeck.watch(net, one, **_RULES) for net, one in ((generator, ours), (critic, theirs))]
        for _ in range(STEPS):
            made_up = generator(torch.randn(8, 2))
            theirs.zero_grad()
            real = judge(critic(torch.randn(8, 2)), torch.ones(8, 1))
            loss = real + judge(critic(made_up.detach()), torch.zeros(8, 1))
            loss.backward()
            theirs.step()
            wanted["critic"].append(loss.item())
            ours.zero_grad()
            loss = judge(critic(made_up), torch.ones(8, 1))
            loss.backward()
            ours.step()
            wanted["generator"].append(loss.item())
        for watch in watches:
            watch.close()
    of_generator, of_critic = seen.losses().values()
    close(of_generator, wanted["generator"])
    close(of_critic, wanted["critic"])
    assert seen.findings == ()


@pytest.mark.parametrize("outer", ["named", "all"])
def test_watches_within_each_other_are_silent_as_long_as_all_is_well(outer):
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    named = ((net, optimizer), {**_RULES})
    order = [named, ((), {**_RULES})] if outer == "named" else [((), {**_RULES}), named]
    with trial_of() as seen, labdeck.watch(*order[0][0], **order[0][1]):
        with labdeck.watch(*order[1][0], **order[1][1]):
            train(net, optimizer, batches(4))
        train(net, optimizer, batches(4))
    assert seen.findings == ()
    assert all(np.isfinite(values).all() for values in seen.losses().values())
