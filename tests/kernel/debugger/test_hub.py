"""The hub: records what is due, has it judged, obeys, and never harms the training it watches."""

from __future__ import annotations

import os
import threading
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from tests.kernel.debugger.feeding import LossAbove, arrays_at, feed, fill, make

import labdeck
from labdeck.debugger import registry
from labdeck.errors import NotFound, TrainingStopped, UsageError
from labdeck.findings.actions import StopTraining
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.store.tensors.layout import TensorInfo


@pytest.fixture
def trial():
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()


@pytest.fixture
def session(trial):
    return trial.experiment.session


def reader(trial):
    return trial.experiment.session.tensors.reader(trial.id)


@dataclass
class Breaks(LossAbove):
    """It raises."""

    def judge(self, window):
        raise ZeroDivisionError(window.step)


def test_rows_hold_what_was_computed_and_modes_count_apart(trial):
    hub = make(trial, save={"weights": ["mean", "l2", "histogram"], "gradients": {"interval": 2, "reductions": "max"}})
    for step in range(6):
        feed(hub, loss=1 / (step + 1))
        if step % 2:
            feed(hub, "EVAL", loss=0.5)
    assert hub.steps == {"TRAIN": 6, "EVAL": 3, "PREDICT": 0, "GLOBAL": 0}
    assert hub.global_step == 9
    hub.close()
    found = reader(trial)
    assert found.series("fc.weight", "mean").values.tolist() == [2.5 + step for step in range(6)]
    assert found.series("fc.weight", "histogram").values.shape == (6, 97)
    assert found.series("gradient/fc.weight", "max").steps.tolist() == [0, 2, 4]
    assert found.series("fc.bias", "mean").steps.tolist() == []
    assert found.series("loss", "value", "TRAIN").values.tolist() == [1 / (step + 1) for step in range(6)]
    evaluated = found.series("loss", "value", "EVAL")
    assert evaluated.steps.tolist() == [0, 1, 2]
    assert evaluated.global_steps.tolist() == [2, 5, 8]
    assert found.tensors()["loss"].collections == ("losses",)
    record = hub.watch_record()
    assert (record.state, record.steps, record.recorded, record.tensors, record.parameters) == ("off", 6, 9, 3, 8)
    assert (record.dropped, record.interval, record.warnings) == (0, 1, ())


def test_whole_arrays_are_those_of_their_step_whatever_becomes_of_them(trial):
    hub = make(trial, save={"weights": {"arrays": True, "interval": 3}})
    weight = np.zeros((2, 3), np.float32)
    for step in range(50):
        weight[:] = step
        plan = hub.due("TRAIN")
        hub.take("TRAIN", plan, fill(plan, {}), {"fc.weight": weight})
    weight[:] = -1
    hub.close()
    found = reader(trial)
    assert [moment.step for moment in found.array_moments("fc.weight")] == list(range(0, 50, 3))
    for step in range(0, 50, 3):
        assert set(found.array("fc.weight", "TRAIN", step).ravel().tolist()) == {float(step)}


def test_steps_at_which_nothing_is_due_are_counted_and_scalars_are_kept_all_the_same(trial):
    hub = make(trial, save=False, flight=0)
    assert hub.due("TRAIN") is None
    for step in range(10):
        if step % 5 == 0:
            hub.scalar("lr", 0.1, "learning_rates")
        hub.skip("TRAIN")
    hub.close()
    assert hub.steps["TRAIN"] == 10
    assert reader(trial).series("lr", "value").steps.tolist() == [0, 5]
    assert hub.watch_record().recorded == 2


def test_a_scalar_that_was_described_joins_its_own_column(trial):
    hub = make(trial, flight=0, save={})
    hub.describe([TensorInfo("loss", ("losses",), shape=())])
    for step in range(3):
        plan = hub.due("TRAIN")
        assert plan.layout.names == ("loss",)
        hub.scalar("loss", step)
        hub.take("TRAIN", plan, np.full(1, np.nan))
    hub.close()
    assert reader(trial).series("loss", "value").values.tolist() == [0.0, 1.0, 2.0]
    assert list(reader(trial).tensors()) == ["loss"]


def test_the_machines_samples_are_rows_of_their_own_from_any_thread(trial):
    hub = make(trial, rules=[LossAbove])
    feed(hub, loss=1.0)
    thread = threading.Thread(
        target=lambda: [hub.sample({"system/cpu": 10.0 * n, "system/memory": 5.0}) for n in (1, 2)]
    )
    thread.start()
    thread.join()
    feed(hub, loss=1.0)
    assert hub.watch_record().recorded == 2
    hub.close()
    found = reader(trial)
    assert found.series("system/cpu", "value").values.tolist() == [10.0, 20.0]
    assert set(found.series("system/cpu", "value").modes) == {"GLOBAL"}
    assert found.tensors()["system/memory"].collections == ("system",)
    assert found.series("loss", "value").global_steps.tolist() == [0, 1], "a sample is no step"


def test_what_rules_need_is_recorded_beside_what_the_user_wants_and_goes_with_them(trial):
    @dataclass
    class Weights(Rule):
        """It looks at weights."""

        def needs(self):
            return (Need("weights", reductions=("abs_max",), modes=("TRAIN",)),)

        def judge(self, window):
            yield Finding("seen", "fc.weight", window.value("fc.weight", "abs_max"))

    hub = make(trial, save={"weights": ["mean"]})
    assert hub.due("TRAIN").layout.reductions("fc.weight") == ("mean",)
    name = hub.add_rule(Weights)
    assert hub.due("TRAIN").layout.reductions("fc.weight") == ("mean", "abs_max")
    feed(hub)
    hub.runner.switch(name, False)
    assert hub.due("TRAIN").layout.reductions("fc.weight") == ("mean",)
    hub.close()
    (finding,) = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    assert (finding.rule, finding.value) == ("Weights", 5.0)


def test_a_rule_stops_the_training_at_its_step_and_the_finding_is_stored(trial, session):
    hub = make(trial, rules=[LossAbove(limit=1.0)], actions=[StopTraining()], flight=3)
    for _ in range(7):
        feed(hub, loss=0.1)
    with pytest.raises(TrainingStopped):
        feed(hub, loss=5.0)
    assert hub.steps["TRAIN"] == 8
    hub.close()
    (finding,) = session.catalog.findings(trial_id=trial.id).findings
    assert (finding.step, finding.value, finding.rule) == (7, 5.0, "LossAbove")
    recording = session.tensors.recording(trial.id, finding.recording)
    assert [moment.step for moment in recording.moments()] == [5, 6, 7], "the step of the finding is the last"
    for step in (5, 6, 7):
        assert recording.array("fc.weight", "TRAIN", step).tolist() == arrays_at(step)["fc.weight"].tolist()
    assert recording.array("loss", "TRAIN", 7) == 5.0


def test_a_rule_that_raises_ends_alone(trial, session):
    hub = make(trial, rules=[Breaks, LossAbove(limit=1.0)])
    for _ in range(3):
        feed(hub, loss=5.0)
    hub.close()
    states = {rule.name: rule.state for rule in session.catalog.debugger(trial.id).rules}
    assert states == {"Breaks": "failed", "LossAbove": "firing"}
    assert session.catalog.findings(trial_id=trial.id).total == 1
    assert hub.watch_record().state == "off"


@pytest.mark.parametrize(
    "harm",
    [
        lambda hub, plan: hub.take("TRAIN", plan, np.zeros(1)),
        lambda hub, plan: hub.take("TRAIN", plan, None),
        lambda hub, plan: hub.take("NEVER", plan, np.zeros(plan.layout.width)),
        lambda hub, plan: hub.take("TRAIN", plan, np.zeros(plan.layout.width), scalars={"loss": "much"}),
        lambda hub, plan: hub.take("TRAIN", plan, np.zeros(plan.layout.width), {"fc.weight": object()}),
        lambda hub, _: hub.sample({"system/cpu": object()}),
        lambda hub, _: hub.describe([None]),
    ],
)
def test_whatever_a_hook_does_wrong_switches_the_debugger_off_and_says_so_once(trial, session, harm):
    hub = make(trial)
    feed(hub, loss=1.0)
    plan = hub.due("TRAIN")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(3):
            harm(hub, plan)
            assert not hub.is_on
            assert hub.due("TRAIN") is None
            hub.skip("TRAIN")
            hub.scalar("loss", 1.0)
    assert ["switched itself off" in str(one.message) for one in heard] == [True]
    hub.close()
    (watch,) = session.catalog.debugger(trial.id).watches
    assert watch.state == "failed"
    assert watch.reason
    assert reader(trial).series("loss", "value").values.tolist() == [1.0], "what was recorded stays"


def test_a_warning_that_is_an_error_does_not_reach_the_training(trial):
    hub = make(trial)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hub.fail(RuntimeError("no"))
    hub.close()
    assert hub.watch_record().reason == "RuntimeError: no"


@pytest.mark.parametrize("value", ["0", "off", "False", " no "])
def test_one_variable_switches_everything_off(trial, session, monkeypatch, value):
    monkeypatch.setenv("LABDECK_DEBUGGER", value)
    hub = make(trial, rules=[LossAbove(0.0)], actions=[StopTraining()])
    assert hub.due("TRAIN") is None
    hub.scalar("loss", 5.0)
    hub.skip("TRAIN")
    hub.sample({"system/cpu": 1.0})
    hub.close()
    assert reader(trial).moments() == []
    detail = session.catalog.debugger(trial.id)
    assert (detail.watches, detail.rules) == ((), ())
    assert registry.live(trial.id) == ()


def test_what_makes_no_sense_is_the_users_mistake_before_the_training(trial):
    with pytest.raises(UsageError):
        make(trial, save={"nothing": True})
    with pytest.raises(NotFound):
        make(trial, rules=["NoSuchRule"])


def test_a_collection_that_matches_nothing_is_told(trial, session):
    hub = make(trial, save={"mine": {"regex": "^no such"}})
    feed(hub, loss=1.0)
    hub.close()
    (watch,) = session.catalog.debugger(trial.id).watches
    assert ["mine" in text for text in watch.warnings] == [True]
    assert [row.tensors for row in hub.preview() if row.collection == "mine"] == [0]


def test_a_trial_that_ends_ends_its_hubs():
    with labdeck.experiment("digits").trial("short") as trial:
        hub = make(trial, rules=[LossAbove(limit=1.0)])
        feed(hub, loss=5.0)
        assert registry.live(trial.id) == (hub,)
    assert not hub.is_on
    assert registry.live(trial.id) == ()
    detail = trial.experiment.session.catalog.debugger(trial.id)
    assert [watch.state for watch in detail.watches] == ["off"]
    assert [rule.findings for rule in detail.rules] == [1]
    hub.close()


def test_a_resumed_training_counts_on(trial):
    for turn in range(2):
        hub = make(trial)
        assert hub.steps["TRAIN"] == 5 * turn
        for _ in range(5):
            feed(hub, loss=1.0)
        hub.close()
    series = reader(trial).series("loss", "value")
    assert series.steps.tolist() == series.global_steps.tolist() == list(range(10))


@pytest.mark.parametrize("mode", ["TRAIN", "GLOBAL"])
def test_samples_and_steps_are_counted_apart_when_a_training_is_resumed(trial, mode):
    for turn in range(3):
        hub = make(trial)
        assert (hub.steps[mode], hub.global_step) == (3 * turn, 3 * turn)
        for _ in range(3):
            feed(hub, mode, loss=1.0)
            for _ in range(5):
                hub.sample({"system/cpu": 1.0})
        hub.close()
    assert reader(trial).series("system/cpu", "value").steps.tolist() == list(range(45))
    assert reader(trial).series("loss", "value").steps.tolist() == list(range(9))
    assert reader(trial).series("loss", "value").global_steps.tolist() == list(range(9))


def test_models_that_train_side_by_side_keep_names_tensors_and_rules_apart(trial, session):
    first = make(trial, rules=[LossAbove(limit=1.0)])
    second = make(trial, rules=[LossAbove(limit=0.0)])
    third = make(trial, name="Critic", rules=[LossAbove(limit=100.0)])
    assert [hub.name for hub in (first, second, third)] == ["Net", "Net-2", "Critic"]
    for _ in range(3):
        for hub in (first, second, third):
            feed(hub, loss=0.5)
    for hub in (first, second, third):
        hub.close()
    detail = session.catalog.debugger(trial.id)
    assert {watch.name: watch.steps for watch in detail.watches} == {"Net": 3, "Net-2": 3, "Critic": 3}
    assert {rule.name: rule.findings for rule in detail.rules} == {"LossAbove": 0, "LossAbove-2": 1, "LossAbove-3": 0}
    (finding,) = session.catalog.findings(trial_id=trial.id).findings
    assert (finding.rule, finding.tensor) == ("LossAbove-2", "Net-2/loss")
    found = reader(trial)
    for name in ("fc.weight", "Net-2/fc.weight", "gradient/Critic/fc.weight"):
        assert found.series(name, "mean").steps.tolist() == [0, 1, 2]
    recording = session.tensors.recording(trial.id, finding.recording)
    assert "gradient/Net-2/fc.weight" in recording.array_names("TRAIN", 0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_records_nothing_and_the_parent_goes_on(trial, session):
    hub = make(trial, rules=[LossAbove(limit=1.0)], save={"weights": {"arrays": True}})
    feed(hub, loss=0.5)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for _ in range(3):
                assert feed(hub, loss=5.0) is None
            hub.sample({"system/cpu": 1.0})
            assert hub.record() == ""
            hub.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    feed(hub, loss=0.25)
    hub.close()
    assert reader(trial).series("loss", "value").values.tolist() == [0.5, 0.25]
    assert session.catalog.findings(trial_id=trial.id).total == 0
    assert [watch.state for watch in session.catalog.debugger(trial.id).watches] == ["off"]


def test_over_the_budget_it_records_less_often_but_never_fewer_losses(trial):
    hub = make(trial, budget=0.03, save={"weights": ["mean"], "gradients": {"interval": 2, "reductions": "mean"}})
    for _ in range(200):
        plan, begun = hub.due("TRAIN"), time.perf_counter()
        while time.perf_counter() < begun + 3e-4:
            hub.scalar("loss", 1.0, "losses")
        hub.take("TRAIN", plan, fill(plan, {}), cost=1e-4 if plan.is_heavy else 0.0)
    record = hub.watch_record()
    hub.close()
    assert record.interval > 2
    assert record.budget == 0.03
    assert record.cost > 0
    found = reader(trial)
    assert len(found.series("loss", "value")) == 200
    assert len(found.series("fc.weight", "mean")) < 100


def test_what_rules_need_of_the_first_steps_is_given_whatever_it_costs(trial):
    @dataclass
    class First(Rule):
        """It looks at the first steps."""

        def needs(self):
            return (Need("gradients", reductions=("std",), first=40, modes=("TRAIN",)),)

        def judge(self, window):
            assert window.mode == "TRAIN"
            return iter(())

    hub = make(trial, budget=0.001, rules=[First], save={})
    for _ in range(100):
        plan = hub.due("TRAIN")
        hub.take("TRAIN", plan, fill(plan, {}), cost=0.01 if plan.is_heavy else 0.0)
    hub.close()
    assert reader(trial).series("gradient/fc.weight", "std").steps.tolist() == list(range(40))
