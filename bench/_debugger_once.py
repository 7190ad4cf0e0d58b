"""One measurement of a watched training, in a process of its own: `_debugger_once.py CASE MODEL` prints JSON.

CASE is one of those in `CASES`, MODEL "small" or "large"; or CASE is "latency" or "open", which need no MODEL.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import labdeck

ROUNDS, BLOCK = 10, 20
STEPS = 200
BATCH = 64
REDUCTIONS = ["mean", "max", "l1", "l2"]
EVERYTHING = {"weights", "biases", "gradients", "optimizer", "inputs", "outputs", "losses"}

Step = Callable[[], None]


def network(size: str) -> torch.nn.Module:
    """Return a convolutional network over 28 × 28 pixels: of 20 thousand parameters, or of 1.2 million."""
    nn = torch.nn
    first, second = (16, 32) if size == "small" else (32, 64)
    wide = () if size == "small" else (nn.Linear(second * 49, 370), nn.ReLU())
    head = nn.Linear(second * 49 if size == "small" else 370, 10)
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), *wide, head,
    )  # fmt: skip


class Training:
    """A network, its optimizer, and steps on the same batch."""

    def __init__(self, size: str) -> None:
        torch.manual_seed(0)
        self.model = network(size)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.loss = torch.nn.CrossEntropyLoss()
        self.x, self.y = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
        self.value = torch.zeros(())

    def step(self) -> None:
        """Take one."""
        self.optimizer.zero_grad()
        self.value = self.loss(self.model(self.x), self.y)
        self.value.backward()
        self.optimizer.step()


def watching(**settings: Any) -> Callable[[Training], Step]:
    """Return what has Labdeck watch a training."""

    def begin(training: Training) -> Step:
        trial = labdeck.experiment("bench").trial("watched").start()
        given = {"budget": None, "rules": (), "flight": 0, "profile": False, **settings}
        begin.watch = labdeck.watch(training.model, training.optimizer, trial=trial, **given)  # type: ignore[attr-defined]
        return training.step

    return begin


def tensorboard(every: int) -> Callable[[Training], Step]:
    """Return what has TensorBoard keep histograms of weights and gradients."""

    def begin(training: Training) -> Step:
        from torch.utils.tensorboard import SummaryWriter

        writer, count = SummaryWriter("tensorboard"), 0

        def step() -> None:
            nonlocal count
            training.step()
            if count % every == 0:
                for name, parameter in training.model.named_parameters():
                    writer.add_histogram(name, parameter, count)
                    writer.add_histogram(f"gradient/{name}", parameter.grad, count)
            count += 1

        return step

    return begin


def wandb(every: int) -> Callable[[Training], Step]:
    """Return what has W&B watch weights and gradients, offline."""

    def begin(training: Training) -> Step:
        import wandb as library

        run = library.init(project="bench", settings=library.Settings(silent=True))
        run.watch(training.model, log="all", log_freq=every)

        def step() -> None:
            training.step()
            run.log({"loss": training.value.item()})

        return step

    return begin


def both(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a wish for weights, biases and gradients."""
    return dict.fromkeys(("weights", "biases", "gradients"), settings)


CASES: dict[str, Callable[[Training], Step]] = {
    "none": lambda training: training.step,
    "losses": watching(save={}),
    "reductions": watching(save=both({"reductions": REDUCTIONS})),
    "arrays": watching(save=both({"arrays": True})),
    "everything-10": watching(save={name: {"arrays": True, "interval": 10} for name in EVERYTHING}),
    "default": watching(budget=0.03, rules=None, flight=5, profile=True, save=None),
    "default-unlimited": watching(budget=None, rules=None, flight=5, profile=True, save=None),
    "tensorboard": tensorboard(1),
    "wandb": wandb(1),
}


def blocks(case: str, size: str) -> dict[str, Any]:
    """Alternate blocks of steps of a bare and a watched twin; return the seconds of each block, and what is written."""
    bare = Training(size).step
    watched = CASES[case](Training(size))
    found: dict[str, list[list[float]]] = {"wall": [], "cpu": []}
    for number in range(ROUNDS + 1):
        pairs = [_block(step) for step in (bare, watched)]
        if number:  # the first pair warms up
            found["wall"].append([pair[0] for pair in pairs])
            found["cpu"].append([pair[1] for pair in pairs])
    hubs = getattr(getattr(CASES[case], "watch", None), "hubs", ())
    record = [hub.watch_record() for hub in hubs]
    for hub in hubs:
        hub.close()
    size_on_disk = sum(path.stat().st_size for path in Path.cwd().rglob("*") if path.is_file())
    files = len(list(Path(os.environ["LABDECK_STORE"]).glob("tensors/*/*")))
    cost = record[0].cost if record else None
    return {**found, "bytes": size_on_disk, "cost": cost, "files": files}


def _block(step: Step) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(BLOCK):
        step()
    return (time.perf_counter() - wall) / BLOCK, (time.process_time() - cpu) / BLOCK


def latency() -> dict[str, Any]:
    """Make one step bad; return the seconds from its backward pass to the stored finding."""
    training = Training("small")
    trial = labdeck.experiment("bench").trial("bad").start()
    watch = labdeck.watch(training.model, training.optimizer, trial=trial)
    session = trial.experiment.session
    for _ in range(60):
        training.step()
    usual = _block(training.step)[0]
    before = session.catalog.findings(trial_id=trial.id).total
    training.x[:] = float("nan")
    begun = time.perf_counter()
    training.step()
    stepped = time.perf_counter()
    found = session.catalog.findings(trial_id=trial.id)
    seen = time.perf_counter()
    watch.close()
    same = not before and {finding.step for finding in found.findings} == {60 + BLOCK}
    return {"usual": usual, "step": stepped - begun, "seen": seen - begun, "same": same}


def opening() -> dict[str, float]:
    """Record 200 steps; return the seconds to open the trial and read the history of one tensor."""
    training = Training("small")
    trial = labdeck.experiment("bench").trial("long").start()
    save = both({"reductions": REDUCTIONS})
    with labdeck.watch(training.model, training.optimizer, trial=trial, budget=None, save=save):
        for _ in range(STEPS):
            training.step()
    trial.finish()
    session = trial.experiment.session
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        series = session.tensors.reader(trial.id).series("0.weight", "l2")
        times.append(time.perf_counter() - begun)
    return {"first": times[0], "again": sorted(times)[2], "points": len(series)}


def main() -> None:
    """Measure what the arguments name."""
    torch.set_num_threads(1)
    case = sys.argv[1]
    found = latency() if case == "latency" else opening() if case == "open" else blocks(case, sys.argv[2])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
