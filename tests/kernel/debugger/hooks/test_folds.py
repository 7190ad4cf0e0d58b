"""Cross-validations are watched: what they say on average, what each fold says, and what was left out."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
import xgboost
from tests.kernel.debugger.boosted import findings, table, tensors
from tests.kernel.debugger.hooks.rules import Third

import labdeck
from labdeck.debugger import LightGBMHook, XGBoostHook, actions
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.parts import Figure, Table

pytestmark = pytest.mark.slow
FEATURES, LABELS = table()
FOLDS, ROUNDS = 3, 5


def xgb(callbacks=None, **more):
    data = xgboost.DMatrix(FEATURES, LABELS)
    params = {"objective": "binary:logistic", "nthread": 1}
    return xgboost.cv(params, data, ROUNDS, nfold=FOLDS, as_pandas=False, callbacks=callbacks, **more)


def light(callbacks=None, **more):
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    data = lightgbm.Dataset(FEATURES, LABELS)
    return lightgbm.cv(params, data, ROUNDS, nfold=FOLDS, callbacks=callbacks, **more)


LIBRARIES = {
    "xgboost": (xgb, XGBoostHook, "test-logloss", "test-logloss-mean", "test-logloss-std"),
    "lightgbm": (
        light,
        LightGBMHook,
        "valid-binary_logloss",
        "valid binary_logloss-mean",
        "valid binary_logloss-stdv",
    ),
}


@pytest.fixture(params=list(LIBRARIES))
def library(request):
    return LIBRARIES[request.param]


def watches(trial):
    return [(watch.name, watch.steps) for watch in trial.experiment.session.catalog.debugger(trial.id).watches]


def test_it_is_watched_without_a_line_and_says_the_same(library):
    cv, _, metric, mean, deviation = library
    before = xgboost.cv, lightgbm.cv, lightgbm.engine.cv, xgboost.training.cv
    bare = cv()
    with labdeck.experiment("boosted").trial("cv") as trial, labdeck.watch(rules=(), budget=None):
        found = cv()
    assert before == (xgboost.cv, lightgbm.cv, lightgbm.engine.cv, xgboost.training.cv)
    assert found == bare
    assert watches(trial) == [("cv", ROUNDS)]
    reader = tensors(trial)
    means = reader.series(metric, "value").values
    assert means == pytest.approx(bare[mean])
    assert reader.series(f"{metric}-std", "value").values == pytest.approx(bare[deviation])
    folds = [reader.series(f"fold/{number}/{metric}", "value").values for number in range(FOLDS)]
    assert len({tuple(fold) for fold in folds}) == FOLDS
    assert np.mean(folds, axis=0) == pytest.approx(means, rel=1e-5)
    assert np.std(folds, axis=0) == pytest.approx(bare[deviation], abs=1e-5)
    assert reader.series("timing/update", "value").steps.tolist() == list(range(ROUNDS))
    assert {"losses"} == set(reader.tensors()[metric].collections)
    curves = {key.name for key in trial.experiment.session.columns.keys(trial.id)}
    assert metric.replace("-", ":", 1) in curves


def test_what_was_left_out_is_predicted_and_importances_are_means(library):
    cv, hook, *_ = library
    folds = [(np.setdiff1d(np.arange(600), part), part) for part in np.split(np.arange(600), FOLDS)]
    save = ["predictions", "labels", "trees"]
    with labdeck.experiment("boosted").trial("cv") as trial:
        cv([hook(save, rules=(), budget=None)], folds=folds)
    reader = tensors(trial)
    assert reader.array("labels", "TRAIN", 2).tolist() == LABELS.tolist()
    predictions = reader.array("predictions", "TRAIN", ROUNDS - 1)
    assert len(predictions) == len(LABELS)
    assert ((predictions > 0.5) == LABELS).mean() > 0.6
    shares = [
        reader.series(name, "value").values[:ROUNDS]
        for name in reader.tensors()
        if name.startswith("feature_importance/weight/")
    ]
    assert np.sum(shares, axis=0) == pytest.approx(np.ones(ROUNDS))
    trees = [set(reader.array("trees/Tree", "TRAIN", step)) for step in range(ROUNDS)]
    assert trees == [set(range(FOLDS * step, FOLDS * step + FOLDS)) for step in range(ROUNDS)]


def test_a_fold_alone_is_what_it_would_be_without_the_others():
    folds = [(np.setdiff1d(np.arange(600), part), part) for part in np.split(np.arange(600), FOLDS)]
    with labdeck.experiment("boosted").trial("cv") as trial:
        xgb([XGBoostHook(rules=(), budget=None)], folds=folds)
    inside, outside = folds[1]
    alone = {}
    params = {"objective": "binary:logistic", "nthread": 1}
    held_out = xgboost.DMatrix(FEATURES[outside], LABELS[outside])
    data = xgboost.DMatrix(FEATURES[inside], LABELS[inside])
    xgboost.train(params, data, ROUNDS, evals=[(held_out, "test")], evals_result=alone, verbose_eval=False)
    found = tensors(trial).series("fold/1/test-logloss", "value").values
    assert found == pytest.approx(alone["test"]["logloss"], rel=1e-5)


def test_a_rules_stop_ends_it_as_early_stopping_does(library):
    cv, hook, _, mean, _ = library
    with labdeck.experiment("boosted").trial("stopped") as trial, pytest.warns(UserWarning, match="was stopped"):
        found = cv([hook(rules=[Third()], actions=[actions.StopTraining()])])
    assert len(found[mean]) == 3
    assert [one.step for one in findings(trial)] == [2]


def test_learning_rates_are_lowered_in_every_fold():
    slow = actions.LowerLearningRate(factor=0.5)
    with labdeck.experiment("boosted").trial("slower"):
        booster = light([LightGBMHook(rules=[Third()], actions=[slow])], return_cvbooster=True)["cvbooster"]
    for fold in booster.boosters:
        rates = [tree["shrinkage"] for tree in fold.dump_model()["tree_info"]]
        assert rates[1:] == pytest.approx([0.1, 0.1, 0.05, 0.05])
    assert "eval_valid" not in vars(booster), "nothing is left behind"


@pytest.mark.filterwarnings("ignore:Labdeck")
def test_a_checkpoint_of_several_boosters_is_refused_and_it_goes_on(library):
    cv, hook, _, mean, _ = library
    with labdeck.experiment("boosted").trial("checkpoint") as trial:
        found = cv([hook(rules=[Third()], actions=[actions.Checkpoint()])])
    assert len(found[mean]) == ROUNDS
    assert "no model of its own" in str([one.actions for one in findings(trial)])


def test_without_a_trial_it_has_one_of_its_own():
    with labdeck.watch(rules=()) as watch:
        xgb()
    record = labdeck.open().session.catalog.trial(watch.trial.id)
    assert (record.state, record.tags["autolog"]) == ("completed", "xgboost")


def test_its_report_is_of_what_was_left_out():
    with labdeck.experiment("boosted").trial("report") as trial, labdeck.watch(rules=["CreateXgboostReport"]):
        xgb()
    assert {"xgboost-report.html", "xgboost-report.ipynb"} <= {artifact.name for artifact in trial.artifacts()}
    report = make_report(trial.experiment.session, trial.id, "xgboost")
    figures = [part for part in report["loss"].parts if isinstance(part, Figure)]
    assert [[trace["name"] for trace in figure.data] for figure in figures] == [["train", "test"]]
    (scores,) = (part for part in report["scores"].parts if isinstance(part, Table))
    assert sum(row[4] for row in scores.rows[:2]) == len(LABELS)
