"""Features that tell the label are found, in tables and in trees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from tests.kernel.debugger.boosted import findings, table, train
from tests.kernel.debugger.labelled import classifier_windows, judge_all
from tests.kernel.debugger.test_association import by_hand
from torch import nn

from labdeck.debugger.rules import LabelLeakage
from labdeck.findings.window import window_of


def cancer():
    features, labels = load_breast_cancer(return_X_y=True)
    return (features - features.mean(axis=0)) / features.std(axis=0), labels


@pytest.mark.slow
@pytest.mark.parametrize("leak", [lambda y: 3.0 * y - 1, lambda y: np.exp(-y), lambda y: np.where(y == 1, np.nan, 0)])
def test_a_training_on_a_leak_is_found(leak):
    features, labels = cancer()
    leaking = np.column_stack([features, np.nan_to_num(leak(labels.astype(float)), nan=-99)])
    model = nn.Linear(31, 2)
    found = judge_all(LabelLeakage(samples=500), classifier_windows(leaking, labels, model=model, steps=20))
    assert [(step, finding.message) for step, finding in found] == [
        (7, "column 30 of Net_input_0 alone predicts the label")
    ]


@pytest.mark.slow
def test_a_training_on_honest_features_stays_silent():
    assert judge_all(LabelLeakage(samples=500), classifier_windows(*cancer(), steps=20)) == []


@pytest.mark.slow
def test_trees_that_live_on_a_leak_are_found():
    features, labels = table()
    features[:, 4] = labels * 2.0 + 5
    trial, _ = train(features, labels, 20, names=list("abcdef"), params={"eta": 0.5}, rules=[LabelLeakage()])
    (found,) = findings(trial)
    assert found.tensor == "feature_importance/gain/e"
    assert found.message.startswith("e has 100% of the gain, and train-logloss is ")


@pytest.mark.slow
def test_trees_on_honest_features_stay_silent():
    trial, _ = train(*table(), 20, rules=[LabelLeakage()])
    assert findings(trial) == ()


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(60, 90), st.integers(1, 30))
def test_the_verdict_is_that_of_counting_pairs(seed, classes, rows, batch):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    features = rng.integers(0, 4, (rows, 4)).astype(float)
    features[:, 3] = labels + (rng.random(rows) < 0.05)
    rule = LabelLeakage(threshold=0.95, samples=rows)
    windows = [
        window_of({"inputs": features[at : at + batch], "labels": labels[at : at + batch]}, step)
        for step, at in enumerate(range(0, rows, batch))
    ]
    found = [finding.value for _, finding in judge_all(rule, windows)]
    expected = [by_hand(column, labels) for column in features.T]
    sure = [share for share in expected if abs(share - 0.95) > 1e-9]
    assert [value for value in found if abs(value - 0.95) > 1e-9] == pytest.approx([s for s in sure if s > 0.95])


def test_a_number_that_was_rescaled_is_found_by_its_ranks():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 3))
    labels = rng.normal(size=300)
    features[:, 1] = -np.exp(labels)
    window = window_of({"inputs": features, "labels": labels})
    assert [finding.message for finding in LabelLeakage(samples=300).judge(window)] == [
        "column 1 of inputs alone predicts the label"
    ]


def test_few_rows_are_judged_at_the_end_and_very_few_not_at_all():
    for rows, expected in ((60, 1), (40, 0)):
        rule = LabelLeakage()
        labels = np.arange(rows) % 2
        assert list(rule.judge(window_of({"inputs": labels[:, None] * 1.0, "labels": labels}))) == []
        assert len(list(rule.conclude())) == expected


def test_images_and_texts_are_left_alone():
    rule = LabelLeakage(samples=2)
    for inputs in (np.zeros((2, 3, 4, 4)), np.array([["a"], ["b"]])):
        assert list(rule.judge(window_of({"inputs": inputs, "labels": np.array([0, 1])}))) == []
