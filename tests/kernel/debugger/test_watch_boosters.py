"""`labdeck.watch` and `%%debug_rules` watch boosters and batch learners by themselves."""

from __future__ import annotations

import lightgbm
import pytest
import xgboost
from sklearn.linear_model import SGDClassifier
from tests.kernel.debugger.boosted import findings, table, tensors
from tests.kernel.debugger.hooks.rules import Third

import labdeck
from labdeck.debugger import actions
from labdeck.debugger.watch import attach_automatically
from labdeck.errors import UsageError

pytestmark = pytest.mark.slow


def watches(trial):
    return [(watch.framework, watch.steps) for watch in trial.experiment.session.catalog.debugger(trial.id).watches]


def test_an_estimator_is_watched():
    features, labels = table()
    for model, framework in (
        (xgboost.XGBClassifier(n_estimators=3), "xgboost"),
        (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1), "lightgbm"),
    ):
        with labdeck.experiment("boosted").trial("one") as trial, labdeck.watch(model, rules=()) as watch:
            model.fit(features, labels)
        assert watches(trial) == [(framework, 3)]
        assert [hub.framework for hub in watch.hubs] == [framework]


def test_everything_in_a_block_is_watched():
    features, labels = table()
    with labdeck.experiment("boosted").trial("block") as trial, attach_automatically(rules=()):
        xgboost.train({}, xgboost.DMatrix(features, labels), 3)
        lightgbm.train({"verbose": -1}, lightgbm.Dataset(features, labels), 4)
        model = SGDClassifier()
        for _ in range(5):
            model.partial_fit(features, labels, classes=[0, 1])
    assert {framework for framework, _ in watches(trial)} == {"xgboost", "lightgbm", "sklearn"}
    assert len(tensors(trial).series("coef_", "l2")) > 0


def test_a_stop_ends_the_block_of_a_batch_learner():
    features, labels = table()
    model = SGDClassifier()
    with (
        labdeck.experiment("boosted").trial("stop") as trial,
        labdeck.watch(model, rules=[Third()], actions=[actions.StopTraining()]) as watch,
    ):
        for _ in range(9):
            model.partial_fit(features, labels, classes=[0, 1])
    assert watch.ended is not None
    assert trial.state == "interrupted"
    assert len(findings(trial)) == 1


def test_the_loss_of_each_batch_is_recorded_however_small_the_budget():
    features, labels = table()
    model = SGDClassifier()
    with labdeck.experiment("boosted").trial("loss") as trial, labdeck.watch(model, rules=(), budget=1e-6):
        for _ in range(30):
            model.partial_fit(features, labels, classes=[0, 1])
    assert len(tensors(trial).series("loss", "value")) == 30


def test_a_booster_stopped_by_a_rule_lets_the_block_go_on():
    features, labels = table()
    data = xgboost.DMatrix(features, labels)
    with (
        labdeck.experiment("boosted").trial("stop") as trial,
        attach_automatically(rules=[Third()], actions=[actions.StopTraining()]) as watch,
    ):
        with pytest.warns(UserWarning, match="stopped"):
            booster = xgboost.train({}, data, 9, evals=[(data, "train")], verbose_eval=False)
        assert booster.num_boosted_rounds() == 3
    assert watch.ended is None
    assert trial.state == "completed"


def test_what_cannot_be_watched_is_a_mistake_of_the_user():
    with pytest.raises(UsageError, match="partial_fit"):
        labdeck.watch(object())
