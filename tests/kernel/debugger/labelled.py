"""Small real trainings of which labels, predictions and inputs are handed to rules."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from labdeck.findings.window import window_of


def classifier_windows(inputs, labels, *, model=None, steps=60, batch=64, lr=0.1, seed=0):
    """Train a classifier and yield one window a step: what goes in, what is true, what the model says."""
    torch.manual_seed(seed)
    x, y = torch.as_tensor(np.asarray(inputs, np.float32)), torch.as_tensor(np.asarray(labels, np.int64))
    model = nn.Linear(x[0].numel(), int(y.max()) + 1) if model is None else model
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for step in range(steps):
        picked = torch.randint(len(x), (batch,))
        optimizer.zero_grad()
        said = model(x[picked])
        loss = nn.functional.cross_entropy(said, y[picked])
        loss.backward()
        optimizer.step()
        yield window_of(
            {
                "loss": loss.item(),
                "labels": y[picked].numpy(),
                "predictions": said.detach().numpy(),
                "Net_input_0": x[picked].numpy(),
            },
            step,
            collections={"labels": ("labels",), "predictions": ("predictions",)},
        )


def judge_all(rule, windows):
    """Return (step, finding) of every finding, the concluding ones with step None."""
    found = [(window.step, finding) for window in windows for finding in rule.judge(window)]
    return found + [(None, finding) for finding in rule.conclude()]


def labelled_window(labels, predictions, step=0, mode="TRAIN", **more):
    """Return a window of labels and predictions."""
    values = {"labels": np.asarray(labels), "predictions": np.asarray(predictions), **more}
    return window_of(values, step, mode, collections={"labels": ("labels",), "predictions": ("predictions",)})
