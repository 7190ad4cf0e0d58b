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

from labdeck.debugger.association import area_by_chance, pairs_that_tell, rank_correlation, separation

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


@given(st.data(), rows)
def test_only_the_pairs_asked_for_count(data, number):
    columns = data.draw(arrays(float, (number, 2), elements=values))
    classes = np.array([*data.draw(st.lists(st.integers(0, 2), min_size=number - 3, max_size=number - 3)), 0, 1, 2])
    for pairs in ([(0, 2)], [(0, 1), (1, 2)]):
        expected = [
            np.mean([by_hand(column[np.isin(classes, pair)], classes[np.isin(classes, pair)]) for pair in pairs])
            for column in columns.T
        ]
        assert separation(columns, classes, pairs=pairs) == pytest.approx(expected)
    assert np.isnan(separation(columns, classes, pairs=[])).all()


def test_many_numbers_are_ranked_part_by_part():
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 9, (400, 3000)).astype(np.float32)
    classes = rng.integers(0, 2, 400)
    columns[:, 2999] = classes
    found = separation(columns, classes)
    assert found.argmax() == 2999
    some = [0, 7, 1234, 2999]
    assert found[some] == pytest.approx([by_hand(columns[:, place], classes) for place in some])
    assert rank_correlation(columns, columns[:, 7])[some] == pytest.approx(
        [spearmanr(columns[:, place], columns[:, 7]).statistic for place in some]
    )


@given(st.integers(1, 5), st.integers(1, 5), st.floats(0.5, 1), st.data())
def test_noise_reaches_an_area_no_more_often_than_is_said(ones, others, area, data):
    """Against every way in which the rows of the one class can lie among all, of values that may be equal."""
    number = ones + others
    column = np.sort(data.draw(arrays(float, number, elements=st.integers(0, number).map(float))))
    reached = total = 0
    for chosen in combinations(range(number), ones):
        is_one = np.isin(np.arange(number), chosen)
        pairs = product(column[is_one], column[~is_one])
        share = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / (ones * others)
        reached += share >= area
        total += 1
    assert reached / total <= area_by_chance(ones, others, area) + 1e-9


def test_classes_of_a_few_rows_tell_nothing_among_many_columns():
    classes = np.repeat([0, 1, 2, 3], [600, 390, 8, 2])
    assert pairs_that_tell(classes, 0.99, 100, 0.001) == [(0, 1), (0, 2), (1, 2)]
    assert pairs_that_tell(classes, 0.8, 100, 0.001) == [(0, 1)]
    assert pairs_that_tell(classes, 0.99, 10**12, 0.001) == [(0, 1)]
    assert pairs_that_tell(classes[:600], 0.99, 1, 0.001) == []


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, np.inf, np.nan]), st.booleans()), min_size=2, max_size=12))
def test_missing_values_are_alike_and_the_largest(rows_):
    column, classes = np.array([value for value, _ in rows_]), np.array([int(label) for _, label in rows_])
    if classes.min() == classes.max():
        return
    plain = np.select([np.isnan(column), np.isinf(column)], [9.0, 8.0], column)
    assert separation(column[:, None], classes)[0] == pytest.approx(by_hand(plain, classes))
