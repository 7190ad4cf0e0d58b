"""Whatever trains is profiled: rules over machine and steps judge it, and it has a profiler report."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.linear_model import SGDClassifier
from tests.kernel.debugger.boosted import table, tensors

import labdeck
from labdeck.debugger import ArraysHook, LightGBMHook, XGBoostHook
from labdeck.debugger.profiler import sample_every
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Table

pytestmark = pytest.mark.slow
FEATURES, LABELS = table()
RULES = ["OverallFrameworkMetrics", "StepOutlier", "ProfilerReport"]


def sampled():
    """Yield until the machine was sampled by whatever is watched now; at least 12 times."""
    hubs = labdeck.open().debugger.hubs
    count = 0
    while count < 12 or not any(name.startswith("system/") for hub in hubs() for name in tensors(hub.trial).tensors()):
        yield count
        count += 1


def by_xgboost(profile=True):
    data = xgboost.DMatrix(FEATURES, LABELS)
    rounds = sampled()

    class Until(xgboost.callback.TrainingCallback):
        def after_iteration(self, *_):
            return next(rounds, None) is None

    hook = XGBoostHook(rules=RULES, profile=profile)
    xgboost.train(
        {"nthread": 1, "max_depth": 1}, data, 100_000 if profile else 9, callbacks=[hook, Until()][: 1 + profile]
    )


def by_lightgbm(profile=True):
    params = {"verbose": -1, "num_threads": 1, "num_leaves": 2}
    rounds = sampled()

    def until(env):
        if next(rounds, None) is None:
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])

    hook = LightGBMHook(rules=RULES, profile=profile)
    data = lightgbm.Dataset(FEATURES, LABELS)
    lightgbm.train(params, data, 100_000 if profile else 9, callbacks=[hook, until][: 1 + profile])


def by_sklearn(profile=True):
    model = SGDClassifier()
    with labdeck.watch(model, rules=RULES, profile=profile):
        for _ in sampled() if profile else range(9):
            model.partial_fit(FEATURES[:50], LABELS[:50], classes=[0, 1])


def by_hand(profile=True):
    with ArraysHook(rules=RULES, profile=profile) as hook:
        for _ in sampled() if profile else range(9):
            hook.save_tensor("w", np.ones(3), "weights")
            hook.step()


@pytest.fixture(autouse=True)
def often():
    sample_every(0.1)
    yield
    sample_every(0.5)


@pytest.mark.parametrize("train", [by_xgboost, by_lightgbm, by_sklearn, by_hand])
def test_it_is_profiled(train):
    with labdeck.experiment("profiled").trial("one") as trial:
        train()
    reader = tensors(trial)
    (watched,) = trial.experiment.session.catalog.debugger(trial.id).watches
    steps = reader.series("timing/step", "value", "TRAIN").values
    assert np.isfinite(steps).sum() >= watched.steps - 1
    assert len(reader.series("system/cpu", "value"))
    judged = {rule.rule: rule for rule in trial.experiment.session.catalog.debugger(trial.id).rules}
    assert judged["OverallFrameworkMetrics"].report["TRAIN"] == pytest.approx(100)
    assert judged["StepOutlier"].report["TRAIN steps"] == np.isfinite(steps).sum()
    assert {"profiler-report.html", "profiler-report.ipynb"} <= {artifact.name for artifact in trial.artifacts()}
    report = make_report(trial.experiment.session, trial.id, "profiler")
    assert {"usage", "framework", "steps", "rules"} <= {section.key for section in report.sections}
    assert "operators" not in {section.key for section in report.sections}
    modes, parts = (part for part in report["framework"].parts if isinstance(part, Table))
    assert {row[0]: row[1] for row in modes.rows}["TRAIN"] == pytest.approx(np.nansum(steps))
    assert sum(row[1] for row in parts.rows) == pytest.approx(np.nansum(steps))


@pytest.mark.parametrize("train", [by_xgboost, by_lightgbm, by_sklearn, by_hand])
def test_it_can_be_left_out(train):
    with labdeck.experiment("profiled").trial("bare") as trial:
        train(profile=False)
    assert trial.experiment.session.catalog.debugger(trial.id).watches
    assert not [name for name in tensors(trial).tensors() if name.startswith(("timing/", "system/"))]
