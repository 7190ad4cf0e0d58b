"""Confused classes are found in a training that confuses them, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from tests.kernel.debugger.labelled import classifier_windows, judge_all, labelled_window
from torch import nn

from labdeck.debugger.rules import Confusion
from labdeck.errors import UsageError


@pytest.mark.slow
def test_classes_that_look_alike_are_found():
    data = load_digits()
    inputs, labels = data.data / 16, data.target.copy()
    swapped = np.flatnonzero((labels == 1) | (labels == 2))
    labels[swapped] = np.random.default_rng(0).permutation(labels[swapped])  # nobody can tell them apart
    found = judge_all(Confusion(start_step=100), classifier_windows(inputs, labels, steps=200))
    assert found
    assert {int(word) for word in found[0][1].message.split() if word.isdigit()} <= {1, 2}


@pytest.mark.slow
def test_a_healthy_training_stays_silent():
    data = load_digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    windows = classifier_windows(data.data / 16, data.target, model=model, steps=320, lr=0.02)
    assert judge_all(Confusion(start_step=200), windows) == []


def verdict_by_hand(pairs, classes):
    matrix = [[sum(pair == (i, j) for pair in pairs) for j in range(classes)] for i in range(classes)]
    recalls = [row[i] / sum(row) for i, row in enumerate(matrix) if sum(row)]
    columns = [[matrix[i][j] for i in range(classes)] for j in range(classes)]
    shares = [
        column[i] / sum(column) for j, column in enumerate(columns) for i in range(classes) if i != j and sum(column)
    ]
    found = [min(recalls)] if min(recalls) < 0.9 else []
    return found + ([max(shares)] if shares and max(shares) > 0.1 else [])


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9), min_size=1, max_size=6),
    st.integers(1, 15),
    st.sampled_from([None, 4, 6]),
    st.booleans(),
)
def test_each_verdict_is_that_of_counting_by_hand(steps, samples, category_no, scored):
    rule = Confusion(samples=samples, category_no=category_no)
    gathered, verdict = [], []
    for number, pairs in enumerate(steps):
        truth = np.array([truth for truth, _ in pairs], np.float32)
        said = np.array([said for _, said in pairs])
        scores = np.eye(4)[said] if scored else said
        values = [found.value for found in rule.judge(labelled_window(truth, scores, number))]
        gathered += pairs
        if len(gathered) >= samples:
            verdict, gathered = verdict_by_hand(gathered, 4), []
        assert values == pytest.approx(verdict)


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9]),  # probabilities
        ([0, 0, 1, 1], [-0.5, -3.0, 0.2, 2.0]),  # logits
        ([-1, -1, 1, 1], [-0.5, -3.0, 0.2, 2.0]),  # margins
        ([[0.0], [0.0], [1.0], [1.0]], [[-0.5], [-3.0], [0.2], [2.0]]),
        ([0, 0, -100, 1], [[2.0, 1], [2, 1], [2, 1], [0, 1]]),  # one label that does not count
    ],
)
def test_predictions_are_read_in_every_form(labels, predictions):
    assert list(Confusion(samples=3).judge(labelled_window(labels, predictions))) == []


def test_a_class_beyond_those_announced_is_a_mistake_of_the_user():
    with pytest.raises(UsageError, match="category_no"):
        list(Confusion(category_no=2, samples=1).judge(labelled_window([0, 2], [0, 2])))


@pytest.mark.parametrize("batch", [1, 2, 60])
def test_a_class_that_is_always_taken_for_another_is_found_whatever_the_batch(batch):
    rng = np.random.default_rng(0)
    rule, found = Confusion(samples=3000), []
    for step in range(3000 // batch):
        labels = rng.integers(0, 3, batch)
        found += rule.judge(labelled_window(labels, np.where(labels == 1, 2, labels), step))
    first, second = (each.message for each in found)
    assert first == "class 1 is recognised in 0% of its samples"
    assert second.endswith("of what is predicted as class 2 is class 1")


def test_classes_that_come_late_or_not_in_each_batch_are_counted_where_they_belong():
    batches = [([0, 2], [0, 2]), ([-1, 2], [0, 2]), ([0, 2], [0, 2]), ([-1, -1], [-1, 0]), ([1, 2], [1, 2])]
    rule, found = Confusion(samples=10), []
    for step, (labels, predicted) in enumerate(batches):
        found += rule.judge(labelled_window(labels, predicted, step))
    assert [each.message for each in found] == [
        "class -1 is recognised in 33% of its samples",
        "50% of what is predicted as class 0 is class -1",
    ]


def test_classes_below_zero_and_texts_are_told_as_they_are_called():
    moods = np.array([-1, 0, 1, 1] * 5)
    rule = Confusion(samples=20)
    assert list(rule.judge(labelled_window(moods[:10], moods[:10]))) == []
    wrong = np.where(moods == -1, 0, moods)
    assert [found.message for found in rule.judge(labelled_window(moods[:10], wrong[:10], 1))] == [
        "class -1 is recognised in 50% of its samples",
        "33% of what is predicted as class 0 is class -1",
    ]
    words = np.array(["ham", "spam"] * 10)
    assert [found.message for found in Confusion(samples=20).judge(labelled_window(words, np.repeat("ham", 20)))] == [
        "class spam is recognised in 0% of its samples",
        "50% of what is predicted as class ham is class spam",
    ]
