"""What is watched can be copied, averaged, saved and compiled like any model, and copies have nothing of ours."""

from __future__ import annotations

import copy
import io
import subprocess
import sys

import pytest
import torch
from tests.kernel.debugger.hooks.torch_models import batches, made, train, watched
from torch import nn


def in_the_middle(act, save="all"):
    """Train a model, do something with it between two steps while it is watched; return model, run and the result."""
    net = made()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    given = {"outputs": ["mean"], "gradients": ["l2"]} if save == "all" else None
    with watched(net, optimizer, save=given) as run:
        train(net, optimizer, batches(2))
        found = act(net)
        train(net, optimizer, batches(2))
    return net, run, found


def through_a_file(net):
    file = io.BytesIO()
    torch.save(net, file)
    return torch.load(io.BytesIO(file.getvalue()), weights_only=False)


@pytest.mark.parametrize("make", [copy.deepcopy, through_a_file], ids=["copied", "saved"])
def test_a_copy_of_a_watched_model_is_the_model_and_is_not_watched(make):
    net, run, twin = in_the_middle(make)
    assert run.steps() == [0, 1, 2, 3]
    assert run.hub.watch_record().state != "failed"
    assert not torch.equal(twin.fc.weight, net.fc.weight)
    before = run.hub.global_step
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    train(twin, optimizer, batches(2))
    assert run.hub.global_step == before
    for one, other in zip(twin.parameters(), net.parameters(), strict=True):
        assert torch.equal(one, other)  # it has gone the same way, later


def test_averaged_weights():
    _, run, averaged = in_the_middle(torch.optim.swa_utils.AveragedModel)
    inputs = batches(1)[0][0]
    assert averaged(inputs).shape == (6, 3)
    assert run.steps() == [0, 1, 2, 3]


def test_a_saved_model_is_loaded_where_there_is_no_labdeck(tmp_path):
    path = tmp_path / "model.pt"
    in_the_middle(lambda net: torch.save(nn.Sequential(net.c1, net.relu), path))
    code = (
        "import sys, torch; sys.modules['labdeck'] = None;"
        f"net = torch.load({str(path)!r}, weights_only=False);"
        "print(tuple(net(torch.ones(1, 1, 8, 8)).shape))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 4, 6, 6)"


@pytest.mark.slow
def test_a_copy_can_be_compiled_in_one_piece():
    torch.compiler.reset()
    net, _, twin = in_the_middle(copy.deepcopy)
    inputs = batches(1)[0][0]
    whole = torch.compile(twin, backend="eager", fullgraph=True)
    assert torch.equal(whole(inputs), twin(inputs))
    twin.compile(backend="eager", fullgraph=True)
    assert twin(inputs).shape == net(inputs).shape
    torch.compiler.reset()


def test_a_model_can_be_exported_strictly_while_it_is_watched():
    images = torch.randn(2, 1, 8, 8)
    net, run, exported = in_the_middle(lambda net: torch.export.export(net, (images,), strict=True))
    assert run.steps() == [0, 1, 2, 3]
    assert exported.module()(images).shape == net(images).shape
