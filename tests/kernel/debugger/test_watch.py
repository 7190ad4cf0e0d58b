"""`labdeck.watch` around trainings of PyTorch: where it records, how it ends, and that it does no harm."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, looks_of, made, traces, train, watched
from torch import nn

import labdeck
from labdeck import defaults
from labdeck.debugger import Finding, Need, Rule, actions, attach_automatically, rules
from labdeck.debugger.hooks import torch_program
from labdeck.debugger.hooks.torch_program import Program
from labdeck.errors import NotFound, TrainingStopped, UsageError

pytestmark = pytest.mark.slow
_QUIET = {"rules": (), "budget": None, "flight": 0, "profile": False}


@dataclass
class Third(Rule):
    """The third step has come."""

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        if window.step == 2 and window.mode == "TRAIN":
            yield Finding("the third step", "loss")


@dataclass
class Demanding(Third):
    """It cannot be made without a parameter."""

    limit: float


class Speechless(Third):
    """It cannot say what it needs."""

    def needs(self):
        raise RuntimeError("no idea")


def test_without_any_argument_the_next_model_that_trains_is_watched_in_a_trial_of_its_own():
    watch = labdeck.watch(**_QUIET)
    assert (watch.is_on, watch.trial, watch.preview()) == (True, None, ())
    net, optimizer = made(), None
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    train(net, optimizer, batches(3))
    trial = watch.trial
    assert "Net" in watch.tree()
    assert repr(watch) == "<watch over Net>"
    watch.close()
    assert not watch.is_on
    assert trial.record().state == "completed"
    assert trial.name.partition("-")[0] == "Net"
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert len(reader.series("loss", "value", "TRAIN").values) == 3
    assert np.isfinite(reader.series("update/fc.weight", "value", "TRAIN").values).all()


def test_a_model_that_is_named_gets_its_trial_with_the_first_pass_in_training():
    net, data = made(), batches(2)
    with labdeck.watch(net, **_QUIET) as watch:
        with torch.no_grad():
            net(data[0][0])
        assert watch.trial is None
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), data)
        assert watch.hubs[0].steps["TRAIN"] == 2
    assert watch.trial.record().state == "completed"
    assert [hook for module in net.modules() for hook in module._forward_pre_hooks] == []


def test_another_watch_over_the_same_model_ends_the_one_before():
    net, data = made(), batches(2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    first = labdeck.watch(net, **_QUIET)
    train(net, optimizer, data)
    second = labdeck.watch(net, **_QUIET)
    train(net, optimizer, data)
    assert (first.is_on, first.hubs[0].steps["TRAIN"], second.hubs[0].steps["TRAIN"]) == (False, 2, 2)
    second.close()


def test_a_rule_that_stops_the_training_ends_the_block_without_an_error(capsys):
    net, data = made(), batches(6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def run(trial):
        settings = {**_QUIET, "rules": [Third], "actions": [actions.StopTraining()]}
        with trial, labdeck.watch(net, optimizer, **settings) as watch:
            train(net, optimizer, data)
            pytest.fail("it was not stopped")
        return watch

    trial = labdeck.experiment("tests").trial()
    watch = run(trial)
    assert capsys.readouterr().err == f"Labdeck: {watch.ended}\n"
    assert isinstance(watch.ended, TrainingStopped)
    assert watch.hubs[0].steps["TRAIN"] == 3
    assert trial.record().state == "interrupted"
    (finding,) = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    assert (finding.rule, finding.step) == ("Third", 2)


def test_a_trial_that_was_started_for_a_stopped_training_was_interrupted():
    net = made()
    with labdeck.watch(net, **{**_QUIET, "rules": [Third], "actions": "stop"}) as watch:
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(6))
    assert watch.trial.record().state == "interrupted"


def train_and_raise(net, error):
    train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(2))
    raise error


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError("too small"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_trial_that_was_started_for_a_training_ends_as_the_block_does(error, state):
    net = made()
    with pytest.raises(type(error)), labdeck.watch(net, **_QUIET) as watch:
        train_and_raise(net, error)
    assert watch.trial.record().state == state
    told = [capture.body["traceback"] for capture in watch.trial.detail().captures if capture.kind == "error"]
    assert [str(error) in text for text in told] == [True] * (state == "failed")


def test_an_error_that_is_caught_within_the_trial_is_not_the_trial_s():
    net, trial = made(), labdeck.experiment("digits").trial("goes on").start()
    with pytest.raises(ValueError, match="caught"), labdeck.watch(net, trial=trial, **_QUIET):
        train_and_raise(net, ValueError("caught"))
    trial.finish()
    assert trial.record().state == "completed"


def train_sparsely(net, optimizer):
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.tensor([[1, 2], [2, 5]])).pow(2).mean().backward()
        optimizer.step()


def test_whole_arrays_of_sparse_gradients_are_kept_as_dense_ones():
    net = nn.EmbeddingBag(20, 3, sparse=True)
    optimizer = torch.optim.SparseAdam(net.parameters())
    with watched(net, optimizer, save={"all": {"regex": ".*", "arrays": True}}) as run:
        train_sparsely(net, optimizer)
        assert run.hub.is_on
        gradient = net.weight.grad.to_dense().numpy()
    np.testing.assert_array_equal(run.array("gradient/weight", 2), gradient)


def test_sparse_gradients_that_are_too_large_as_whole_arrays_are_left_out_and_that_is_said(monkeypatch):
    monkeypatch.setattr(torch_program, "MOST_DENSE", 100)
    net = nn.EmbeddingBag(20, 3, sparse=True)
    optimizer = torch.optim.SparseAdam(net.parameters())
    with watched(net, optimizer, save={"all": {"regex": ".*", "arrays": True}}) as run:
        with pytest.warns(UserWarning, match="gradient/weight is sparse") as told:
            train_sparsely(net, optimizer)
        assert run.hub.is_on
    assert len(told) == 1
    assert run.array("weight", 2).shape == (20, 3)


def test_a_rule_that_cannot_begin_leaves_the_others_at_work():
    net = made()
    given = [rules.SimilarAcrossRuns(other_trials="nobody"), Third]
    with pytest.warns(UserWarning, match="nobody"), watched(net, rules=given) as run:
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(4))
    found = run.trial.experiment.session.catalog.findings(trial_id=run.trial.id).findings
    assert [finding.rule for finding in found] == ["Third"]


def test_an_error_of_the_training_is_its_own():
    net = made()
    with pytest.raises(RuntimeError, match="size"), watched(net):
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), [(torch.zeros(2, 1, 3, 8), torch.zeros(2))])
    assert [hook for module in net.modules() for hook in module._forward_hooks] == []


def test_what_fails_switches_the_watching_off_and_the_training_goes_on(monkeypatch):
    net, twin, data = made(), made(), batches(4)

    def broken(*_):
        raise OSError("no luck")

    monkeypatch.setattr(Program, "before", broken)
    before, looks = traces(), looks_of(net)
    with watched(net, save=["gradients"]) as run:
        with pytest.warns(UserWarning, match="no luck"):
            train(net, torch.optim.SGD(net.parameters(), lr=0.1), data)
        assert traces() == before
        assert run.hub.watch_record().state == "failed"
    train(twin, torch.optim.SGD(twin.parameters(), lr=0.1), data)
    assert torch.equal(net.fc.weight, twin.fc.weight)
    assert looks_of(net) == looks


def test_one_environment_variable_switches_everything_off(monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    net, before = made(), traces()
    looks = looks_of(net)
    with labdeck.watch(net, **_QUIET) as watch, attach_automatically(**_QUIET) as automatic:
        assert (traces(), looks_of(net)) == (before, looks)
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(2))
        watch.scalar("accuracy", 0.5)
        watch.mode("EVAL")
        watch.profile_operators(2)
    assert (watch.is_on, watch.hubs, automatic.hubs) == (False, (), ())


def test_mistakes_are_told_at_once():
    net = nn.Linear(2, 2)
    with pytest.raises(NotFound, match="no rule"):
        labdeck.watch(net, rules=["Vanishing"])
    with pytest.raises(UsageError, match="collection"):
        labdeck.watch(net, save=["wieghts"])
    with pytest.raises(UsageError, match="no setting"):
        labdeck.watch(net, save={"weights": {"intervall": 3}})
    for wrong in (-1, "x", 2.5):
        with pytest.raises(UsageError, match="flight="):
            labdeck.watch(net, flight=wrong)
    for wrong in ("a", 0, 2, True):
        with pytest.raises(UsageError, match="budget="):
            labdeck.watch(net, budget=wrong)
    for wrong in (5, [5], [object]):
        with pytest.raises(UsageError, match="no rule"):
            labdeck.watch(net, rules=wrong)
    for wrong in (Demanding, Speechless()):
        with pytest.raises(UsageError, match="cannot be"):
            labdeck.watch(net, rules=[wrong])
    with pytest.raises(UsageError, match="no action"):
        labdeck.watch(net, actions=["stopp"])
    assert len(net._forward_pre_hooks) == 0


def test_numbers_of_ones_own_join_the_step():
    net, data = made(), batches(2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watched(net, optimizer) as run:
        for number, batch in enumerate(data):
            run.watch.scalar("accuracy", number / 2, "metrics")
            train(net, optimizer, [batch])
    assert run.series("accuracy").tolist() == [0.0, 0.5]


def test_steps_are_timed_and_checkpoints_and_lower_rates_are_at_hand():
    net, data = made(), batches(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with watched(net, optimizer, profile=True) as run:
        train(net, optimizer, data)
        controls = run.hub.controls
        assert controls.live()["model"] is net
        assert controls.live()["optimizer"] is optimizer
        assert "0.01" in controls.lower_learning_rate(0.1)
        name = controls.checkpoint()
        found = controls.arrays(("fc.weight", "gradient/fc.bias", "optimizer/fc.bias/momentum_buffer", "nothing"))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    assert set(found) == {"fc.weight", "gradient/fc.bias", "optimizer/fc.bias/momentum_buffer"}
    assert torch.equal(found["fc.weight"], net.fc.weight)
    assert name in [artifact.name for artifact in run.trial.artifacts()]
    parts = [run.series(f"timing/{part}")[-1] for part in ("data", "forward", "backward", "optimizer")]
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(run.series("timing/step")[-1])


def test_the_flight_recorder_holds_the_last_steps_when_a_rule_fires():
    net, data = made(), batches(4)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    weights = []
    with watched(net, optimizer, rules=[Third], flight=2) as run:
        train(net, optimizer, data, look=lambda _: weights.append(net.fc.weight.detach().clone().numpy()))
    session = run.trial.experiment.session
    (finding,) = session.catalog.findings(trial_id=run.trial.id).findings
    recording = session.tensors.recording(run.trial.id, finding.recording)
    assert [moment.step for moment in recording.moments()] == [1, 2]
    np.testing.assert_array_equal(recording.array("fc.weight", "TRAIN", 2), weights[4])
    assert "gradient/c1.bias" in recording.array_names("TRAIN", 2)


_FORKS = """
import os
import torch, labdeck
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
with labdeck.experiment("forked").trial() as trial, labdeck.watch(net, optimizer, rules=(), budget=None) as watch:
    def step():
        torch.nn.functional.mse_loss(net(torch.ones(3, 2)), torch.zeros(3, 1)).backward()
        optimizer.step()
    step()
    child = os.fork()
    if not child:
        step()
        os._exit(0)
    os.waitpid(child, 0)
    step()
print(watch.hubs[0].steps["TRAIN"])
reader = trial.experiment.session.tensors.reader(trial.id)
print(reader.series("loss", "value", "TRAIN").steps.tolist())
"""


def test_a_forked_child_records_nothing():
    done = subprocess.run([sys.executable, "-c", _FORKS], capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.split() == ["2", "[0,", "1]"], done.stderr


def test_models_are_not_kept_alive_after_the_watch():
    net = made()
    gone = weakref.ref(net)
    with watched(net):
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(1))
    labdeck.watch(net, **_QUIET).close()
    del net
    gc.collect()
    assert gone() is None


def test_a_store_that_cannot_be_written_is_told_once_and_not_tried_again(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "file" / "store"))
    defaults.studio.cache_clear()
    net = made()
    with warnings.catch_warnings(record=True) as told, labdeck.watch(net, **_QUIET) as watch:
        warnings.simplefilter("always")
        train(net, torch.optim.SGD(net.parameters(), lr=0.1), batches(5))
    assert len([each for each in told if "is not watched, it goes on" in str(each.message)]) == 1
    assert watch.hubs == ()
    defaults.studio.cache_clear()
