"""Hand-written loops: what is saved is what it was, rules watch it, and the loop is not harmed."""

from __future__ import annotations

import numpy as np
import pytest

import labdeck
from labdeck.debugger import ArraysHook, rules
from labdeck.errors import TrainingStopped, UsageError
from labdeck.findings.actions import StopTraining
from labdeck.findings.reductions import reduce


def regression(hook, steps, rate=0.1, seed=0):
    """Train a linear model by gradient descent, in place as people do; return the weights of each step."""
    rng = np.random.default_rng(seed)
    w, seen = np.zeros(3), []
    for _ in range(steps):
        x = rng.normal(size=(64, 3))
        y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=64) / 4
        error = x @ w - y
        gradient = 2 * x.T @ error / len(y)
        hook.save_tensor("w", w, "weights")
        hook.save_tensor("gradient/w", gradient)
        hook.save_tensor("residual", error)
        hook.save_scalar("loss", (error**2).mean())
        seen.append(w.copy())
        w -= rate * gradient
        hook.step()
    return seen


@pytest.fixture
def trial():
    trial = labdeck.experiment("regression").trial("by hand").start()
    yield trial
    trial.finish()


def reader(trial):
    return trial.experiment.session.tensors.reader(trial.id)


def test_what_is_recorded_is_what_was_saved_though_it_changed_in_place(trial):
    save = {"weights": {"arrays": True, "reductions": ["mean", "l2", "max"]}, "default": ["std"]}
    with ArraysHook(trial, save=save, budget=None) as hook:
        seen = regression(hook, 30)
    found = reader(trial)
    for reduction in ("mean", "l2", "max"):
        expected = [reduce(w, reduction) for w in seen]
        np.testing.assert_allclose(found.series("w", reduction).values, expected, rtol=1e-12)
    for step, w in enumerate(seen):
        assert found.array("w", "TRAIN", step).tolist() == w.tolist()
    assert len(found.series("residual", "std")) == 30
    assert found.tensors()["residual"].collections == ("default",)
    assert found.tensors()["gradient/w"].collections == ("gradients",)
    assert found.series("loss", "value").values[-1] < found.series("loss", "value").values[0]


def test_modes_count_apart(trial):
    with ArraysHook(trial, rules=(), budget=None) as hook:
        for step in range(4):
            hook.set_mode("train")
            hook.save_scalar("loss", step)
            hook.step()
            hook.set_mode("EVAL")
            hook.save_scalar("loss", -step)
            hook.save_tensor("predictions", np.ones(3), "predictions")
            hook.step()
        with pytest.raises(UsageError):
            hook.set_mode("sleep")
    assert reader(trial).series("loss", "value", "EVAL").values.tolist() == [0.0, -1.0, -2.0, -3.0]
    assert reader(trial).series("loss", "value", "TRAIN").steps.tolist() == [0, 1, 2, 3]


def test_a_training_that_diverges_is_stopped_and_told(trial):
    actions = [StopTraining()]
    with (
        ArraysHook(trial, rules=[rules.ExplodingTensor], actions=actions, budget=None) as hook,
        np.errstate(all="ignore"),
    ):
        regression(hook, 5000, rate=5.0)
    catalog = trial.experiment.session.catalog
    findings = catalog.findings(trial_id=trial.id).findings
    assert {finding.rule for finding in findings} == {"ExplodingTensor"}
    (watch,) = catalog.debugger(trial.id).watches
    assert watch.steps < 5000
    recording = trial.experiment.session.tensors.recording(trial.id, findings[0].recording)
    assert recording.moments()[-1].step == findings[0].step
    assert {"w", "gradient/w", "loss"} <= set(recording.array_names("TRAIN", findings[0].step))


def test_a_healthy_training_has_no_findings(trial):
    with ArraysHook(trial, budget=None) as hook:
        regression(hook, 200)
    catalog = trial.experiment.session.catalog
    assert catalog.findings(trial_id=trial.id).total == 0
    assert catalog.debugger(trial.id).rules
    assert all(rule.state == "watching" for rule in catalog.debugger(trial.id).rules)


def test_a_stop_of_somebody_else_goes_through(trial):
    with pytest.raises(TrainingStopped), ArraysHook(trial):
        raise TrainingStopped("somebody else", trial_id="other")


def test_without_a_trial_it_starts_one_that_ends_with_it():
    with ArraysHook(name="linear", budget=None) as hook:
        regression(hook, 3)
        trial = hook.hub.trial
    record = trial.experiment.session.catalog.trial(trial.id)
    assert (record.state, record.tags["autolog"]) == ("completed", "arrays")
    assert len(reader(trial).series("w", "mean")) == 3

    def fails():
        with ArraysHook(name="linear") as hook:
            fails.trial = hook.hub.trial
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fails()
    assert fails.trial.experiment.session.catalog.trial(fails.trial.id).state == "failed"


def test_tensors_that_come_go_and_change_shape(trial):
    with ArraysHook(trial, rules=(), save={"default": ["sum"]}, budget=None) as hook:
        for step in range(12):
            hook.save_tensor("batch", np.ones(4 if step % 5 else 3))
            if step % 3 == 0:
                hook.save_tensor("sometimes", np.ones((step, 2)))
            hook.save_tensor("grows", np.ones([2] * (1 + step // 6)))
            hook.step()
    found = reader(trial)
    assert found.series("batch", "sum").values.tolist() == [4.0 if step % 5 else 3.0 for step in range(12)]
    sometimes = found.series("sometimes", "sum").values.tolist()
    assert [value for value in sometimes if not np.isnan(value)] == [0.0, 6.0, 12.0, 18.0]
    assert found.series("grows", "sum").values.tolist() == [2.0] * 6 + [4.0] * 6
    assert found.tensors()["grows"].shape == (2, 2)


@pytest.mark.filterwarnings("ignore:Labdeck")
def test_what_cannot_be_reduced_switches_it_off_and_the_loop_goes_on(trial):
    hook = ArraysHook(trial, rules=())
    for _ in range(3):
        hook.save_tensor("words", np.array(["a", "b"]))
        hook.step()
    hook.close()
    hook.close()
    (watch,) = trial.experiment.session.catalog.debugger(trial.id).watches
    assert watch.state == "failed"


def test_one_variable_switches_it_off(monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    before = labdeck.open().session.catalog.experiments()
    with ArraysHook() as hook:
        regression(hook, 3)
        assert hook.hub is None
        assert hook.preview() == ()
    assert labdeck.open().session.catalog.experiments() == before


def diverge(hook, at, steps=40):
    """Train with a gradient that is NaN from a step on."""
    w = np.ones(3)
    with np.errstate(all="ignore"):
        for step in range(steps):
            gradient = np.full(3, np.log(-1.0) if step >= at else 0.1)
            hook.save_tensor("w", w, "weights")
            hook.save_tensor("gradient/w", gradient)
            w = w - 0.1 * gradient
            hook.step()


def test_what_is_not_finite_is_found_at_its_own_step_however_rarely_anything_is_recorded(trial):
    rare = {"weights": {"interval": 1000}, "gradients": {"interval": 1000}}
    with ArraysHook(trial, save=rare, budget=1e-6, flight=3) as hook:
        diverge(hook, at=23)
    found = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    origin = next(one for one in found if one.rule == "NaNOrigin")
    assert (origin.tensor, origin.step) == ("gradient/w", 23)
    assert 'hook.save_tensor("gradient/w", gradient)' in origin.origin
    assert {(one.tensor, one.step) for one in found if one.rule == "ExplodingTensor"} == {("gradient/w", 23), ("w", 24)}
    assert reader(trial).series("gradient/w", "nan_count").steps.tolist()[:1] == [0]


def test_nobody_looks_where_no_rule_wants_to_know(trial):
    with ArraysHook(trial, rules=(), save={"weights": {"interval": 1000}}, budget=None, profile=False) as hook:
        diverge(hook, at=5)
    assert reader(trial).series("w", "mean").steps.tolist() == [0]


def test_what_is_finite_again_is_looked_at_again(trial):
    values = [1.0, np.nan, np.nan, 1.0, 1.0, np.inf]
    with ArraysHook(trial, rules=[rules.NaNOrigin], save={"weights": {"interval": 1000}}, budget=None) as hook:
        for value in values:
            hook.save_tensor("w", np.array([0.5, value]), "weights")
            hook.step()
    found = trial.experiment.session.catalog.findings(trial_id=trial.id).findings
    assert [one.step for one in found] == [5, 1]


def test_steps_are_timed_by_the_parts_that_the_loop_tells(trial):
    with ArraysHook(trial, rules=["OverallFrameworkMetrics"], budget=None) as hook:
        for _ in range(4):
            hook.mark("data")
            hook.save_tensor("w", np.ones(3), "weights")
            hook.mark("optimizer")
            hook.step()
        with pytest.raises(UsageError, match="no part"):
            hook.mark("sleep")
    found = reader(trial)
    names = ("data", "optimizer", "other", "step")
    data, optimizer, other, step = (found.series(f"timing/{name}", "value").values for name in names)
    assert len(step) == 4
    assert step == pytest.approx(data + optimizer + other)
    (rule,) = trial.experiment.session.catalog.debugger(trial.id).rules
    assert rule.report["TRAIN"] == 100


def test_without_a_profile_nothing_is_timed(trial):
    with ArraysHook(trial, budget=None, profile=False) as hook:
        hook.mark("data")
        regression(hook, 3)
    assert not [name for name in reader(trial).tensors() if name.startswith(("timing/", "system/"))]
