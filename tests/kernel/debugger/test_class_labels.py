"""Classes are read out of whatever form labels and predictions have."""

from __future__ import annotations

import numpy as np
import pytest

from labdeck.debugger.class_labels import ClassReader


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
        ([[1, 0], [0, 2]], np.eye(3)[[[1, 0], [0, 1]]].transpose(0, 2, 1), ([1, 0, 0, 2], [1, 0, 0, 1])),
    ],
    ids=["scores", "classes", "one-hot", "probabilities", "logits", "margins", "column", "ignored", "bool", "pixels"],
)
def test_every_form_is_read(labels, predictions, expected):
    truth, said = ClassReader().read(np.array(labels), np.array(predictions))
    assert (truth.tolist(), said.tolist()) == expected


def test_scores_that_look_like_probabilities_once_stay_scores():
    reader = ClassReader()
    reader.read(np.array([0, 1]), np.array([-3.0, 3.0]))
    assert reader.read(np.array([0, 1]), np.array([0.1, 0.2]))[1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("labels", "predictions"), [([0.5, 1.5], [1.0, 2.0]), ([], []), (["a", "b"], [0, 1]), ([0, 1], [0, 1, 1])]
)
def test_what_is_no_class_is_not_read(labels, predictions):
    assert ClassReader().read(np.array(labels), np.array(predictions)) is None


def test_labels_that_are_not_finite_do_not_count():
    truth, _ = ClassReader().read(np.array([0.0, np.nan, 1.0]), np.array([0.0, 1.0, 1.0]))
    assert truth.tolist() == [0, 1]
