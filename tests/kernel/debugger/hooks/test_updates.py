"""Loops over `Booster.update` are watched, and train the same as when nobody watches."""

from __future__ import annotations

import gc

import lightgbm
import numpy as np
import pytest
import xgboost
from tests.kernel.debugger.boosted import findings, table, tensors
from tests.kernel.debugger.hooks.rules import Broken, Third

import labdeck
from labdeck.debugger import XGBoostHook, actions
from labdeck.debugger.watch import attach_automatically

pytestmark = pytest.mark.slow
FEATURES, LABELS = table()
ROUNDS = 5


def xgb():
    """Return a booster, what trains one round and measures it, and the model as text."""
    inside = xgboost.DMatrix(FEATURES[:400], LABELS[:400])
    outside = xgboost.DMatrix(FEATURES[400:], LABELS[400:])
    booster = xgboost.Booster({"objective": "binary:logistic", "nthread": 1}, [inside, outside])
    said = []

    def update(step):
        booster.update(inside, step)
        said.append(booster.eval_set([(inside, "mine"), (outside, "test")], step))

    return booster, update, said, booster.get_dump


def light():
    """Return the same of LightGBM."""
    inside = lightgbm.Dataset(FEATURES[:400], LABELS[:400])
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    booster = lightgbm.Booster(params, inside)
    booster.add_valid(lightgbm.Dataset(FEATURES[400:], LABELS[400:], reference=inside), "test")
    said = []

    def update(_):
        booster.update()
        said.append([*booster.eval_train(), *booster.eval_valid()])

    return booster, update, said, booster.model_to_string


LIBRARIES = {"xgboost": (xgb, "logloss"), "lightgbm": (light, "binary_logloss")}


@pytest.fixture(params=list(LIBRARIES))
def library(request):
    return LIBRARIES[request.param]


def watches(trial):
    found = trial.experiment.session.catalog.debugger(trial.id).watches
    return [(watch.name, watch.steps, watch.state) for watch in found]


def run(make, steps=ROUNDS):
    booster, update, said, text = make()
    for step in range(steps):
        update(step)
    return booster, said, text()


def test_each_call_is_a_round_with_the_metrics_that_followed_it(library):
    make, metric = library
    before = xgboost.Booster.update, xgboost.Booster.eval_set, lightgbm.Booster.update, lightgbm.Booster.eval_valid
    save = ["predictions", "labels", "trees"]
    with labdeck.experiment("boosted").trial("loop") as trial, labdeck.watch(rules=(), budget=None, save=save):
        booster, said, text = run(make)
    assert (said, text) == run(make)[1:]
    after = xgboost.Booster.update, xgboost.Booster.eval_set, lightgbm.Booster.update, lightgbm.Booster.eval_valid
    assert after == before
    assert watches(trial) == [("Booster", ROUNDS, "off")]
    reader = tensors(trial)
    test = reader.series(f"test-{metric}", "value")
    assert test.steps.tolist() == list(range(ROUNDS))
    told = [float(one.rpartition(":")[2]) if isinstance(one, str) else one[1][2] for one in said]
    assert test.values == pytest.approx(told)
    assert len(reader.series(f"train-{metric}", "value")) == ROUNDS
    assert reader.array("labels", "TRAIN", 0).tolist() == LABELS[400:].tolist()
    rows = xgboost.DMatrix(FEATURES[400:]) if isinstance(booster, xgboost.Booster) else FEATURES[400:]
    assert reader.array("predictions", "TRAIN", ROUNDS - 1) == pytest.approx(booster.predict(rows), rel=1e-5)
    assert set(reader.array("trees/Tree", "TRAIN", 3)) == {3}
    step, update, other = (reader.series(f"timing/{name}", "value") for name in ("step", "update", "other"))
    assert step.values[1:] == pytest.approx(update.values[1:] + other.values)


def test_a_stop_is_raised_out_of_the_next_round_and_ends_the_block(library):
    make, _ = library
    _, update, said, _ = make()
    with (
        labdeck.experiment("boosted").trial("stop") as trial,
        labdeck.watch(rules=[Third()], actions=[actions.StopTraining()]) as watch,
    ):
        for step in range(9):
            update(step)
    assert len(said) == 3
    assert watch.ended is not None
    assert trial.state == "interrupted"
    assert [one.step for one in findings(trial)] == [2]


def test_only_the_booster_that_is_named_is_watched(library):
    make, _ = library
    wanted, update, _, _ = make()
    _, other, _, _ = make()
    with labdeck.experiment("boosted").trial("one") as trial, labdeck.watch(wanted, rules=()):
        for step in range(3):
            update(step)
            other(step)
    assert watches(trial) == [("Booster", 3, "off")]


def test_boosters_that_are_trained_together_are_told_apart(library):
    make, metric = library
    _, first, _, _ = make()
    _, second, _, _ = make()
    with labdeck.experiment("boosted").trial("two") as trial, labdeck.watch(rules=()) as watch:
        for step in range(3):
            first(step)
            second(step)
        assert len(watch.hubs) == 2
    assert sorted(watches(trial)) == [("Booster", 3, "off"), ("Booster-2", 3, "off")]
    assert len(tensors(trial).series(f"Booster-2/test-{metric}", "value")) == 3


def test_what_the_library_calls_itself_is_no_loop():
    data = xgboost.DMatrix(FEATURES, LABELS)
    with labdeck.experiment("boosted").trial("train") as trial, attach_automatically(rules=()):
        xgboost.train({"nthread": 1}, data, 2, callbacks=[XGBoostHook(rules=())], verbose_eval=False)
        lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(FEATURES, LABELS)
        xgboost.cv({"nthread": 1}, data, 2, nfold=2)
    assert sorted(watches(trial)) == [("Booster", 2, "off"), ("Booster-2", 4, "off"), ("cv", 6, "off")]


def test_a_round_of_gradients_of_ones_own_is_one_round():
    data = xgboost.DMatrix(FEATURES, LABELS)

    def squared(predictions, matrix):
        return predictions - matrix.get_label(), np.ones_like(predictions)

    with labdeck.experiment("boosted").trial("own") as trial, labdeck.watch(rules=(), budget=None):
        booster = xgboost.Booster({"nthread": 1}, [data])
        for step in range(2):
            booster.update(data, step, squared)
            booster.eval(data, "all", step)
        gradient, curvature = squared(booster.predict(data), data)
        booster.boost(data, 2, grad=gradient, hess=curvature)
    assert watches(trial) == [("Booster", 3, "off")]
    assert tensors(trial).series("train-rmse", "value").steps.tolist() == [0, 1]


def test_a_trial_of_its_own_ends_with_the_watch():
    _, update, _, _ = xgb()
    with labdeck.watch(rules=()) as watch:
        update(0)
        update(1)
        trial = watch.trial
        assert trial.state == "running"
    assert labdeck.open().session.catalog.trial(trial.id).state == "completed"


def test_the_last_round_of_a_booster_that_is_gone_is_kept():
    booster, update, _, _ = xgb()
    with labdeck.experiment("boosted").trial("gone") as trial, labdeck.watch(rules=()):
        update(0)
        update(1)
        del booster, update, _
        gc.collect()
    assert watches(trial) == [("Booster", 2, "off")]
    assert tensors(trial).series("test-logloss", "value").steps.tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore:Labdeck")
def test_a_rule_that_fails_and_a_round_that_fails_harm_nothing(library):
    make, _ = library
    booster, update, said, _ = make()
    with labdeck.experiment("boosted").trial("broken") as trial, labdeck.watch(rules=[Broken()]):
        update(0)
        with pytest.raises(TypeError):
            booster.update(1, 2, 3, 4, 5)
        update(1)
    assert len(said) == 2
    assert watches(trial) == [("Booster", 2, "off")]


def test_one_variable_switches_it_off(monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    with labdeck.experiment("boosted").trial("off") as trial, labdeck.watch(rules=()):
        run(xgb, 2)
    assert watches(trial) == []
