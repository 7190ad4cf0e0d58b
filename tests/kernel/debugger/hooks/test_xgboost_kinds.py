"""Kinds of data and trees that XGBoost treats differently are watched as far as they can be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost
from tests.kernel.debugger.boosted import findings, tensors

import labdeck
from labdeck.debugger import XGBoostHook

pytestmark = pytest.mark.slow


def odd_data(kind):
    """Return parameters and data of kinds that XGBoost treats differently."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4))
    labels = features[:, 0] + rng.normal(size=300)
    data, params = xgboost.DMatrix(features, labels), {}
    if kind == "quantiles":
        data = xgboost.QuantileDMatrix(features, labels)
    elif kind == "survival":
        data, params = xgboost.DMatrix(features), {"objective": "survival:aft"}
        data.set_float_info("label_lower_bound", np.exp(labels))
        data.set_float_info("label_upper_bound", np.exp(labels))
    elif kind == "several targets":
        data = xgboost.DMatrix(features, np.column_stack([labels, -labels]))
    elif kind == "trees of several targets":
        data = xgboost.DMatrix(features, np.column_stack([labels, -labels]))
        params = {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
    elif kind == "categories":
        frame = pd.DataFrame({"a/b": pd.Categorical(rng.choice(list("xyz"), 300)), "n": features[:, 0]})
        data, params = xgboost.DMatrix(frame, labels, enable_categorical=True), {"max_cat_to_onehot": 1}
    elif kind == "ranking":
        data, params = xgboost.DMatrix(features, rng.integers(0, 3, 300)), {"objective": "rank:ndcg"}
        data.set_group([100] * 3)
    elif kind == "forest":
        params = {"num_parallel_tree": 3, "subsample": 0.5}
    elif kind == "many columns":
        data = xgboost.DMatrix(rng.normal(size=(50, 2_100)), labels[:50])
    return data, params


@pytest.mark.parametrize(
    "kind",
    [
        "quantiles", "survival", "several targets", "trees of several targets", "categories", "ranking", "forest",
        "many columns",
    ],
)  # fmt: skip
def test_odd_data_and_trees_are_watched_as_far_as_they_can_be(kind):
    data, params = odd_data(kind)
    save = dict.fromkeys(("predictions", "trees", "average_shap", "full_shap"), True)
    with labdeck.experiment("boosted").trial(kind) as trial:
        hook = XGBoostHook(save, budget=None, train_data=data, rules=["ExplodingTensor", "LabelLeakage"])
        booster = xgboost.train(params, data, 3, callbacks=[hook])
    (watch,) = trial.experiment.session.catalog.debugger(trial.id).watches
    assert (watch.state, watch.steps, watch.reason) == ("off", 3, "")
    assert findings(trial) == ()
    reader = tensors(trial)
    assert len(reader.array_moments("trees/Node", "TRAIN")) == 3
    found = reader.array("predictions", "TRAIN", 2)
    assert np.allclose(found, booster.predict(data), rtol=1e-4, atol=1e-5)
    assert (reader.array_moments("full_shap/n" if kind == "categories" else "full_shap/f0") == []) == (
        kind == "trees of several targets"
    )
