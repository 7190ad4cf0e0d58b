"""Imbalanced classes are found in a training that has them, and only there."""

from __future__ import annotations

from collections import Counter
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from tests.kernel.debugger.labelled import classifier_windows, judge_all, labelled_window

from labdeck.debugger.rules import ClassImbalance


def digits():
    data = load_digits()
    return data.data / 16, data.target


@pytest.mark.slow
def test_a_training_on_a_rare_class_is_found():
    inputs, labels = digits()
    kept = (labels != 3) | (np.cumsum(labels == 3) <= 4)
    found = judge_all(ClassImbalance(), classifier_windows(inputs[kept], labels[kept]))
    assert found
    assert "class 3 has" in found[0][1].message
    assert found[0][1].value > 10


@pytest.mark.slow
def test_a_class_that_the_model_never_names_is_found():
    inputs, labels = digits()
    inputs, labels = inputs.copy(), labels.copy()
    inputs[labels == 9] = inputs[labels == 4][: (labels == 9).sum()]  # it sees fours, twice as many of them
    inputs = np.concatenate([inputs, inputs[labels == 4]])
    labels = np.concatenate([labels, labels[labels == 4]])
    windows = list(classifier_windows(inputs, labels, steps=200))[100:]
    found = judge_all(ClassImbalance(threshold_imbalance=100), windows)
    assert "of class 9 is predicted as another class" in found[0][1].message


@pytest.mark.slow
def test_a_healthy_training_stays_silent():
    inputs, labels = digits()
    windows = list(classifier_windows(inputs, labels, steps=120))
    assert judge_all(ClassImbalance(), windows[30:]) == []


labels_and_predictions = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12), min_size=1, max_size=8
)


@given(labels_and_predictions, st.integers(1, 20))
def test_each_verdict_is_that_of_counting_by_hand(steps, samples):
    rule = ClassImbalance(threshold_imbalance=2, threshold_misprediction=0.5, samples=samples)
    gathered, seen, verdict = [], set(), []
    for number, pairs in enumerate(steps):
        labels = np.array([[truth == c for c in range(4)] for truth, _ in pairs], int)  # one-hot
        scores = np.array([[said == c for c in range(4)] for _, said in pairs], float)
        values = [found.value for found in rule.judge(labelled_window(labels, scores, number))]
        gathered += pairs
        seen |= {truth for truth, _ in pairs}
        if len(gathered) >= samples:
            counts = {c: sum(truth == c for truth, _ in gathered) for c in seen}
            ratio = max(counts.values()) / min(counts.values()) if min(counts.values()) else inf
            wrong = Counter(truth for truth, said in gathered if truth != said)
            share = max(wrong[c] / counts[c] for c in seen if counts[c])
            verdict = [ratio] * (ratio > 2) + [share] * (share > 0.5)
            gathered = []
        assert values == verdict


def test_modes_are_counted_for_themselves():
    rule = ClassImbalance(samples=20)
    train = labelled_window([0, 1] * 10, [0, 1] * 10)
    held_out = labelled_window([0] * 19 + [1], [0] * 20, mode="EVAL")
    assert list(rule.judge(train)) == []
    assert [round(found.value, 2) for found in rule.judge(held_out)] == [19, 1]


def test_labels_that_are_no_classes_are_left_alone():
    rule = ClassImbalance(samples=3)
    assert list(rule.judge(labelled_window([0.5, 1.2, 9.9], [1.0, 2.0, 3.0]))) == []


def test_texts_are_classes_and_scores_that_are_no_numbers_tell_nothing():
    rule = ClassImbalance(samples=20)
    words = np.array(["ham"] * 19 + ["spam"])
    assert [found.message for found in rule.judge(labelled_window(words, np.repeat("ham", 20)))] == [
        "class ham has 19 labels, class spam has 1",
        "100% of class spam is predicted as another class",
    ]
    lost = labelled_window(np.arange(3).repeat(10), np.full((30, 3), np.nan))
    assert list(ClassImbalance(samples=3).judge(lost)) == []


@pytest.mark.parametrize(
    ("wrong", "said"), [(1, ""), (2, " (and so is 1 more class)"), (3, " (and so are 2 more classes)")]
)
def test_how_many_classes_are_mistaken_is_told(wrong, said):
    labels = np.arange(4).repeat(10)
    predicted = np.where(labels < wrong, 3, labels)
    (found,) = ClassImbalance(samples=40).judge(labelled_window(labels, predicted))
    assert found.message == f"100% of class 0 is predicted as another class{said}"
