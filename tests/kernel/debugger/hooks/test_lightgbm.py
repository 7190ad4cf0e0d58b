"""Trainings of LightGBM are watched, and are the same as when nobody watches."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from tests.kernel.debugger.boosted import findings, table, tensors
from tests.kernel.debugger.hooks.rules import Third

import labdeck
from labdeck.debugger import LightGBMHook, actions
from labdeck.debugger.hooks import lightgbm as hooks
from labdeck.debugger.hooks.making import HubMaker

pytestmark = pytest.mark.slow
PARAMS = {"objective": "binary", "verbose": -1, "num_threads": 2, "deterministic": True}


def data():
    features, labels = table()
    inside = lightgbm.Dataset(features[:450], labels[:450])
    return inside, lightgbm.Dataset(features[450:], labels[450:], reference=inside), features


def train(rounds=6, callbacks=(), **params):
    inside, outside, _ = data()
    log = {}
    booster = lightgbm.train(
        {**PARAMS, **params},
        inside,
        rounds,
        valid_sets=[inside, outside],
        valid_names=["training", "valid"],
        callbacks=[*callbacks, lightgbm.record_evaluation(log)],
    )
    return booster, log


@pytest.fixture(scope="module")
def watched():
    """A training of which everything is recorded, and the same one bare."""
    rows = table()[0][:50]
    save = dict.fromkeys(("predictions", "labels", "trees", "average_shap", "full_shap"), True)
    with labdeck.experiment("light").trial("all") as trial:
        booster, _ = train(callbacks=[LightGBMHook(save, rules=(), budget=None, shap_data=rows)])
    return tensors(trial), booster, *train(), rows


def test_the_model_is_the_same_as_if_nobody_watched(watched):
    _, booster, same, _, _ = watched
    assert booster.model_to_string() == same.model_to_string()


def test_metrics_are_those_of_the_training(watched):
    reader, _, _, log, _ = watched
    for ours, theirs in (("train", "training"), ("valid", "valid")):
        found = reader.series(f"{ours}-binary_logloss", "value").values
        assert found == pytest.approx(log[theirs]["binary_logloss"], rel=1e-9)  # threads sum in any order


def test_importances_are_the_boosters_shares(watched):
    reader, _, same, _, _ = watched
    splits = same.feature_importance("split", iteration=3)
    gains = same.feature_importance("gain", iteration=3)
    several = np.maximum(splits, 1)
    for kind, values in (("weight", splits), ("total_gain", gains), ("gain", gains / several)):
        for number, share in enumerate(values / values.sum()):
            found = reader.series(f"feature_importance/{kind}/Column_{number}", "value", "TRAIN").values[2]
            assert found == pytest.approx(share, rel=1e-5)  # its gains are of float32 once kept


def test_predictions_labels_and_trees_are_those_of_the_round(watched):
    reader, _, same, _, _ = watched
    features, labels = table()
    expected = same.predict(features[450:], num_iteration=3)
    assert reader.array("predictions", "TRAIN", 2) == pytest.approx(expected)
    assert reader.array("labels", "TRAIN", 2).tolist() == labels[450:].tolist()
    frame = same.trees_to_dataframe()
    leaves = frame[(frame.tree_index == 2) & frame.left_child.isna()]
    gain, feature = (reader.array(f"trees/{name}", "TRAIN", 2) for name in ("Gain", "Feature"))
    assert sorted(gain[feature < 0]) == pytest.approx(sorted(leaves.value))
    assert set(reader.array("trees/Tree", "TRAIN", 2)) == {2}


def test_shap_values_are_the_boosters(watched):
    reader, _, same, _, rows = watched
    expected = same.predict(rows, pred_contrib=True)
    assert reader.array("full_shap/Column_1", "TRAIN", 5) == pytest.approx(expected[:, 1])


def test_several_classes_have_a_column_each():
    features, _ = table()
    labels = np.digitize(features[:, 0], [-0.5, 0.5])
    with labdeck.experiment("light").trial("classes") as trial:
        hook = LightGBMHook(["predictions", "full_shap"], budget=None, shap_data=features[:20])
        params = {**PARAMS, "objective": "multiclass", "num_class": 3}
        booster = lightgbm.train(params, lightgbm.Dataset(features, labels), 2, callbacks=[hook])
    reader = tensors(trial)
    assert reader.array("predictions", "TRAIN", 1) == pytest.approx(booster.predict(features))
    expected = booster.predict(features[:20], pred_contrib=True).reshape(20, 3, 7)
    assert np.allclose(reader.array("full_shap/Column_2", "TRAIN", 1), expected[:, :, 2])


def test_a_rules_stop_ends_the_training_as_early_stopping_does():
    with labdeck.experiment("light").trial("stopped") as trial, pytest.warns(UserWarning, match="was stopped"):
        booster, _ = train(50, [LightGBMHook(rules=[Third()], actions=[actions.StopTraining()])])
    assert booster.current_iteration() == 3
    assert [found.step for found in findings(trial)] == [2]


def test_the_learning_rate_can_be_lowered():
    with labdeck.experiment("light").trial("slower"):
        booster, _ = train(5, [LightGBMHook(rules=[Third()], actions=[actions.LowerLearningRate(factor=0.5)])])
    rates = [tree["shrinkage"] for tree in booster.dump_model()["tree_info"]]
    assert rates[1:] == pytest.approx([0.1, 0.1, 0.05, 0.05])  # the first tree holds the mean, too


def test_trainings_are_watched_without_a_line_and_no_trace_is_left():
    before = lightgbm.train, lightgbm.engine.train, lightgbm.sklearn.train
    features, labels = table()
    with labdeck.experiment("light").trial("attached") as trial:
        attachment = hooks.attach(HubMaker(rules=["TreeDepth"], budget=None))
        train(2, num_leaves=50, min_data_in_leaf=1)
        model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(features, labels)
        attachment.close()
        train(2)
    assert before == (lightgbm.train, lightgbm.engine.train, lightgbm.sklearn.train)
    watches = trial.experiment.session.catalog.debugger(trial.id).watches
    assert [(watch.name, watch.state) for watch in watches] == [("Booster", "off"), ("Booster-2", "off")]
    assert hooks.can_watch(model)
    assert findings(trial)[0].rule == "TreeDepth"
