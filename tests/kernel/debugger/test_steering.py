"""What people ask of a training that runs: it is done at the end of a step, answered, and forgotten."""

from __future__ import annotations

import threading
import time

import pytest
from tests.kernel.debugger.feeding import feed, make
from tests.kernel.debugger.test_hub import LossAbove

import labdeck
from labdeck.debugger import requests
from labdeck.debugger.pausing import forget, paused
from labdeck.errors import TrainingPaused, TrainingStopped
from labdeck.store.ids import new_id
from labdeck.wire.commands import AskTraining
from labdeck.wire.debugging import RequestRecord


@pytest.fixture
def trial(monkeypatch):
    monkeypatch.setattr(requests, "FIRST", 0.0)
    monkeypatch.setattr(requests, "EVERY", 0.01)
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()
    forget()


def waiting(trial):
    """What is asked and not answered."""
    return trial.experiment.session.catalog.requests(trial.id)


def told(hub, text):
    return any(text in warning for warning in hub.watch_record().warnings)


def ask(trial, wish, argument=""):
    request = RequestRecord(id=new_id(), trial_id=trial.id, wish=wish, argument=argument, created=time.time())
    trial.experiment.session.catalog.apply([AskTraining(request=request)])
    return request


pytestmark = pytest.mark.filterwarnings("ignore:Labdeck")


def train_until(hub, condition, steps=100_000, loss=0.5):
    """Train until something holds; a training goes on meanwhile, as a real one does."""
    deadline = time.monotonic() + 30
    for _ in range(steps):
        if condition():
            return
        assert time.monotonic() < deadline
        feed(hub, loss=loss)
        threading.Event().wait(0.002)
    raise AssertionError("it never came")


def test_a_person_stops_the_training(trial):
    hub = make(trial)
    feed(hub, loss=1.0)
    ask(trial, "stop")
    with pytest.raises(TrainingStopped, match="a person stopped it") as ended:
        train_until(hub, lambda: False)
    assert ended.value.trial_id == trial.id
    hub.close()
    assert waiting(trial) == ()


def test_a_person_pauses_the_training_where_he_works_and_gets_the_prompt_back(trial, monkeypatch):
    monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
    hub = make(trial)
    hub.controls.live = lambda: {"model": "the model"}
    ask(trial, "pause")
    with pytest.raises(TrainingPaused):
        train_until(hub, lambda: False)
    assert paused().model == "the model"
    assert paused().trial_id == trial.id
    steps = hub.steps["TRAIN"]
    feed(hub, loss=0.5)
    assert hub.steps["TRAIN"] == steps + 1, "the loop may be run again"
    hub.close()


def test_a_training_in_the_background_waits_until_it_may_go_on(trial):
    hub, ended = make(trial), []
    stop = threading.Event()

    def train():
        try:
            train_until(hub, stop.is_set)
        except TrainingStopped as error:
            ended.append(str(error))

    thread = threading.Thread(target=train)
    thread.start()
    ask(trial, "pause")
    while not hub.steering.is_paused:
        assert thread.is_alive()
        thread.join(0.01)
    assert hub.watch_record().state == "paused"
    steps = hub.steps["TRAIN"]
    hub.sample({"system/cpu": 1.0})
    ask(trial, "go-on")
    while hub.steps["TRAIN"] < steps + 5:
        assert thread.is_alive()
        thread.join(0.01)
    ask(trial, "pause")
    while not hub.steering.is_paused:
        thread.join(0.01)
    ask(trial, "stop")
    thread.join(30)
    assert told(hub, "paused")
    assert ["a person stopped it" in text for text in ended] == [True]
    hub.close()
    assert waiting(trial) == ()


def test_a_person_switches_rules_off_and_on(trial):
    hub = make(trial, rules=[LossAbove(limit=1.0)])
    ask(trial, "rule-off", "LossAbove")
    train_until(hub, lambda: hub.runner.records()[0].state == "off", loss=0.5)
    feed(hub, loss=5.0)
    assert hub.runner.records()[0].findings == 0
    ask(trial, "rule-on", "LossAbove")
    train_until(hub, lambda: hub.runner.records()[0].findings == 1, loss=5.0)
    ask(trial, "rule-off", "NoSuchRule")
    train_until(hub, lambda: not waiting(trial), loss=0.5)
    assert told(hub, "no rule is called")
    hub.close()


def test_a_person_keeps_what_is_in_memory_and_lowers_the_learning_rate(trial):
    hub, lowered = make(trial, flight=3), []

    def lower(factor):
        lowered.append((factor, threading.current_thread()))
        return "0.01"

    hub.controls.lower_learning_rate = lower
    for _ in range(3):
        feed(hub, loss=0.5)
    ask(trial, "record")
    while not hub.watch_record().recordings:
        threading.Event().wait(0.01)
    ask(trial, "lower-learning-rate")
    train_until(hub, lambda: bool(lowered))
    assert told(hub, "learning rates were lowered: 0.01")
    assert lowered == [(0.1, threading.current_thread())], "in the training's own thread"
    hub.controls.lower_learning_rate = None
    ask(trial, "lower-learning-rate")
    train_until(hub, lambda: not waiting(trial) and not hub.steering.is_asked)
    assert told(hub, "cannot be lowered")
    hub.close()
    (recording,) = trial.experiment.session.tensors.recordings(trial.id)
    moments = trial.experiment.session.tensors.recording(trial.id, recording).moments()
    assert [moment.step for moment in moments] == [0, 1, 2]


def test_what_is_asked_too_late_is_answered_at_the_end(trial):
    hub = make(trial)
    feed(hub, loss=0.5)
    ask(trial, "stop")
    while not hub.steering.is_asked:
        threading.Event().wait(0.01)
    hub.close()
    assert waiting(trial) == ()


def test_rules_look_at_a_training_of_which_nothing_is_heard(trial):
    heard = threading.Event()

    class Waits(LossAbove):
        """It waits."""

        def wait(self, idle, steps):
            if idle > 0 and steps == 1:
                heard.set()
            return iter(())

    hub = make(trial, rules=[Waits])
    feed(hub, loss=0.5)
    assert heard.wait(30)
    hub.close()


def test_a_stop_that_another_thread_asks_for_takes_effect_at_the_next_step(trial):
    hub = make(trial)
    feed(hub, loss=0.5)
    thread = threading.Thread(target=hub.steering.stop, args=("the watchdog says so",))
    thread.start()
    thread.join()
    with pytest.raises(TrainingStopped, match="watchdog"):
        feed(hub, loss=0.5)
    hub.close()
