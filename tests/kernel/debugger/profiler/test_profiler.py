"""A training that is profiled."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch

from labdeck.debugger.hub import Hub
from labdeck.debugger.profiler import gauges, sample_every
from labdeck.debugger.profiler.profiler import Profiler
from labdeck.errors import UsageError

DEADLINE = 30.0


def eventually(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.02)


@pytest.fixture
def trial(experiment):
    with experiment.trial("cnn") as trial:
        yield trial


@pytest.fixture
def hub(trial):
    hub = Hub(trial, name="net", framework="arrays", rules=[])
    yield hub
    hub.close()


@pytest.fixture
def profiler(hub):
    profiler = Profiler(hub, 0.1)
    yield profiler
    profiler.close()


def series(trial, name):
    return trial.experiment.session.tensors.reader(trial.id).series(name, "value")


def step(profiler, hub, model, optimizer):
    profiler.mark("forward")
    loss = model(torch.ones(8, 4)).square().mean()
    profiler.mark("backward")
    loss.backward()
    profiler.mark("optimizer")
    optimizer.step()
    profiler.end()
    hub.skip("TRAIN")
    profiler.mark("data")


@pytest.fixture
def training(profiler, hub):
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return lambda: step(profiler, hub, model, optimizer)


def test_steps_are_timed_in_their_rows(trial, training):
    for _ in range(5):
        training()
    assert series(trial, "timing/step").steps.tolist() == [0, 1, 2, 3, 4]
    parts = [series(trial, f"timing/{part}").values for part in ("forward", "backward", "optimizer")]
    data = series(trial, "timing/data").values
    total = sum(parts) + np.concatenate([[0.0], data])
    assert np.allclose(total, series(trial, "timing/step").values)
    assert len(series(trial, "timing/initialization")) == 1
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert reader.tensors()["timing/step"].collections == ("timing",)


def test_the_machine_is_sampled_until_the_end(trial, hub, profiler):
    profiler.start()
    profiler.start()
    eventually(lambda: len(series(trial, "system/cpu")) >= 3)
    assert set(series(trial, "system/cpu").modes) == {"GLOBAL"}
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert reader.tensors()["system/memory"].collections == ("system",)
    profiler.close()
    eventually(lambda: not any(thread.name == "labdeck-profiler" for thread in threading.enumerate()))
    assert hub.is_on


def test_one_of_several_models_has_the_machine_sampled(trial, hub, profiler):
    other = Hub(trial, name="critic", framework="arrays", rules=[])
    sampled = []
    other.sample = sampled.append
    second = Profiler(other, 0.1)
    profiler.start()
    second.start()
    reader = trial.experiment.session.tensors.reader(trial.id)
    eventually(lambda: reader.refresh() and len(reader.series("system/cpu", "value")) >= 3)
    assert hub.watch_record().recorded == 0, "a sample of the machine is no step"
    assert not sampled
    profiler.close()
    eventually(lambda: len(sampled) >= 2)
    second.close()
    other.close()


def test_the_interval_changes_while_it_runs(trial, hub):
    profiler = Profiler(hub, 60.0)
    profiler.start()
    profiler.interval = 0.1
    eventually(lambda: len(series(trial, "system/cpu")) >= 2)
    profiler.interval = 60
    assert profiler.interval == 60.0
    profiler.close()
    eventually(lambda: not any(thread.name == "labdeck-profiler" for thread in threading.enumerate()))


def test_the_interval_is_set_for_all_trainings(trial, hub):
    first = Profiler(hub, 60.0)
    first.start()
    try:
        sample_every(0.1)
        assert Profiler(hub).interval == 0.1
        eventually(lambda: len(series(trial, "system/cpu")) >= 2)
        with pytest.raises(UsageError, match=r"0\.1 to 60"):
            sample_every(0)
        assert first.interval == 0.1
    finally:
        sample_every(0.5)
        first.close()


@pytest.mark.parametrize("seconds", [0.01, 61, float("nan"), "soon"])
def test_an_interval_out_of_range_is_refused(hub, profiler, seconds):
    with pytest.raises(UsageError, match=r"0\.1 to 60"):
        Profiler(hub, seconds)
    with pytest.raises(UsageError, match=r"0\.1 to 60"):
        profiler.interval = seconds


def test_a_machine_that_cannot_be_read_does_not_reach_the_training(hub, profiler, training, monkeypatch):
    monkeypatch.setattr(gauges.Gauges, "read", lambda _: 1 / 0)
    profiler.start()
    eventually(lambda: hub.watch_record().warnings)
    assert "the machine is not sampled any more" in hub.watch_record().warnings[0]
    training()
    assert hub.is_on


def test_operators_are_tabled_on_demand(trial, profiler, training):
    training()
    profiler.operators(steps=2)
    for _ in range(4):
        training()
    kept = {capture.kind: capture.body for capture in trial.detail().captures}["operators"]
    assert kept["steps"] == 2
    rows = {row["name"]: row for row in kept["operators"]}
    assert rows["aten::addmm"]["calls"] == 2
    assert rows["aten::addmm"]["cpu_ms"] > 0
    times = [row["cpu_ms"] for row in kept["operators"]]
    assert times == sorted(times, reverse=True)


def test_a_number_of_steps_out_of_range_is_refused(profiler):
    for steps in (0, 101, "five"):
        with pytest.raises(UsageError, match="1 to 100"):
            profiler.operators(steps)


def test_operators_that_cannot_be_profiled_are_told_and_training_goes_on(profiler, training, hub, monkeypatch):
    def refuse(**_):
        raise RuntimeError("somebody else profiles")

    monkeypatch.setattr(torch.profiler, "profile", refuse)
    profiler.operators(1)
    with pytest.warns(UserWarning, match="somebody else profiles"):
        training()
    training()
    assert hub.steps["TRAIN"] == 2


def test_what_is_switched_off_does_nothing(trial, monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    hub = Hub(trial, name="net", framework="arrays", rules=[])
    profiler = Profiler(hub)
    profiler.start()
    profiler.mark("forward")
    profiler.end()
    assert not any(thread.name == "labdeck-profiler" for thread in threading.enumerate())
    assert not len(series(trial, "timing/step"))
