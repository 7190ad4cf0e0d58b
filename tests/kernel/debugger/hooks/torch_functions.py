"""Small models of PyTorch that call activation functions, and what is seen of these."""

from __future__ import annotations

import torch
from torch import nn
from torch.overrides import _get_current_function_mode_stack

functional = nn.functional
ENDS = {"inputs": {"arrays": True}, "outputs": {"arrays": True}}


def data(steps=3, size=6, width=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(size, width, generator=generator), torch.randint(0, 3, (size,), generator=generator))
        for _ in range(steps)
    ]


def sgd(net, lr=0.1):
    return torch.optim.SGD(net.parameters(), lr=lr)


class Net(nn.Module):
    """Two linear layers with something between them; keeps what its latest pass gave to it and got from it."""

    def __init__(self, between=torch.relu):
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 3)
        self.between, self.seen, self.stacks = between, [], []

    def forward(self, x):
        self.stacks.append(len(_get_current_function_mode_stack()))
        x = self.first(x)
        self.seen.append(x.detach().clone())
        return self.last(self.between(x))


def functions_of(run):
    """Return the names of the inputs and outputs of functions."""
    return {name for name in run.reader.tensors() if "/" in name and "put_" in name and not name[-2:].startswith("/")}


def bare():
    """Return the modes on the library's stack: as a rule none is left there."""
    return _get_current_function_mode_stack()


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)
