"""Summaries kept up to date in pieces, against one slow look at the whole."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.summary import SPARK_POINTS, RunningSummary
from labdeck.store.contract import Series, SeriesKey
from labdeck.wire.numbers import to_float

KEY = SeriesKey("training", "loss")


def series(values, first=0):
    n = len(values)
    return Series(
        np.arange(first, first + n, dtype=np.int64), np.arange(n, dtype=np.float64), np.array(values, dtype=np.float64)
    )


def same(number, value):
    number = to_float(number)
    return (math.isnan(number) and math.isnan(value)) or number == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=60), max_size=6)
)
def test_cut_into_pieces_it_equals_the_oracle(pieces):
    summary = RunningSummary()
    values = []
    for piece in pieces:
        summary.add(series(piece, first=len(values)))
        values += piece
    record = summary.record(KEY)
    finite = [value for value in values if math.isfinite(value)]
    assert record.count == len(values)
    if values:
        assert same(record.first, values[0])
        assert same(record.last, values[-1])
        assert record.last_step == len(values) - 1
    if finite:
        assert to_float(record.min) == min(finite)
        assert to_float(record.max) == max(finite)
        assert record.min_step == values.index(min(finite))
        assert record.max_step == values.index(max(finite))
        assert same(record.mean, statistics.fmean(finite))
        assert to_float(record.std) == pytest.approx(statistics.pstdev(finite), rel=1e-6, abs=1e-5)
    else:
        assert record.min == record.max == record.mean == record.std == "NaN"


@given(st.integers(1, 3000), st.integers(1, 500))
def test_a_spark_shows_the_whole_series(count, piece):
    summary = RunningSummary()
    for start in range(0, count, piece):
        summary.add(series(list(map(float, range(start, min(start + piece, count)))), first=start))
    spark = summary.record(KEY).spark
    assert len(spark) <= SPARK_POINTS
    assert len(spark) >= min(count, SPARK_POINTS // 2)
    assert spark[0] == 0.0
    assert spark[-1] == count - 1
    steps = np.diff(spark[:-1])
    assert len(set(steps.tolist())) <= 1, "evenly thinned"


def test_values_whose_squares_overflow_are_no_accident():
    summary = RunningSummary()
    summary.add(series([1e308, -1e308, 1e308, 5e-324]))
    record = summary.record(KEY)
    assert (record.min, record.max, record.count) == (-1e308, 1e308, 4)
    assert record.std in {"Infinity", "NaN"}
