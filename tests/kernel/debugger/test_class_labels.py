"""Classes are read out of whatever form labels and predictions have."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.class_labels import ClassReader, count_classes


@pytest.mark.parametrize(
    ("labels", "predictions", "expected"),
    [
        ([2, 0], [[0.1, 0.2, 0.7], [0.9, 0.1, 0.0]], ([2, 0], [2, 0])),
        ([2.0, 0.0], [2.0, 1.0], ([2, 0], [2, 1])),
        ([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]], ([1, 0], [1, 1])),
        ([1, 0, 1], [0.6, 0.4, 0.5], ([1, 0, 1], [1, 0, 0])),
        ([1, 0, 1], [6.0, -4.0, 0.5], ([1, 0, 1], [1, 0, 1])),
        ([1, -1], [0.2, -0.1], ([1, -1], [1, -1])),
        ([[1], [0]], [[0.9], [0.2]], ([1, 0], [1, 0])),
        ([1, -100, 0], [[0, 1], [0, 1], [0, 1]], ([1, 0], [1, 1])),
        ([True, False], [0.9, 0.8], ([1, 0], [1, 1])),
        ([-1, 0, 1], [-1, 0, 0], ([-1, 0, 1], [-1, 0, 0])),
        ([-5, 1], [-5, 1], ([-5, 1], [-5, 1])),
        ([1], [2], ([1], [2])),
        ([1.0], [2.0], ([1], [2])),
        (["spam", "ham", "spam"], ["spam", "spam", "ham"], ([1, 0, 1], [1, 1, 0])),
        (np.array(["b", "a"], object), ["a", "a"], ([1, 0], [0, 0])),
        ([1, 0, 1], [0.6, np.nan, 0.4], ([1, 1], [1, 0])),
        ([0, 1, 2], [[0.1, np.nan, 0.7], [0, 1, 0], [np.nan] * 3], ([1], [1])),
        ([[1, 0], [0, 2]], np.eye(3)[[[1, 0], [0, 1]]].transpose(0, 2, 1), ([1, 0, 0, 2], [1, 0, 0, 1])),
    ],
    ids=[
        "scores",
        "classes",
        "one-hot",
        "probabilities",
        "logits",
        "margins",
        "column",
        "ignored",
        "bool",
        "three signs",
        "far below zero",
        "a class",
        "a class of floats",
        "texts",
        "objects",
        "no number",
        "no numbers",
        "pixels",
    ],
)
def test_every_form_is_read(labels, predictions, expected):
    truth, said = ClassReader().read(np.array(labels), np.array(predictions))
    assert (truth.tolist(), said.tolist()) == expected


def test_scores_that_look_like_probabilities_once_stay_scores():
    reader = ClassReader()
    reader.read(np.array([0, 1]), np.array([-3.0, 3.0]))
    assert reader.read(np.array([0, 1]), np.array([0.1, 0.2]))[1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ([0.5, 1.5], [1.0, 2.0]),
        ([], []),
        (["a", "b"], [[0.1, 0.9]]),
        ([0, 1], [0, 1, 1]),
        ([0, 3, 1], [0.2, 2.7, 1.1]),
        ([2, 5], [0.2, 0.7]),
        ([0, 1], ["x", "y", "z"]),
        ([0, 1], [1j, 0]),
        (["a", "b"], [0.2, 0.7]),
    ],
)
def test_what_is_no_class_is_not_read(labels, predictions):
    assert ClassReader().read(np.array(labels), np.array(predictions)) is None


def test_labels_that_are_not_finite_do_not_count():
    truth, _ = ClassReader().read(np.array([0.0, np.nan, 1.0]), np.array([0.0, 1.0, 1.0]))
    assert truth.tolist() == [0, 1]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4), min_size=1, max_size=9),
    st.sampled_from([int, float, np.float32]),
)
def test_small_batches_of_many_classes_are_read_as_large_ones(batches, kind):
    """However few classes a batch shows, the predicted ones are those that were predicted."""
    reader, read = ClassReader(), []
    for batch in batches:
        labels, predicted = np.array(batch, kind).T
        truth, said = reader.read(labels, predicted)
        read += zip(truth.tolist(), said.tolist(), strict=True)
    assert read == [pair for batch in batches for pair in batch]


@given(st.lists(st.lists(st.tuples(st.booleans(), st.floats(-9, 9)), min_size=1, max_size=4), min_size=2, max_size=9))
def test_small_batches_of_scores_are_read_as_large_ones(batches):
    reader = ClassReader()
    reader.read(np.array([0, 1]), np.array([-3.5, 3.5]))
    for batch in batches:
        labels, scores = (np.array(each) for each in zip(*batch, strict=True))
        truth, said = reader.read(labels, scores)
        assert (truth.tolist(), said.tolist()) == (labels.tolist(), (scores > 0).tolist())


def test_what_is_called_by_name_is_told_by_name():
    reader = ClassReader()
    reader.read(np.array(["spam", "ham"]), np.array(["eggs", "ham"]))
    assert [reader.name(label) for label in (0, 1, 2, 7)] == ["ham", "spam", "eggs", "7"]
    assert ClassReader().name(-1) == "-1"


@given(st.lists(st.one_of(st.integers(-3, 5), st.integers(-(10**9), 10**9))))
def test_classes_are_counted(classes):
    assert count_classes(np.array(classes, np.int64)) == Counter(classes)
