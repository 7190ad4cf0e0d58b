"""How long a watch lives: through later trainings, and on both sides of another one over the same model."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import functional
from torch import nn

import labdeck
from labdeck.runs.autolog import loops

pytestmark = pytest.mark.slow
_QUIET = {"rules": (), "budget": None, "flight": 0, "profile": False}


def net():
    model = nn.Linear(2, 1)
    return model, torch.optim.SGD(model.parameters(), lr=0.01)


def train(model, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        functional.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
        optimizer.step()


def counted(watch):
    return [(hub.name, hub.steps["TRAIN"]) for hub in watch.hubs]


def test_an_outer_watch_goes_on_when_an_inner_one_over_the_same_model_has_ended():
    model, optimizer = net()
    with labdeck.experiment("tests").trial():
        with labdeck.watch(model, optimizer, **_QUIET) as outer:
            train(model, optimizer, 2)
            with labdeck.watch(model, optimizer, **_QUIET) as inner:
                train(model, optimizer, 3)
                assert not any(hub.is_on for hub in outer.hubs)
                with labdeck.watch(model, optimizer, **_QUIET) as innermost:
                    train(model, optimizer, 1)
                train(model, optimizer, 1)
            train(model, optimizer, 4)
            assert outer.is_on
            assert not inner.is_on
        assert not outer.is_on
        train(model, optimizer, 1)
    # In one trial each goes on where the one before has stopped counting.
    assert [steps for _, steps in counted(outer)] == [2, 2 + 3 + 1 + 1 + 4]
    assert [steps for _, steps in counted(inner)] == [2 + 3, 2 + 3 + 1 + 1]
    assert [steps for _, steps in counted(innermost)] == [2 + 3 + 1]
    assert not model._forward_pre_hooks


def test_an_outer_watch_that_ends_first_does_not_come_back():
    model, optimizer = net()
    with labdeck.experiment("tests").trial():
        outer = labdeck.watch(model, optimizer, **_QUIET).__enter__()
        inner = labdeck.watch(model, optimizer, **_QUIET).__enter__()
        outer.close()
        train(model, optimizer, 2)
        inner.close()
        train(model, optimizer, 2)
    assert [steps for _, steps in counted(outer)] == [0]
    assert [steps for _, steps in counted(inner)] == [2]


def test_a_cell_that_is_run_twice_leaves_no_watch_behind():
    model, optimizer = net()
    with labdeck.experiment("tests").trial():
        watches = [labdeck.watch(model, optimizer, **_QUIET) for _ in range(3)]
        watches[-1].close()
        train(model, optimizer, 2)
    assert [steps for watch in watches for _, steps in counted(watch)] == [0, 0, 0]
    assert not model._forward_pre_hooks


@pytest.mark.parametrize("named", [True, False])
def test_what_is_trained_after_the_trial_of_a_cell_has_ended_gets_a_trial_of_its_own(named):
    model, optimizer = net()
    watch = labdeck.watch(*([model, optimizer] if named else []), **_QUIET)
    assert repr(watch) == "<watch over what trains next>"
    trials = []
    for _ in range(2):
        train(model, optimizer, 12)
        assert repr(watch) == "<watch over Linear>"
        trials.append(watch.trial)
        loops.end_all()  # as the end of a cell does
        assert watch.is_on
        assert repr(watch) == "<watch over Linear, waiting for the next training>"
    assert len({trial.id for trial in trials}) == 2
    assert {trial.detail().trial.state for trial in trials} == {"completed"}
    other = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    train(other, torch.optim.SGD(other.parameters(), lr=0.01), 5)
    loops.end_all()
    expected = [("Linear", 12), ("Linear", 12), ("Sequential", 5)]
    assert counted(watch) == expected[: 2 if named else 3]
    watch.close()
    assert repr(watch).endswith(", off>")
    train(model, optimizer, 3)
    loops.end_all()
    assert counted(watch) == expected[: 2 if named else 3]


_RANK = """
import os, sys, warnings
import torch
import labdeck
rank, how = int(sys.argv[1]), sys.argv[3]
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="0", RANK=str(rank), WORLD_SIZE="2")
store = torch.distributed.FileStore(sys.argv[2], 2)
torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    trial = labdeck.experiment("ranks").trial("mine").start() if how == "named" else None
    watch = labdeck.watch(*([model] if how == "named" else []), rules=(), profile=False)
    for step in range(3):
        optimizer.zero_grad()
        model(torch.ones(2, 3)).sum().backward()
        optimizer.step()
    watch.close()
    if trial is not None:
        trial.finish()
print([hub.steps["TRAIN"] for hub in watch.hubs], [str(one.message) for one in said if "Labdeck" in str(one.message)])
torch.distributed.destroy_process_group()
"""


@pytest.mark.parametrize("how", ["named", "open"])
def test_of_processes_that_train_together_the_others_say_so_and_begin_no_trial(tmp_path, how):
    command = [sys.executable, "-c", _RANK]
    both = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "ranks"), how],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"LABDECK_STORE": str(tmp_path / "store")},
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=100) for process in both]
    assert said[0][0].startswith("[3] "), said[0]
    assert said[1][0].startswith("[] "), said[1]
    if how == "named":
        assert "process 1 records nothing in 'mine" in said[1][0]
    else:
        with labdeck.open(tmp_path / "store") as studio:
            assert sum(len(each.trials()) for each in studio.experiments()) == 1
