"""Smoothing against the formula written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck_ui.figures import smooth


def slow_average(values, weight):
    """The debiased exponential moving average, one value at a time."""
    average, seen, result = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            result.append(math.nan)
            continue
        average = weight * average + (1 - weight) * value
        seen += 1
        result.append(average / (1 - weight**seen))
    return result


@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=60), st.floats(0, 0.99)
)
def test_equals_the_slow_formula(values, weight):
    fast = smooth(np.array(values, dtype=np.float64), weight)
    np.testing.assert_allclose(fast, slow_average(values, weight), rtol=1e-9, atol=1e-6)


def test_the_first_point_is_not_drawn_to_zero():
    assert smooth(np.array([5.0, 5.0, 5.0]), 0.99).tolist() == pytest.approx([5, 5, 5])


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, 5e-324, 0.0])
def test_extreme_values_neither_overflow_nor_vanish(value):
    assert smooth(np.full(50, value), 0.9).tolist() == pytest.approx([value] * 50)


def test_nothing_finite_gives_gaps():
    assert np.isnan(smooth(np.array([np.nan, np.inf]), 0.5)).all()
    assert smooth(np.array([]), 0.5).shape == (0,)


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_a_weight_out_of_bounds_is_refused(weight):
    with pytest.raises(ValueError, match="weight"):
        smooth(np.array([1.0]), weight)
