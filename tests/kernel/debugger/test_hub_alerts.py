"""What a finding changes: the next steps are recorded in full, and the flight recorder keeps room for errors."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.kernel.debugger.feeding import LossAbove, feed, fill, make

import labdeck
from labdeck.debugger.plan import NO_PLAN
from labdeck.findings.rule import Finding


@pytest.fixture
def trial():
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()


@dataclass
class Warns(LossAbove):
    """It warns once, each at a step of its own."""

    severity = "warning"

    def judge(self, window):
        if window.step == int(self.limit):
            yield Finding("look", "loss")


def test_what_a_rule_finds_has_the_next_steps_recorded_in_full(trial):
    hub = make(trial, budget=0.001, rules=[LossAbove], save={"weights": ["mean"]}, flight=0)
    for step in range(300):
        plan = hub.due("TRAIN")
        hub.scalar("loss", 11.0 if step == 260 else 1.0, "losses")
        hub.take("TRAIN", plan or NO_PLAN, fill(plan or NO_PLAN, {}), cost=0.02 if plan and plan.is_heavy else 0.0)
    hub.close()
    steps = trial.experiment.session.tensors.reader(trial.id).series("fc.weight", "mean").steps.tolist()
    assert set(steps) & set(range(257, 268)) == {261, 262, 263}


def test_many_warnings_leave_flight_recordings_for_the_error(trial):
    hub = make(trial, rules=[LossAbove(limit=0.5)], save={"weights": ["mean"]}, flight=2)
    for number in range(25):
        hub.add_rule(Warns(number))
    for number in range(26):
        feed(hub, loss=0.1 + 0.01 * number)
    feed(hub, loss=1.0)
    hub.close()
    findings = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    assert sum(bool(each.recording) for each in findings if each.rule.startswith("Warns")) == 10
    assert all(each.recording for each in findings if each.rule == "LossAbove")
    assert len({each.recording for each in findings if each.recording}) == 11
