"""The training data are known among those that are evaluated, whatever they are called."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xgboost
from tests.kernel.debugger.boosted import findings, table, tensors

import labdeck
from labdeck.debugger.hooks.datasets import is_same_dataset, is_same_matrix, training_names

KINDS = ["array", "list", "frame", "categories", "sparse"]


def kind_of(kind, features):
    """Return new data of a kind, every cell a copy."""
    if kind == "list":
        return features.tolist()
    if kind == "sparse":
        return scipy.sparse.csr_matrix(np.where(features > 0, features, 0))
    if kind in ("frame", "categories"):
        frame = pd.DataFrame(features.copy())
        return frame.assign(c=pd.Categorical(np.where(features[:, 0] > 0, "x", "y"))) if kind == "categories" else frame
    return features.copy()


def three(kind, seed=0):
    """Return features, the same once more, and some that differ in a single cell of the last row."""
    features = np.random.default_rng(seed).normal(size=(1500, 4))
    features[3, 1] = np.nan
    other = features.copy()
    other[-1, -1] = 7.0
    return [kind_of(kind, each) for each in (features, features, other)]


def evaluated(library, *sets):
    """Return the argument of an estimator's `fit` that names data to be evaluated."""
    if library == "xgboost":
        return {"eval_set": list(sets)}
    return {"eval_X": tuple(x for x, _ in sets), "eval_y": tuple(y for _, y in sets)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("matrix", [xgboost.DMatrix, xgboost.QuantileDMatrix])
def test_matrices_with_the_same_rows_are_the_same(kind, matrix):
    labels = np.arange(1500.0)
    one, same, other = (matrix(each, labels, enable_categorical=True) for each in three(kind))
    relabelled = matrix(three(kind)[0], labels[::-1], enable_categorical=True)
    assert [is_same_matrix(one, each) for each in (one, same, other, relabelled)] == [True, True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_datasets_with_the_same_rows_are_the_same(kind):
    labels = np.arange(1500.0)
    one, same, other = (lightgbm.Dataset(each, labels) for each in three(kind))
    relabelled, shorter = lightgbm.Dataset(three(kind)[0], labels[::-1]), lightgbm.Dataset(np.ones((4, 4)), np.ones(4))
    found = [is_same_dataset(one, each) for each in (one, same, other, relabelled, shorter)]
    assert found == [True, True, False, False, False]


def test_the_training_data_have_one_name_and_what_cannot_be_compared_none():
    def fails(_one, _other):
        raise RuntimeError

    train, copy, other = object(), object(), object()
    given = [(other, "a"), (copy, "b"), (train, "c"), (train, "d")]
    assert training_names(train, given, lambda _, data: data is copy) == {"c": "train"}
    assert training_names(train, given[:2], lambda _, data: data is copy) == {"b": "train"}
    assert training_names(train, given[:2], fails) == {}
    assert training_names(None, given, lambda *_: True) == {}


@pytest.mark.slow
@pytest.mark.parametrize("again", ["same", "copied"])
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_an_estimator_that_overfits_is_found(library, again):
    features, labels = table(400)
    labels = np.where(np.random.default_rng(1).random(400) < 0.3, 1 - labels, labels)
    inside, outside = (features[:200], labels[:200]), (features[200:], labels[200:])
    known = inside if again == "same" else (inside[0].copy(), inside[1].copy())
    model = (
        xgboost.XGBClassifier(n_estimators=40, max_depth=8, n_jobs=1)
        if library == "xgboost"
        else lightgbm.LGBMClassifier(n_estimators=40, min_child_samples=2, verbose=-1, n_jobs=1)
    )
    with (
        labdeck.experiment("boosted").trial("overfit") as trial,
        labdeck.watch(model, rules=["Overfit"], save=["labels", "losses"]),
    ):
        model.fit(*inside, **evaluated(library, known, outside))
    held_out = f"{'validation' if library == 'xgboost' else 'valid'}_1-"
    assert {found.tensor.startswith(held_out) for found in findings(trial)} == {True}
    assert tensors(trial).tensors()["labels"].module == "validation"
    assert np.array_equal(tensors(trial).array("labels", "TRAIN", 0), outside[1])


@pytest.mark.slow
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_leak_is_found_by_what_is_held_out_alone(library):
    features, labels = table()
    features[:, 4] = labels * 2.0 + 5
    model = (
        xgboost.XGBClassifier(n_estimators=30, n_jobs=1)
        if library == "xgboost"
        else lightgbm.LGBMClassifier(n_estimators=60, verbose=-1, n_jobs=1)
    )
    with (
        labdeck.experiment("boosted").trial("leak") as trial,
        labdeck.watch(model, rules=["LabelLeakage"], budget=None),
    ):
        model.fit(features[:400], labels[:400], **evaluated(library, (features[400:], labels[400:])))
    (found,) = findings(trial)
    assert found.rule == "LabelLeakage"
    assert "has 100% of the gain, and valid" in found.message
