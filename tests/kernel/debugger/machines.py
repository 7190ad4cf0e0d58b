"""Machines and trainings that are profiled, as the windows that rules see.

Graphics cards are sequences of samples as a card's driver tells them: their rules judge nothing else. Everything that a
machine without one can show is shown by real trainings and real load.
"""

from __future__ import annotations

import math
import subprocess
import sys
from contextlib import contextmanager

from hypothesis import strategies as st

from labdeck.debugger.hub import Hub
from labdeck.debugger.profiler.profiler import Profiler
from labdeck.findings.replay import windows as recorded
from labdeck.findings.window import window_of
from labdeck.studio import Studio

PERCENT = st.floats(0, 100)


def samples(start=0, every=0.5, **columns):
    """Return samples of the machine: `cpu=[…]`, `gpu_0=[…]`, `gpu_memory_0=[…]`, `iowait=[…]`, one a time."""
    names = {name: f"system/{name.replace('_', '/') if name[-1].isdigit() else name}" for name in columns}
    names = {name: full.replace("gpu/memory", "gpu_memory") for name, full in names.items()}
    rows = zip(*columns.values(), strict=True)
    return [
        window_of(
            {names[name]: float(value) for name, value in zip(columns, row, strict=True)},
            start + number,
            "GLOBAL",
            collections=dict.fromkeys(names.values(), ("system",)),
            time=1000.0 + (start + number) * every,
        )
        for number, row in enumerate(rows)
    ]


def timings(mode="TRAIN", start=0, **columns):
    """Return steps of a training: `step=[…]`, `data=[…]`, `workers=[…]`, seconds of one step each."""
    rows = zip(*columns.values(), strict=True)
    return [
        window_of(
            {f"timing/{name}": float(value) for name, value in zip(columns, row, strict=True)},
            start + number,
            mode,
            collections={f"timing/{name}": ("timing",) for name in columns},
        )
        for number, row in enumerate(rows)
    ]


def judged(rule, seen):
    """Return what a rule finds at the windows, and what it says at the end."""
    return [found for window in seen for found in rule.judge(window)], list(rule.conclude())


def percentile(values, percent):
    """Return the percentile of some shares, slowly: the least of their whole percents that so many do not exceed."""
    ordered = sorted(round(min(max(value, 0), 100)) for value in values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1]


def profiled(folder, train, interval=0.1):
    """Run a training that is profiled, and return what was recorded, window by window.

    `train` is called with the profiler, whose `hub_samples()` says how often the machine was sampled so far, and a
    function that ends a step.
    """
    studio = Studio(folder)
    with studio.experiment("digits").trial("profiled") as trial:
        hub = Hub(trial, name="net", framework="arrays", rules=[])
        profiler = Profiler(hub, interval)
        profiler.hub_samples = lambda: len(studio.session.tensors.reader(trial.id).moments("GLOBAL"))

        def end(mode="TRAIN"):
            profiler.end()
            hub.skip(mode)
            profiler.mark("data")

        profiler.start()
        train(profiler, end)
        profiler.close()
        hub.close()
    found = list(recorded(studio.session.tensors.reader(trial.id)))
    studio.close()
    return found


@contextmanager
def busy(processes):
    """Keep that many cores at work meanwhile."""
    code = "import sys\nprint('on', flush=True)\nwhile True: pass"
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        for process in running:
            process.stdout.readline()
        yield
    finally:
        for process in running:
            process.kill()
            process.communicate()
