"""What the machine does, sampled while a trial runs."""

from __future__ import annotations

import os
import threading
import time

import pytest

from labdeck.errors import InvalidName
from labdeck.runs import system
from labdeck.runs.machine import Machine
from labdeck.store.contract import SeriesKey

DEADLINE = 30.0


def eventually(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.02)


def samples(trial):
    return trial.experiment.session.columns.series(trial.id, SeriesKey("system", "memory_percent"))


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setenv("LABDECK_SYSTEM_METRICS", "0.1")


@pytest.mark.usefixtures("often")
def test_it_is_sampled_in_the_background_and_kept_apart(experiment):
    with experiment.trial("a") as trial, experiment.trial("b") as other:
        trial.log(loss=0.5)
        eventually(lambda: len(samples(trial)) >= 3 and len(samples(other)) >= 3)
    assert samples(trial).steps.tolist() == list(range(len(samples(trial))))
    assert list(trial.metrics) == ["loss"], "what the machine did is nobody's result"
    found = {metric.name: metric for metric in trial.detail().metrics if metric.component == "system"}
    assert {"cpu_percent", "process_cpu_percent", "memory_percent", "process_memory_mb", "disk_percent"} <= set(found)
    assert 0 < found["memory_percent"].last <= 100
    assert 1 < found["process_memory_mb"].last < 1e6
    assert trial.record().objective.name == "loss"
    assert other.record().objective is None, "no trial is judged by its machine"
    assert experiment.best().name == "a"
    assert trial.history("cpu_percent", component="system").values.min() >= 0


@pytest.mark.usefixtures("often")
def test_the_thread_ends_with_the_last_trial_and_begins_anew(experiment):
    for name in ("a", "b"):
        with experiment.trial(name) as trial:
            eventually(lambda: len(samples(trial)) >= 1)
        eventually(lambda: not any(thread.name == "labdeck-system" for thread in threading.enumerate()))


@pytest.mark.usefixtures("often")
def test_a_failure_never_reaches_the_training(experiment, monkeypatch):
    failed = threading.Event()

    def read(_):
        failed.set()
        raise OSError("no such machine")

    monkeypatch.setattr(Machine, "read", read)
    monkeypatch.setattr(system, "SAMPLER", system.Sampler())
    monkeypatch.setattr("labdeck.runs.recorder.SAMPLER", system.SAMPLER)
    with experiment.trial("a") as trial:
        assert failed.wait(DEADLINE)
        trial.log(loss=1.0)
    assert trial.state == "completed"


@pytest.mark.slow
@pytest.mark.usefixtures("often")
def test_a_forked_child_samples_for_itself_only(experiment):
    with experiment.trial("a") as trial:
        eventually(lambda: len(samples(trial)) >= 1)
        child = os.fork()
        if not child:
            trial.log(loss=1.0)
            os._exit(any(thread.name == "labdeck-system" for thread in threading.enumerate()))
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [("off", 0.0), ("0", 0.0), ("5", 5.0), ("0.001", 0.1), ("", 10.0), ("nonsense", 10.0), ("-1", 0.0)],
)
def test_the_interval(monkeypatch, said, expected):
    monkeypatch.setenv("LABDECK_SYSTEM_METRICS", said)
    assert system.interval() == expected


def test_the_interval_of_a_configuration_file(monkeypatch):
    monkeypatch.delenv("LABDECK_SYSTEM_METRICS")
    monkeypatch.setattr(system, "_configured", 10.0)
    system.configure(0.0)
    assert system.interval() == 0.0
    system.configure(3.0)
    assert system.interval() == 3.0


def test_what_one_part_of_the_machine_hides_does_not_hide_the_rest(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(machine, "_memory", lambda: 1 / 0)
    monkeypatch.setattr(machine, "_cards", [{"percent": lambda: 7.0, "power_w": lambda: 1 / 0}])
    values = machine.read()
    assert values["gpu0_percent"] == 7.0
    assert "gpu0_power_w" not in values
    assert "memory_percent" not in values
    assert "cpu_percent" in values


def test_its_name_is_kept_for_it(experiment):
    with experiment.trial("a") as trial, pytest.raises(InvalidName, match="what the machine does"):
        trial.component("system")
