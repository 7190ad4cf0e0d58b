"""Training loops that people write themselves with PyTorch."""

import gc
import subprocess
import sys
import threading

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from safetensors.torch import load_file

import labdeck
from labdeck.runs.autolog import loops

BATCH = torch.linspace(-1, 1, 32).reshape(16, 2)
TARGET = (BATCH.sum(1, keepdim=True) > 0).float()


def make(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))


def train(model, optimizer, steps, losses=None, scaler=None):
    losses = [] if losses is None else losses
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(BATCH), TARGET)
        losses.append(loss.item())
        (loss if scaler is None else scaler.scale(loss)).backward()
        optimizer.step() if scaler is None else scaler.step(optimizer)
        if scaler is not None:
            scaler.update()
    return losses


def end():
    gc.collect()
    loops.end_all()


def test_a_loop_within_a_trial(autolog, experiment):
    autolog("torch")
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.1)
    losses = []
    with experiment.trial("mine") as trial:
        for _ in range(4):
            train(model, optimizer, 1, losses)
            schedule.step()
    assert trial.history("train:loss").values.tolist() == losses
    assert trial.history("train:loss").steps.tolist() == [0, 1, 2, 3]
    assert trial.history("lr").values == pytest.approx([0.5, 0.5, 0.05, 0.05])
    expected = {"optimizer": "SGD", "lr": 0.5, "momentum": 0.9, "model": "Sequential", "model_parameters": 13}
    assert expected.items() <= trial.params.items()
    assert len(experiment.trials()) == 1


def test_every_few_steps(autolog, experiment):
    autolog("torch", every=3)
    model = make()
    with experiment.trial("mine") as trial:
        losses = train(model, torch.optim.Adam(model.parameters()), 8)
    series = trial.history("train:loss")
    assert (series.steps.tolist(), series.values.tolist()) == ([0, 3, 6], losses[::3])


def test_each_loop_gets_a_trial_that_ends_with_its_optimizer(autolog, experiment):
    autolog("torch")
    expected = []
    for rate in (0.1, 0.2):
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer)
        expected.append(train(model, optimizer, 3))
        schedule.step()
    first, second = experiment.trials()
    assert [first.state, second.state] == ["completed", "running"]
    assert [trial.history("train:loss").values.tolist() for trial in (first, second)] == expected
    del model, optimizer, schedule
    waiting = threading.Event()
    gc.collect()
    for _ in range(500):
        if second.state == "completed":
            break
        waiting.wait(0.02)
    assert second.state == "completed"


def test_two_optimizers_at_once_share_a_trial(autolog, experiment, values):
    autolog("torch", every=2)
    one, two = make(0), make(1)
    first, second = torch.optim.SGD(one.parameters(), lr=0.1), torch.optim.Adam(two.parameters(), lr=0.01)
    losses = [], []
    for _ in range(4):
        train(one, first, 1, losses[0])
        train(two, second, 1, losses[1])
    end()
    (trial,) = experiment.trials()
    assert trial.state == "completed"
    assert trial.history("train:loss", component="").values.tolist() == losses[0][::2]
    assert trial.history("train:loss", component="Sequential").values.tolist() == losses[1][::2]
    assert values(trial, "Sequential")["lr"] == pytest.approx(0.01)


def test_a_loop_that_goes_on_in_another_trial(autolog, experiment):
    autolog("torch", log_models=True)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = train(model, optimizer, 2)
    with experiment.trial("mine") as trial:
        inside = train(model, optimizer, 2)
    after = train(model, optimizer, 1)
    end()
    own, mine, again = experiment.trials()
    assert mine.id == trial.id
    assert {one.state for one in (own, mine, again)} == {"completed"}
    for one, losses in ((own, before), (mine, inside), (again, after)):
        series = one.history("train:loss")
        assert (series.steps.tolist(), series.values.tolist()) == (list(range(len(losses))), losses)
        assert [artifact.name for artifact in one.artifacts()] == ["model.safetensors"]


def test_a_trial_that_ends_while_its_loop_goes_on_elsewhere(autolog, experiment, studio):
    autolog("torch", log_models=True)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    outer = experiment.trial("outer").start()
    train(model, optimizer, 2)
    with experiment.trial("inner") as inner:
        train(model, optimizer, 2)
        outer.finish()
        train(model, optimizer, 2)
    assert inner.metrics["train:loss"].count == 4
    for trial in (outer, inner):
        assert [artifact.name for artifact in trial.artifacts()] == ["model.safetensors"]
    weights = load_file(studio.artifact(inner.id, inner.artifacts()[0].id)[1])
    assert torch.equal(weights["0.weight"], model[0].weight)


def test_a_scaled_loss_is_recorded_unscaled(autolog, experiment):
    autolog("torch")
    model = make()
    with experiment.trial("mine") as trial:
        losses = train(model, torch.optim.SGD(model.parameters(), lr=0.1), 3, scaler=torch.amp.GradScaler("cpu"))
    assert trial.history("train:loss").values.tolist() == losses


def test_weights_are_kept_and_tied_ones_once(autolog, experiment, studio):
    autolog("torch", log_models=True)
    model = make()
    model[1].tied = model[0].weight
    with experiment.trial("mine") as trial:
        train(model, torch.optim.SGD(model.parameters(), lr=0.1), 2)
    (kept,) = trial.artifacts()
    weights = load_file(studio.artifact(trial.id, kept.id)[1])
    assert set(weights) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert all(torch.equal(weights[name], model.state_dict()[name]) for name in weights)


def test_what_has_no_gradient_or_no_loss_is_no_matter(autolog, experiment):
    autolog("torch")
    value = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([value], lr=0.1)
    with experiment.trial("mine") as trial:
        (value * 2).backward(torch.ones(3))
        optimizer.step()
    assert set(trial.metrics) - {name for name in trial.metrics if "_" in name} == {"lr"}
    assert "model" not in trial.params
    assert trial.params["trained_parameters"] == 3


def test_two_threads(autolog, experiment):
    autolog("torch")
    gate = threading.Barrier(2)
    expected = {}

    def work(seed):
        model = make(seed)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1 * (seed + 1))
        with experiment.trial(f"seed {seed}") as trial:
            gate.wait(30)
            expected[trial.id] = train(model, optimizer, 20)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    trials = experiment.trials()
    assert len(trials) == 2
    for trial in trials:
        assert trial.history("train:loss").values.tolist() == expected[trial.id]


def test_everything_is_taken_back(autolog, experiment):
    backward, step = torch.Tensor.backward, torch.optim.SGD.step
    autolog("torch")
    autolog("torch")
    assert torch.Tensor.backward.__wrapped__ is backward
    assert torch.Tensor.backward.__doc__ == backward.__doc__
    labdeck.autolog(disable=True)
    assert torch.Tensor.backward is backward
    model = make()
    train(model, torch.optim.SGD(model.parameters(), lr=0.1), 1)
    assert experiment.trials() == []
    assert torch.optim.SGD.step.__qualname__ == step.__qualname__


def test_a_cell_ends_its_loop(autolog, experiment):
    shell = InteractiveShell.instance()
    loops._watching.clear()
    try:
        autolog("torch")
        shell.user_ns.update(make=make, train=train, torch=torch)
        shell.run_cell("model = make(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)")
        shell.run_cell("train(model, optimizer, 2)")
        assert [trial.state for trial in experiment.trials()] == ["completed"]
        shell.run_cell("train(model, optimizer, 2); 1 / 0")
        assert [trial.state for trial in experiment.trials()] == ["completed", "failed"]
    finally:
        InteractiveShell.clear_instance()
        loops._watching.clear()


SCRIPT = """
import os, sys, labdeck
labdeck.autolog("torch", experiment=labdeck.open(sys.argv[1]).experiment("digits"))
import torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def step():
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
step()
child = os.fork()
if child == 0:
    step()
    other = torch.optim.SGD(model.parameters(), lr=0.1)
    other.step()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
step()
"""


@pytest.mark.slow
def test_a_script_ends_its_loop_and_a_forked_child_records_nothing(studio, tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    (trial,) = studio.find_experiment("digits").trials()
    assert trial.state == "completed"
    assert trial.history("train:loss").steps.tolist() == [0, 1]
