"""A small training with PyTorch, as the tests of the hooks need it."""

from __future__ import annotations

import torch
from torch import nn

from labdeck.compat.smdebug.save_config import SaveConfig

EVERY = SaveConfig(save_interval=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))


class Training:
    """A small training, with what it was at each pass."""

    def __init__(self, hook=None, net=None):
        torch.manual_seed(0)
        self.net, self.loss = net or Net(), nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.x, self.y = torch.randn(16, 4), torch.randint(0, 3, (16,))
        self.seen = []
        if hook is not None:
            hook.register_module(self.net)
            hook.register_loss(self.loss)

    def step(self):
        weight = self.net.fc1.weight.detach().numpy().copy()
        self.optimizer.zero_grad()
        loss = self.loss(self.net(self.x), self.y)
        loss.backward()
        self.seen.append((weight, self.net.fc1.weight.grad.numpy().copy(), float(loss.detach())))
        self.optimizer.step()

    def evaluate(self):
        with torch.no_grad():
            self.loss(self.net(self.x), self.y)


def train(training, steps):
    for _ in range(steps):
        training.step()
