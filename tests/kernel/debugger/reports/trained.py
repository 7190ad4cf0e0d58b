"""Trainings that reports are made of."""

from __future__ import annotations

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from labdeck.debugger.hub import Hub
from labdeck.debugger.profiler.gauges import Gauges
from labdeck.debugger.profiler.profiler import Profiler
from labdeck.store.tensors.layout import TensorInfo

NASTY = "</script><script>alert(1)</script><b>"


def watched(trial, steps=30, *, rules=("ExplodingTensor", "VanishingGradient")):
    """Record a training through a hub: a network that learns, whose first gradient is zero and at the end NaN."""
    hub = Hub(trial, name="Net", framework="arrays", rules=rules, budget=None)
    hub.describe(
        [
            TensorInfo("loss", ("losses",)),
            TensorInfo("lr", ("learning_rates",)),
            TensorInfo("fc1.weight", ("weights",), "fc1", "Linear", (4, 3), "float32", "fc1.weight"),
            TensorInfo(
                f"gradient/{NASTY}.weight", ("gradients",), NASTY, "Linear", (2, 2), "float32", f"{NASTY}.weight"
            ),
            TensorInfo("update/fc1.weight", ("updates",), "fc1", "Linear", (), "float64", "fc1.weight"),
        ],
        parameters=16,
    )
    for step in range(steps):
        plan = hub.due("TRAIN")
        row = np.full(plan.layout.width, 0.01 + step / 1000)
        for column in plan.layout.columns:
            if plan.layout.tensors[column.tensor].name.startswith("gradient/"):
                row[column.start] = 0.0 if step < steps - 1 else np.nan
                if column.reduction == "nan_count" and step == steps - 1:
                    row[column.start] = 1.0
        hub.scalar("loss", 2.0 / (step + 1))
        hub.scalar("lr", 0.1)
        hub.take("TRAIN", plan, row)
        if step % 10 == 9:
            hub.scalar("loss", 2.5 / (step + 1))
            hub.skip("EVAL")
    hub.close()


def profiled(trial, *, rules=(), cards=0, operators=False):
    """Record a real training that is profiled, on a machine with so many graphics cards beside the real rest."""
    numbers = np.random.default_rng(0)
    real = Gauges.read

    times = 0

    def read(gauges):
        nonlocal times
        times += 1
        more = {}
        for card in range(cards):
            more[f"system/gpu/{card}"] = float(numbers.uniform(0, 9) if card else numbers.uniform(85, 99))
            more[f"system/gpu_memory/{card}"] = 30.0 + card
        return {**real(gauges), **more}

    Gauges.read = read
    hub = Hub(trial, name="Net", framework="torch", rules=rules)
    profiler = Profiler(hub, 0.1)
    try:
        profiler.start()
        if operators:
            profiler.operators(3)
        _train(hub, profiler, lambda: times)
    finally:
        Gauges.read = real
        hub.close()
        profiler.close()


_SAMPLES = 13
"""Times that the machine is read: of the last one nothing may be kept yet."""


def _train(hub, profiler, read):
    model = torch.nn.Linear(16, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    data = TensorDataset(torch.randn(256, 16))
    rounds = 0
    while rounds < 3 or read() < _SAMPLES:
        rounds += 1
        for (batch,) in DataLoader(data, batch_size=32):
            profiler.mark("forward")
            loss = model(batch).square().mean()
            profiler.mark("backward")
            optimizer.zero_grad()
            loss.backward()
            profiler.mark("optimizer")
            optimizer.step()
            profiler.end()
            hub.skip("TRAIN")
            profiler.mark("data")
        profiler.mark("forward")
        model(torch.randn(8, 16))
        profiler.end()
        hub.skip("EVAL")
