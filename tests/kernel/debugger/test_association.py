"""How well a column tells a label, against counting every pair."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from labdeck.debugger.association import rank_correlation, separation

values = st.sampled_from([-1.5, 0.0, 0.0, 2.0, 7.0, np.inf])
rows = st.integers(4, 20)


def by_hand(column, classes):
    shares = []
    for one, other in combinations(sorted(set(classes)), 2):
        pairs = list(product(column[classes == one], column[classes == other]))
        area = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
        shares.append(max(area, 1 - area))
    return sum(shares) / len(shares)


@given(st.data(), rows)
def test_separation_is_that_of_counting_pairs(data, number):
    columns = data.draw(arrays(float, (number, 3), elements=values))
    classes = np.array([*data.draw(st.lists(st.integers(0, 3), min_size=number - 2, max_size=number - 2)), 0, 1])
    found = separation(columns, classes)
    expected = [by_hand(column, classes) for column in columns.T]
    assert found == pytest.approx(expected)
    pruned = separation(columns, classes, least=0.8)
    for value, share in zip(pruned, expected, strict=True):
        assert (np.isnan(value) and share < 0.8) or value == pytest.approx(share)


def test_two_classes_give_the_area_under_the_curve():
    rng = np.random.default_rng(0)
    column, classes = rng.normal(size=200), rng.integers(0, 2, 200)
    area = roc_auc_score(classes, column)
    assert separation(column[:, None], classes)[0] == pytest.approx(max(area, 1 - area))


@given(st.data(), rows)
def test_rank_correlation_is_spearmans(data, number):
    finite = st.integers(-3, 3).map(float)
    columns = data.draw(arrays(float, (number, 2), elements=finite))
    label = data.draw(arrays(float, number, elements=finite))
    for value, column in zip(rank_correlation(columns, label), columns.T, strict=True):
        if len(set(column)) == 1 or len(set(label)) == 1:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(spearmanr(column, label).statistic)


def test_what_is_missing_may_tell_the_label_too():
    classes = np.array([0, 1] * 20)
    column = np.where(classes == 1, np.nan, np.arange(40.0))
    assert separation(column[:, None], classes)[0] == 1
