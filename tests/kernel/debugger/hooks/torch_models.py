"""Small models of PyTorch, and trainings of them that can be run twice: watched, and bare."""

from __future__ import annotations

import contextlib

import torch
from torch import nn

import labdeck

functional = nn.functional


class Net(nn.Module):
    """Convolutions, one ReLU that is called twice, a linear layer."""

    def __init__(self, norm=False):
        super().__init__()
        self.c1 = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.c2 = nn.Conv2d(4, 8, 3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8 * 16, 3)

    def forward(self, images):
        hidden = self.relu(self.norm(self.c1(images)))
        hidden = self.relu(self.c2(hidden))
        return self.fc(hidden.flatten(1))


def batches(steps, size=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(size, 1, 8, 8, generator=generator), torch.randint(0, 3, (size,), generator=generator))
        for _ in range(steps)
    ]


def made(model=Net, seed=1, **options):
    torch.manual_seed(seed)
    return model(**options)


def train(net, optimizer, data, loss=None, look=None):
    """Train; `look` is called before each of the optimizer's steps and after it."""
    for inputs, labels in data:
        optimizer.zero_grad()
        (loss or functional.cross_entropy)(net(inputs), labels).backward()
        if look is not None:
            look("before")
        optimizer.step()
        if look is not None:
            look("after")


@contextlib.contextmanager
def watched(*args, **options):
    """Watch in a new trial with no rules, no limit, no sampling; yields a namespace that gets `reader` at the end."""
    settings = {"rules": (), "budget": None, "flight": 0, "profile": False, **options}
    run = Run()
    with labdeck.experiment("tests").trial() as run.trial, labdeck.watch(*args, **settings) as run.watch:
        yield run
    run.reader = run.trial.experiment.session.tensors.reader(run.trial.id)


class Run:
    """A watched training: `trial`, `watch`, and after it `reader`."""

    def series(self, name, reduction="value", mode="TRAIN"):
        return self.reader.series(name, reduction, mode).values

    def steps(self, mode="TRAIN"):
        return [moment.step for moment in self.reader.moments() if moment.mode == mode]

    def array(self, name, step, mode="TRAIN"):
        return self.reader.array(name, mode, step)

    @property
    def hub(self):
        return self.watch.hubs[0]


def traces():
    """What a process may differ in after something was watched: hooks of the library, replaced functions."""
    modules = nn.modules.module
    optimizers = torch.optim.Optimizer.__init__.__globals__
    return [
        dict(optimizers["_global_optimizer_pre_hooks"]),
        dict(optimizers["_global_optimizer_post_hooks"]),
        dict(modules._global_forward_pre_hooks),
        dict(modules._global_forward_hooks),
        torch.Tensor.backward,
        functional.cross_entropy,
        functional.mse_loss,
        torch.amp.GradScaler.step,
        torch.amp.GradScaler.scale,
        torch.utils.data.dataloader._BaseDataLoaderIter.__next__,
    ]


def looks_of(model):
    """Everything that a model and its modules hold, but the numbers."""
    return [
        {key: list(value) if isinstance(value, dict) else repr(value) for key, value in vars(module).items()}
        for module in model.modules()
    ]
