"""Features that tell the label are found, in tables and in trees."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from tests.kernel.debugger.boosted import findings, table, train
from tests.kernel.debugger.labelled import classifier_windows, judge_all
from tests.kernel.debugger.test_association import by_hand
from torch import nn

from labdeck.debugger.association import area_by_chance
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
    numbers, pairs = np.bincount(labels), list(combinations(range(classes), 2))
    enough = [(a, b) for a, b in pairs if 8 * len(pairs) * area_by_chance(numbers[a], numbers[b], 0.95) <= 0.001]
    expected = [
        np.mean([by_hand(column[np.isin(labels, pair)], labels[np.isin(labels, pair)]) for pair in enough])
        for column in (features.T if enough else ())
    ]
    sure = [share for share in expected if abs(share - 0.95) > 1e-9]
    assert [value for value in found if abs(value - 0.95) > 1e-9] == pytest.approx([s for s in sure if s > 0.95])


def rare(positives, *, seed=0, rows=1000, columns=100):
    """Rows of noise with so many of a rare class."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(rows, int)
    labels[rng.choice(rows, positives, replace=False)] = 1
    return rng.normal(size=(rows, columns)), labels


def test_noise_does_not_tell_a_rare_class():
    for seed in range(20):
        for positives in (0, 1, 2, 3, 5):
            features, labels = rare(positives, seed=seed)
            window = window_of({"Net_input_0": features, "labels": labels})
            assert list(LabelLeakage().judge(window)) == [], (seed, positives)


@pytest.mark.parametrize("positives", [5, 20])
def test_a_leak_of_a_rare_class_is_found(positives):
    features, labels = rare(positives)
    features[:, 40] = labels + np.random.default_rng(1).normal(size=1000) / 100
    window = window_of({"Net_input_0": features, "labels": labels})
    assert [found.message for found in LabelLeakage().judge(window)] == [
        "column 40 of Net_input_0 alone predicts the label"
    ]


def test_of_wide_inputs_fewer_rows_are_kept_and_what_is_no_table_is_left_alone():
    rng = np.random.default_rng(0)
    for wide, expected in ((50_000, 80), (90_000, 0)):
        rule, found = LabelLeakage(), []
        for step in range(10):
            labels = rng.integers(0, 2, 20)
            features = rng.integers(0, 9, (20, wide)).astype(np.float32)
            features[:, -1] = labels
            found += rule.judge(window_of({"inputs": features, "labels": labels}, step))
        assert rule.report() == {"rows": expected}
        assert [each.message for each in found] == [f"column {wide - 1} of inputs alone predicts the label"] * bool(
            expected
        )


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=4),
    st.sampled_from([0.5, 0.9, 0.95]),
    st.sampled_from([("logloss", 1.0), ("rmse", 8.0), ("merror", 0.9), ("auc", 0.5), ("ndcg@5", 0.5)]),
    st.floats(0, 1),
)
def test_trees_are_judged_by_gain_and_metric(gains, importance, metric, left):
    kind, first = metric
    rule = LabelLeakage(importance=importance)
    rising = kind in ("auc", "ndcg@5")
    last = first + (1 - first) * (1 - left) if rising else first * left
    limit = 0.99 if rising else 0.01 if kind == "merror" else 0.05 * first
    if abs(last - limit) < 1e-9:
        return  # at the very limit rounding decides
    names = [f"feature_importance/gain/f{number}" for number in range(len(gains))]

    def window(step, value):
        return window_of({**dict(zip(names, gains, strict=True)), f"train-{kind}": value}, step,
                         collections={f"train-{kind}": ("metrics",)})  # fmt: skip

    assert list(rule.judge(window(0, first))) == []
    share = max(gains) / sum(gains) if sum(gains) else 0.0
    is_perfect = last > limit if rising else last < limit
    found = list(rule.judge(window(1, last)))
    assert [each.value for each in found] == pytest.approx(
        [share] if is_perfect and len(gains) > 1 and share > importance else []
    )


@pytest.mark.parametrize(("share", "left", "expected"), [(0.96, 0.04, 1), (0.94, 0.04, 0), (0.96, 0.06, 0)])
def test_both_the_gain_and_the_metric_must_tell(share, left, expected):
    rule, found = LabelLeakage(), []
    for step, loss in enumerate((0.7, 0.7 * left)):
        gains = {"feature_importance/gain/a": 100 * share, "feature_importance/gain/b": 100 * (1 - share)}
        window = window_of({**gains, "train-logloss": loss}, step, collections={"train-logloss": ("metrics",)})
        found += rule.judge(window)
    assert len(found) == expected


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"valid-logloss": 0.01}, 1),
        ({"valid-logloss": 0.01, "train-logloss": 0.5}, 0),
        ({"valid-logloss": 0.5, "train-logloss": 0.01}, 1),
        ({"valid-logloss": 0.5, "valid-logloss-std": 0.0}, 0),
        ({"train-logloss": 0.5, "train-logloss-std": 0.0}, 0),
    ],
)
def test_metrics_of_training_tell_else_those_of_other_data(metrics, expected):
    rule, found = LabelLeakage(), []
    gains = {"feature_importance/gain/a": 99.0, "feature_importance/gain/b": 1.0}
    for step, now in enumerate((dict.fromkeys(metrics, 1.0), metrics)):
        window = window_of({**gains, **now}, step, collections=dict.fromkeys(metrics, ("metrics",)))
        found += rule.judge(window)
    assert len(found) == expected


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


@pytest.mark.parametrize(
    ("metric", "first", "last", "expected"),
    [
        ("train-logloss", 0.7, 0.7 * 0.0499, 1),
        ("train-logloss", 0.7, 0.7 * 0.0501, 0),
        ("train-merror", 0.5, 0.0099, 1),
        ("train-merror", 0.5, 0.0101, 0),
        ("train-auc", 0.5, 0.9901, 1),
        ("train-auc", 0.5, 0.9899, 0),
    ],
)
def test_a_metric_is_near_perfect_from_its_limit_on(metric, first, last, expected):
    rule, found = LabelLeakage(), []
    for step, value in enumerate((first, last)):
        values = {"feature_importance/gain/a": 99.0, "feature_importance/gain/b": 1.0, metric: value}
        found += rule.judge(window_of(values, step, collections={metric: ("metrics",)}))
    assert len(found) == expected
