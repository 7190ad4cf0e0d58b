"""A watched training has curves: its losses and learning rates, unless somebody logs metrics of his own."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import xgboost
from tests.kernel.debugger.boosted import table
from tests.kernel.debugger.hooks.torch_models import batches, functional, made, train

import labdeck

pytestmark = pytest.mark.slow
ENDLESS = """
import sys, torch, labdeck
net = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
with labdeck.open(sys.argv[1]).experiment("digits").trial("victim") as trial:
    if int(sys.argv[2]):
        trial.log({"train:loss": -1.0})
    print(trial.id, flush=True)
    with labdeck.watch(net, optimizer, rules=(), profile=False, flight=0):
        while True:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(torch.randn(8, 4)), torch.zeros(8, 1)).backward()
            optimizer.step()
            print("step", flush=True)
"""
_QUIET = {"rules": (), "budget": None, "flight": 0, "profile": False}


def run(net, optimizer):
    """Two rounds of three steps and an evaluation of two batches; returns what the losses were."""
    losses, data = {"train": [], "eval": []}, batches(3)
    for _ in range(2):
        net.train()
        for inputs, labels in data:
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(inputs), labels)
            loss.backward()
            optimizer.step()
            losses["train"].append(loss.item())
        net.eval()
        with torch.no_grad():
            found = [functional.cross_entropy(net(inputs), labels).item() for inputs, labels in data[:2]]
        losses["eval"].append(np.mean(found))
    return losses


def test_a_trial_of_its_own_gets_its_curves_while_it_runs():
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with labdeck.watch(net, **_QUIET) as watch:
        losses = run(net, optimizer)
        assert watch.trial.history("train:loss").values.tolist() == pytest.approx(losses["train"])
    trial = watch.trial
    evaluated = trial.history("eval:loss")
    assert (evaluated.steps.tolist(), evaluated.values.tolist()) == ([2, 5], pytest.approx(losses["eval"]))
    assert trial.history("lr").values.tolist() == [0.1] * 6
    assert trial.history("train:loss").steps.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_trial_of_the_user_without_metrics_gets_them_when_it_ends():
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(net, optimizer, **_QUIET):
        losses = run(net, optimizer)
        optimizer.zero_grad()
        net.train()
        (net(batches(1)[0][0]).sum() * math.nan).backward()
        optimizer.step()
    train_loss, evaluated = trial.history("train:loss"), trial.history("eval:loss")
    assert train_loss.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert train_loss.values.tolist()[:6] == pytest.approx(losses["train"])
    assert math.isnan(train_loss.values[6])
    assert (evaluated.steps.tolist(), evaluated.values.tolist()) == ([2, 5], pytest.approx(losses["eval"]))
    assert trial.metrics["eval:loss"].last == pytest.approx(losses["eval"][-1])


def test_what_the_user_logs_is_not_doubled():
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(net, optimizer, **_QUIET):
        train(net, optimizer, batches(3))
        trial.log({"train:loss": 0.5})
    assert trial.history("train:loss").values.tolist() == [0.5]
    assert set(trial.metrics) == {"train:loss"}


def test_a_trial_that_is_resumed_gets_the_rest():
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(net, optimizer, **_QUIET):
        losses = run(net, optimizer)
    with trial.resume(), labdeck.watch(net, optimizer, **_QUIET):
        again = run(net, optimizer)
    found = trial.history("train:loss")
    assert found.values.tolist() == pytest.approx(losses["train"] + again["train"])
    assert found.steps.tolist() == list(range(12))
    assert trial.metrics["eval:loss"].count == 4


def recorded_losses(session, trial_id):
    """Return the losses that were recorded of a trial, none if there is nothing yet."""
    there = trial_id in session.tensors.trial_ids()
    return session.tensors.reader(trial_id).series("loss", "value", "TRAIN").values.tolist() if there else []


@pytest.mark.parametrize("logged", [0, 1])
def test_a_killed_process_leaves_the_curves_of_what_it_recorded(tmp_path, logged):
    child = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(tmp_path / "store"), str(logged)], stdout=subprocess.PIPE, text=True
    )
    trial_id = child.stdout.readline().strip()
    with labdeck.open(tmp_path / "store") as studio:
        for _ in child.stdout:  # a line a step
            if len(recorded_losses(studio.session, trial_id)) >= 3:
                break
        child.kill()
        child.communicate()
        with ThreadPoolExecutor(4) as pool:  # whoever notices, and however many do
            others = [labdeck.Studio(tmp_path / "store") for _ in range(4)]
            list(pool.map(labdeck.Studio.housekeep, others))
            for other in others:
                other.close()
        trial = studio.find_trial(trial_id)
        assert trial.state == "crashed"
        if logged:
            assert trial.history("train:loss").values.tolist() == [-1.0]
            assert set(trial.metrics) == {"train:loss"}
        else:
            recorded = recorded_losses(studio.session, trial_id)
            assert trial.history("train:loss").values.tolist() == recorded
            assert trial.metrics["train:loss"].count == len(recorded)


def test_rounds_of_a_booster_are_points():
    features, labels = table()
    data, held_out = xgboost.DMatrix(features, labels), xgboost.DMatrix(features[:50], labels[:50])
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(rules=(), flight=0):
        told = {}
        evals = [(data, "train"), (held_out, "validation")]
        xgboost.train({}, data, 4, evals=evals, evals_result=told, verbose_eval=False)
    assert trial.history("train:rmse").values.tolist() == pytest.approx(told["train"]["rmse"], rel=1e-5)
    assert trial.history("validation:rmse").steps.tolist() == [0, 1, 2, 3]
