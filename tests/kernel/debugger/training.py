"""Small real trainings, as the windows that rules see."""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from labdeck.findings.rule import Surroundings
from labdeck.findings.window import Window, window_of
from labdeck.store.tensors.frames import Moment

torch.set_num_threads(1)  # networks this small only lose by more, and other tests run beside them
KINDS = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}


def digits(count=1500, start=0):
    """Return images of digits, float32 (count, 64) of mean 0 and variance 1, and their classes."""
    data = load_digits()
    inputs = (data.data - data.data.mean()) / data.data.std()
    return (
        torch.tensor(inputs[start : start + count], dtype=torch.float32),
        torch.tensor(data.target[start : start + count]),
    )


def batches(inputs, labels, size=64, seed=0):
    """Yield shuffled batches for ever."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        for places in torch.randperm(len(inputs), generator=generator).split(size):
            if len(places) == size or size >= len(inputs):
                yield inputs[places], labels[places]


def network(*layers, seed=0):
    """Return a network of these layers, made with a seed: factories that are called in order."""
    torch.manual_seed(seed)
    return nn.Sequential(*(layer() for layer in layers))


def small(seed=0):
    return network(lambda: nn.Linear(64, 32), nn.ReLU, lambda: nn.Linear(32, 10), seed=seed)


class Recorder:
    """Notes the inputs and outputs of activations, in the order in which they ran."""

    def __init__(self, model, wanted):
        self.values = {}
        self.collections = {}
        self.types = {}
        for name, module in model.named_modules():
            if name and wanted:
                module.register_forward_hook(self._hook(name, KINDS.get(type(module), "")))

    def _hook(self, name, kind):
        def note(_module, inputs, output):
            for side, value in (("input", inputs[0]), ("output", output)):
                tensor = f"{name}_{side}_0"
                self.values[tensor] = value.detach().numpy().copy()
                self.collections[tensor] = (f"{side}s", *([f"{kind}_{side}s"] if kind else []))

        return note


def windows(model, optimizer, loss, data, steps, *, activations=False, validation=None, schedule=None):
    """Train, and yield a window for each step: weights, gradients, updates, losses, learning rate, activations.

    `validation` are batches; they are passed through in mode EVAL after every ten steps.
    """
    recorder = Recorder(model, activations)
    evaluated = 0
    for step, (inputs, labels) in enumerate(islice(cycle(data) if isinstance(data, list) else data, steps)):
        optimizer.zero_grad()
        value = loss(model(inputs), labels)
        value.backward()
        before = {name: each.detach().clone() for name, each in model.named_parameters()}
        values, inside = dict(recorder.values), dict(recorder.collections)
        for name, each in model.named_parameters():
            if each.grad is not None:
                values[f"gradient/{name}"] = each.grad.numpy().copy()
                inside[f"gradient/{name}"] = ("gradients",)
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if schedule is not None:
            schedule.step()
        for name, each in model.named_parameters():
            values[name] = each.detach().numpy().copy()
            inside[name] = ("biases",) if name.endswith("bias") else ("weights",)
            moved = torch.linalg.vector_norm(each.detach() - before[name]) / torch.linalg.vector_norm(before[name])
            values[f"update/{name}"], inside[f"update/{name}"] = float(moved), ("updates",)
        values |= {"loss": value.item(), "lr": rate}
        inside |= {"loss": ("losses",), "lr": ("learning_rates",)}
        yield placed(window_of(values, step, collections=inside), "TRAIN", step, step + evaluated)
        if validation is not None and (step + 1) % 10 == 0:
            model.eval()
            for seen, truth in validation:
                with torch.no_grad():
                    value = loss(model(seen), truth).item()
                window = window_of({"loss": value}, evaluated, "EVAL")
                yield placed(window, "EVAL", evaluated, step + 1 + evaluated)
                evaluated += 1
            model.train()


def placed(window, mode, step, global_step):
    """Return a window at another moment."""
    return Window(Moment(mode, step, global_step, float(global_step)), window.layout, window.numbers, window.arrays)


def judge(rule, seen, surroundings=None):
    """Return what a rule finds, each with the window at which it found it; whatever it says at the end is last."""
    if surroundings is not None:
        rule.begin(surroundings)
    found = [(window, finding) for window in seen for finding in rule.judge(window)]
    return found + [(None, finding) for finding in rule.conclude()]


def steps_of(found):
    return [window.step for window, _ in found]


def scalars(series, name="loss", collection="losses", mode="TRAIN"):
    """Return windows of one scalar."""
    return [
        window_of({name: float(value)}, step, mode, collections={name: (collection,)})
        for step, value in enumerate(series)
    ]


class Others(Surroundings):
    """Other trials by name."""

    def __init__(self, **readers):
        self.readers = readers

    def other_trial(self, ref):
        return self.readers[ref]

    def facts(self):
        return {}


def spread(values):
    """Return the numbers of some nested lists, float64, flat."""
    return np.asarray(values, np.float64).reshape(-1)
