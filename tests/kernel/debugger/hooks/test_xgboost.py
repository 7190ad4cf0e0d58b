"""Trainings of XGBoost are watched, and are the same as when nobody watches."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
import xgboost
from sklearn.model_selection import GridSearchCV
from tests.kernel.debugger.boosted import findings, table, tensors, train
from tests.kernel.debugger.hooks.rules import Broken, Once, Third

import labdeck
from labdeck.debugger import XGBoostHook, actions
from labdeck.debugger.hooks import xgboost as hooks
from labdeck.debugger.hooks.making import HubMaker
from labdeck.errors import NotFound, UsageError

pytestmark = pytest.mark.slow
KINDS = ("weight", "gain", "cover", "total_gain", "total_cover")


def bare(features, labels, rounds=10, **params):
    """Train as `train` does, with nobody watching."""
    cut = 3 * len(features) // 4
    data = xgboost.DMatrix(features[:cut], labels[:cut]), xgboost.DMatrix(features[cut:], labels[cut:])
    log = {}
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 2, **params},
        data[0],
        rounds,
        evals=[(data[0], "train"), (data[1], "validation")],
        evals_result=log,
        verbose_eval=False,
    )
    return booster, log, data


def all_trials():
    """Return every trial of the default store by its id."""
    return {trial.id: trial for experiment in labdeck.open().experiments() for trial in experiment.trials()}


@pytest.fixture(scope="module")
def watched():
    """A training of which everything is recorded, and the same one bare."""
    save = dict.fromkeys(("predictions", "labels", "trees", "average_shap", "full_shap"), True)
    trial, booster = train(*table(), save=save, rules=())
    return tensors(trial), booster, *bare(*table())


def test_the_model_is_the_same_as_if_nobody_watched(watched):
    _, booster, same, _, _ = watched
    assert booster.save_raw() == same.save_raw()


def test_metrics_are_those_of_the_training(watched):
    reader, _, _, log, _ = watched
    for dataset in ("train", "validation"):
        series = reader.series(f"{dataset}-logloss", "value")
        assert series.values.tolist() == log[dataset]["logloss"]
        assert series.steps.tolist() == list(range(10))
    assert "losses" in reader.tensors()["train-logloss"].collections


def test_importances_are_the_boosters_shares_after_each_round(watched):
    reader, _, same, _, _ = watched
    for rounds in (1, 10):
        for kind in KINDS:
            scores = same[:rounds].get_score(importance_type=kind)
            total = sum(scores.values())
            for feature in (f"f{n}" for n in range(6)):
                value = reader.series(f"feature_importance/{kind}/{feature}", "value", "TRAIN").values[rounds - 1]
                assert value == pytest.approx(scores.get(feature, 0) / total, rel=1e-5)


def test_predictions_and_labels_are_those_of_the_held_out_data(watched):
    reader, _, same, _, data = watched
    assert reader.tensors()["predictions"].module == "validation"
    for step in (0, 9):
        expected = same[: step + 1].predict(data[1])
        assert reader.array("predictions", "TRAIN", step) == pytest.approx(expected, abs=1e-6)
    assert (reader.array("labels", "TRAIN", 0) == data[1].get_label()).all()
    assert (reader.array("predictions", "GLOBAL", 0) == reader.array("predictions", "TRAIN", 9)).all()


def test_trees_are_those_of_the_round(watched):
    reader, _, same, _, _ = watched
    frame = same.trees_to_dataframe()
    frame["Feature"] = [-1 if name == "Leaf" else int(name[1:]) for name in frame["Feature"]]
    for tree in (0, 9):
        inside = frame[frame.Tree == tree].sort_values("Node")
        for column in ("Tree", "Node", "Feature"):
            assert reader.array(f"trees/{column}", "TRAIN", tree).tolist() == inside[column].tolist()
        for column in ("Split", "Gain", "Cover"):
            found = reader.array(f"trees/{column}", "TRAIN", tree)
            assert np.allclose(found, inside[column].to_numpy(), rtol=1e-4, equal_nan=True)
        yes = [-1 if not isinstance(name, str) else int(name.partition("-")[2]) for name in inside["Yes"]]
        assert reader.array("trees/Yes", "TRAIN", tree).tolist() == yes


def test_shap_values_are_those_of_the_training_data(watched):
    reader, _, same, _, data = watched
    expected = same.predict(data[0].slice(range(200)), pred_contribs=True)
    assert reader.array("full_shap/f1", "TRAIN", 9) == pytest.approx(expected[:, 1], abs=1e-4)
    mean = reader.series("average_shap/f1", "value", "TRAIN").values[9]
    assert mean == pytest.approx(expected[:, 1].mean(), abs=1e-4)


def test_hyperparameters_are_recorded_once(watched):
    reader = watched[0]
    eta = reader.series("hyperparameters/eta", "value")
    assert eta.values == pytest.approx([0.3])
    assert reader.series("hyperparameters/objective=binary:logistic", "value").values.tolist() == [1]


def test_several_classes_have_a_column_of_shap_values_each():
    features, _ = table()
    labels = np.digitize(features[:, 0], [-0.5, 0.5])
    params = {"objective": "multi:softprob", "num_class": 3}
    trial, booster = train(features, labels, 2, params=params, save=["average_shap", "full_shap", "predictions"])
    reader = tensors(trial)
    data = xgboost.DMatrix(features[:200])
    expected = booster.predict(data, pred_contribs=True)
    assert np.allclose(reader.array("full_shap/f0", "TRAIN", 1), expected[:, :, 0], atol=1e-4)
    mean = reader.series("average_shap/f0/2", "value", "TRAIN").values[1]
    assert mean == pytest.approx(expected[:, 2, 0].mean(), abs=1e-4)
    assert reader.array("predictions", "TRAIN", 1).shape == (150, 3)


@pytest.mark.parametrize(
    "params", [{"booster": "gblinear", "updater": "coord_descent"}, {"booster": "dart", "rate_drop": 0.3}]
)
def test_other_boosters_are_watched_too(params):
    trial, booster = train(*table(), 4, params=params, save=["trees", "predictions"], rules=())
    assert booster.save_raw() == bare(*table(), 4, **params)[0].save_raw()
    assert len(tensors(trial).series("feature_importance/weight/f0", "value", "TRAIN")) == 4


def test_a_rules_stop_ends_the_training_as_early_stopping_does():
    with pytest.warns(UserWarning, match="the training was stopped"):
        trial, booster = train(*table(), 50, rules=[Third()], actions=[actions.StopTraining()])
    assert booster.num_boosted_rounds() == 3
    assert trial.state == "completed"
    assert [found.step for found in findings(trial)] == [2]


def test_the_learning_rate_can_be_lowered_and_the_booster_kept():
    chosen = [actions.LowerLearningRate(factor=0.5), actions.Checkpoint()]
    trial, booster = train(*table(), 5, rules=[Third()], actions=chosen)
    assert '"learning_rate":"0.15' in booster.save_config()
    kept = [name for name in (artifact.name for artifact in trial.artifacts()) if name.endswith(".ubj")]
    assert kept == ["checkpoint-step-2.ubj"]


def test_a_rule_that_raises_does_not_end_the_training():
    trial, booster = train(*table(), 5, rules=[Broken(), Third()])
    assert booster.num_boosted_rounds() == 5
    assert len(findings(trial)) == 1


def test_early_stopping_and_continued_training_go_on_working():
    features, labels = table()
    data = xgboost.DMatrix(features, labels)
    first = xgboost.train({}, data, 3)
    with labdeck.experiment("boosted").trial("more") as trial:
        xgboost.train(
            {},
            data,
            100,
            evals=[(xgboost.DMatrix(features[:50], 1 - labels[:50]), "validation")],
            early_stopping_rounds=2,
            xgb_model=first,
            callbacks=[XGBoostHook(save=["trees"])],
            verbose_eval=False,
        )
    reader = tensors(trial)
    assert len(reader.series("validation-rmse", "value")) == 3
    assert reader.array("trees/Tree", "TRAIN", 0).max() == 0  # those that were there before are not of this training


def test_without_a_trial_one_is_started_that_ends_with_the_training():
    features, labels = table()
    data = xgboost.DMatrix(features, labels)
    hook, before = XGBoostHook(), all_trials()
    for _ in range(2):
        xgboost.train({}, data, 2, callbacks=[hook])
    assert [trial.state for key, trial in all_trials().items() if key not in before] == ["completed", "completed"]
    assert hook.hub is None


def test_estimators_take_the_hook_too():
    features, labels = table()
    with labdeck.experiment("boosted").trial("estimator") as trial:
        model = xgboost.XGBClassifier(n_estimators=4, callbacks=[XGBoostHook()])
        model.fit(features, labels, eval_set=[(features, labels)], verbose=False)
    assert len(tensors(trial).series("validation_0-logloss", "value")) == 4


def test_clones_of_an_estimator_are_watched_and_each_training_has_its_own_rules():
    features, labels = table()
    hook = XGBoostHook(rules=[Once()], train_data=xgboost.DMatrix(features, labels))
    model = xgboost.XGBClassifier(n_estimators=2, callbacks=[hook])
    more = {"eval_set": [(features, labels)], "verbose": False}
    with labdeck.experiment("boosted").trial("search") as trial:
        for _ in range(2):
            model.fit(features, labels, **more)
        GridSearchCV(model, {"max_depth": [1, 2]}, cv=2, refit=False).fit(features, labels, **more)
        copy = pickle.loads(pickle.dumps(model))
        copy.fit(features, labels, **more)
    assert len(trial.experiment.session.catalog.debugger(trial.id).watches) == 6
    assert len(findings(trial)) == 6


def test_the_switch_leaves_the_training_alone(monkeypatch):
    monkeypatch.setenv("LABDECK_DEBUGGER", "0")
    trial, booster = train(*table(), 3, rules=[Third()])
    assert booster.num_boosted_rounds() == 3
    assert tensors(trial).tensors() == {}


def test_wishes_that_make_no_sense_are_mistakes_of_the_user():
    with pytest.raises(UsageError):
        XGBoostHook(save={"no such": True})
    with pytest.raises(NotFound, match="TreeDepth"):
        XGBoostHook(rules=["TreDepth"])


class TestAttached:
    """Trainings are watched without a line in the code that trains."""

    def test_every_training_is_watched_and_no_trace_is_left(self):
        features, labels = table()
        before = xgboost.train, xgboost.sklearn.train, xgboost.training.train
        data = xgboost.DMatrix(features, labels)
        with labdeck.experiment("boosted").trial("attached") as trial:
            attachment = hooks.attach(HubMaker(rules=["TreeDepth"], budget=None))
            xgboost.train({"max_depth": 6}, data, 3, evals=[(data, "mine")], verbose_eval=False)
            model = xgboost.XGBClassifier(n_estimators=2)
            model.fit(features, labels, eval_set=[(features, labels)], verbose=False)
            attachment.close()
            xgboost.train({}, data, 3)
        assert before == (xgboost.train, xgboost.sklearn.train, xgboost.training.train)
        assert model.get_params()["callbacks"] is None
        detail = trial.experiment.session.catalog.debugger(trial.id)
        assert [(watch.name, watch.state) for watch in detail.watches] == [("Booster", "off"), ("Booster-2", "off")]
        assert len(tensors(trial).series("train-rmse", "value")) == 3
        assert len(tensors(trial).series("train-logloss", "value")) == 2
        assert findings(trial)

    def test_a_training_that_has_a_hook_is_watched_once(self):
        features, labels = table()
        with labdeck.experiment("boosted").trial("both") as trial:
            outer, inner = hooks.attach(HubMaker()), hooks.attach(HubMaker())
            xgboost.train({}, xgboost.DMatrix(features, labels), 2, callbacks=[XGBoostHook()])
            xgboost.train({}, xgboost.DMatrix(features, labels), 2)
            inner.close()
            outer.close()
        assert len(trial.experiment.session.catalog.debugger(trial.id).watches) == 2

    def test_only_the_estimator_that_was_named_is_watched(self):
        features, labels = table()
        wanted, other = xgboost.XGBClassifier(n_estimators=2), xgboost.XGBClassifier(n_estimators=2)
        assert hooks.can_watch(wanted)
        with labdeck.experiment("boosted").trial("one") as trial:
            attachment = hooks.attach(HubMaker(), wanted)
            for model in (other, wanted):
                model.fit(features, labels)
            attachment.close()
        assert len(trial.experiment.session.catalog.debugger(trial.id).watches) == 1
        assert "fit" not in vars(wanted)

    def test_a_training_that_fails_ends_its_trial_as_failed(self):
        attachment, before = hooks.attach(HubMaker()), all_trials()
        data = xgboost.DMatrix(np.ones((4, 1)), np.arange(4))
        with pytest.raises(xgboost.core.XGBoostError):
            xgboost.train({"objective": "no such"}, data, 2)

        def broken(*_):
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            xgboost.train({}, data, 2, obj=broken)
        attachment.close()
        assert [trial.state for key, trial in all_trials().items() if key not in before] == ["failed", "failed"]

    def test_names_that_the_user_has_imported_are_watched(self, monkeypatch):
        main = sys.modules["__main__"]
        monkeypatch.setattr(main, "my_train", xgboost.train, raising=False)
        features, labels = table()
        with labdeck.experiment("boosted").trial("name") as trial:
            attachment = hooks.attach(HubMaker())
            main.my_train({}, xgboost.DMatrix(features, labels), 2)
            attachment.close()
        assert len(trial.experiment.session.catalog.debugger(trial.id).watches) == 1
        assert main.my_train is xgboost.train
