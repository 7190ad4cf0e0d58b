"""The order of the modules and their edges are those of the forward pass."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from labdeck.debugger.hooks.torch_network import NetworkTrace


def traced(model, *inputs):
    found = []
    NetworkTrace(model, found.append)
    model(*inputs)
    (network,) = found
    assert not any(module._forward_hooks for module in model.modules())
    return [item["path"] for item in network["modules"]], {tuple(edge) for edge in network["edges"]}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)
        self.second = nn.Linear(4, 4)
        self.never = nn.Linear(4, 4)

    def forward(self, x):
        y = self.act(self.first(x))
        return self.second(torch.tanh(y).view(-1, 4) * 2) + y


def test_modules_one_after_the_other():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert traced(model, torch.rand(5, 4)) == (["0", "1", "2", ""], {("0", "1"), ("1", "2")})


def test_operations_between_modules_are_looked_through_and_what_never_runs_is_left_out():
    modules, edges = traced(Residual(), torch.rand(5, 4))
    assert modules == ["first", "act", "second", ""]
    assert edges == {("first", "act"), ("act", "second")}


def test_modules_within_modules_and_two_that_meet():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
            self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4)
            self.head = nn.Linear(8, 1)

        def forward(self, x):
            x = self.stem(x)
            return self.head(torch.cat([self.left(x), self.right(x)], dim=1))

    modules, edges = traced(Net(), torch.rand(5, 4))
    assert modules == ["stem.0", "stem.1", "stem", "left", "right", "head", ""]
    assert edges == {
        ("stem.0", "stem.1"),
        ("stem.1", "left"),
        ("stem.1", "right"),
        ("left", "head"),
        ("right", "head"),
    }


def test_residual_blocks_are_joined_once_each_and_their_skips_are_seen():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return x + self.b(torch.relu(self.a(x)))

    _, edges = traced(nn.Sequential(nn.Linear(4, 4), *(Block() for _ in range(10))), torch.rand(5, 4))
    chain = {(f"{n}.a", f"{n}.b") for n in range(1, 11)}
    between = {("0", "1.a"), *((f"{n}.b", f"{n + 1}.a") for n in range(1, 10))}
    skips = {("0", "1.b"), *((f"{n}.b", f"{n + 1}.b") for n in range(1, 10))}
    assert edges == chain | between | skips


class Stream(nn.Module):
    """Every layer adds to one stream, and so has what all before it made."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(layers))

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x


def test_a_stream_that_every_layer_adds_to_is_looked_through_for_a_while():
    _, edges = traced(Stream(4), torch.rand(1, 2))
    assert edges == {(f"layers.{first}", f"layers.{second}") for second in range(4) for first in range(second)}
    _, edges = traced(Stream(900), torch.rand(1, 2))
    assert {first for first, second in edges if second == "layers.899"} == {"layers.898"}
    assert len(edges) < 200_000


def test_a_module_that_runs_twice_and_recurrent_outputs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.fc = nn.LSTM(4, 4, batch_first=True), nn.Linear(4, 4)

        def forward(self, x):
            x, _ = self.rnn(x)
            return self.fc(torch.relu(self.fc(x)))

    assert traced(Twice(), torch.rand(2, 3, 4)) == (["rnn", "fc", ""], {("rnn", "fc")})


def test_without_gradients_what_is_handed_on_unchanged_is_known():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    with torch.no_grad():
        assert traced(model, torch.rand(5, 4)) == (["0", "1", ""], {("0", "1")})


def test_a_pass_that_fails_leaves_the_trace_for_the_next():
    model, found = nn.Sequential(nn.Linear(4, 3), nn.ReLU()), []
    trace = NetworkTrace(model, found.append)
    with pytest.raises(RuntimeError):
        model(torch.rand(5, 9))
    assert not found
    model(torch.rand(5, 4))
    assert len(found) == 1
    trace.close()


def test_a_trace_that_was_closed_tells_nothing():
    model, found = nn.Sequential(nn.Linear(4, 3)), []
    NetworkTrace(model, found.append).close()
    model(torch.rand(5, 4))
    assert not found
    assert not any(module._forward_hooks for module in model.modules())
