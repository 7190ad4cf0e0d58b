"""A person who looks or thinks is no training that stands still."""

from __future__ import annotations

import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell
from tests.kernel.debugger.feeding import feed, infos, make

import labdeck
from labdeck.debugger import cells, registry, rules
from labdeck.debugger.clock import Clock
from labdeck.debugger.profiler.profiler import Profiler
from labdeck.debugger.profiler.timer import timing_infos
from labdeck.findings.replay import judge_recorded
from labdeck.wire.debugging import FindingRecord

HOUR = 3600.0
pytestmark = pytest.mark.filterwarnings("ignore:Labdeck")


@pytest.fixture
def trial():
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()


@pytest.fixture
def shell(tmp_path):
    """A shell in which cells run."""
    shell = InteractiveShell.instance(ipython_dir=str(tmp_path))
    yield shell
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def pass_an_hour(*clocks):
    """Have an hour passed since whatever happened last."""
    for clock in clocks:
        clock._latest -= HOUR
        if clock._since is not None:
            clock._since -= HOUR


def stalled(trial):
    found = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    return [finding.message for finding in found if finding.rule.startswith("StalledTrainingRule")]


def test_an_hour_counts_unless_nobody_trains():
    rests = []
    clock = Clock()
    clock.told.append(rests.append)
    pass_an_hour(clock)
    assert clock.idle >= HOUR
    clock.rest()
    clock.rest()
    pass_an_hour(clock)
    assert (clock.is_resting, clock.idle, rests) == (True, 0.0, [])
    clock.go_on()
    assert not clock.is_resting
    assert clock.idle < HOUR
    assert len(rests) == 1
    assert HOUR <= rests[0] < 2 * HOUR
    clock.go_on()
    clock.beat()
    assert len(rests) == 1
    clock.rest()
    clock.beat()
    assert (clock.is_resting, len(rests)) == (False, 2)


def test_a_pause_is_no_standstill_in_the_training_and_in_its_record(trial):
    hub = make(trial, rules=[rules.StalledTrainingRule()])
    feed(hub)
    feed(hub)

    def train():
        hub.steering.thread = threading.get_ident()
        hub.steering.pause(_finding(trial))
        feed(hub)

    thread = threading.Thread(target=train)
    thread.start()
    while not hub.steering.is_paused:
        assert thread.is_alive()
        thread.join(0.01)
    pass_an_hour(hub.clock)
    hub.wait()
    hub.sample({"system/cpu": 1.0})
    hub.steering._going_on.set()
    thread.join(60)
    assert hub.steps["TRAIN"] == 3
    hub.wait()
    hub.close()
    assert stalled(trial) == []
    reader = trial.experiment.session.tensors.reader(trial.id)
    (note,) = [note for _, note in reader.notes()]
    assert note.rest >= HOUR
    assert "system/cpu" not in reader.tensors(), "the machine does not work for a training that is paused"


def _finding(trial):
    moment = {"mode": "TRAIN", "step": 1, "last_step": 1, "time": 0.0, "last_time": 0.0}
    return FindingRecord(id="", trial_id=trial.id, rule="Mine", severity="error", tensor="", message="look", **moment)


def test_between_two_cells_nobody_trains_and_within_one_an_hour_is_an_hour(trial, shell):
    hub = make(trial, rules=[rules.StalledTrainingRule()])
    shell.user_ns.update(feed=feed, hub=hub)
    shell.run_cell("feed(hub)").raise_error()
    assert hub.clock.is_resting
    pass_an_hour(hub.clock)
    hub.wait()
    shell.run_cell("feed(hub); resting = hub.clock.is_resting").raise_error()
    assert shell.user_ns["resting"] is False
    hub.runner.conclude()
    assert stalled(trial) == []
    hub.close()
    second = make(trial, name="Other", rules=[rules.StalledTrainingRule()])
    shell.user_ns.update(hub=second)
    shell.run_cell("feed(hub); hub.clock._latest -= 3600; hub.wait()").raise_error()
    second.close()
    assert len(stalled(trial)) == 1


def test_time_between_two_cells_is_in_no_step(trial, shell):
    hub = make(trial)
    hub.describe([*infos(), *timing_infos()])
    profiler = Profiler(hub)
    profiler.start()

    def hours_before_the_cell(count):
        hub.clock.rest()
        pass_an_hour(*[hub.clock] * count)
        profiler.timer._since -= count * HOUR
        if profiler.timer._begun is not None:
            profiler.timer._begun -= count * HOUR

    def step():
        profiler.mark("forward")
        profiler.end()
        feed(hub)
        profiler.mark("data")

    shell.user_ns.update(step=step)
    for hours in (5, 3, 2):
        hours_before_the_cell(hours)
        shell.run_cell("step()").raise_error()
    profiler.close()
    hub.close()
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert len(reader.series("timing/step", "value")) == 3
    assert (reader.series("timing/step", "value").values < HOUR).all()
    assert (reader.series("timing/initialization", "value").values[:1] < HOUR).all()


def test_a_training_in_the_background_does_not_rest_with_the_cells(trial, shell):
    hub = make(trial)
    thread = threading.Thread(target=feed, args=(hub,))
    thread.start()
    thread.join()
    hub.steering.thread = thread.ident + 1  # the thread goes on
    shell.run_cell("1").raise_error()
    assert not hub.clock.is_resting
    hub.close()


def test_cells_are_followed_once(trial, shell):
    hubs = [make(trial) for _ in range(3)]
    assert shell.events.callbacks["post_run_cell"].count(cells._ended) == 1
    for hub in hubs:
        hub.close()


def test_of_models_that_train_in_turns_none_stands_still(trial):
    first, second = make(trial), make(trial, name="Critic")
    feed(first)
    pass_an_hour(first.clock, second.clock)
    feed(second)
    assert registry.idle(first) < HOUR
    pass_an_hour(second.clock)
    assert registry.idle(first) >= HOUR
    assert registry.idle(second) >= HOUR
    for hub in (first, second):
        hub.close()


def test_the_record_of_a_training_with_a_rest_is_judged_as_the_training_was(trial):
    hub = make(trial, rules=[rules.StalledTrainingRule()])
    feed(hub)
    hub.clock.rest()
    pass_an_hour(hub.clock)
    feed(hub)
    hub.wait()
    hub.close()
    reader = trial.experiment.session.tensors.reader(trial.id)
    assert [round(note.rest) >= HOUR for _, note in reader.notes()] == [True]
    judged = judge_recorded(reader, [rules.StalledTrainingRule()])
    assert stalled(trial) == [finding.message for finding in judged.findings] == []
