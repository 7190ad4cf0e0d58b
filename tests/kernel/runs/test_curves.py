"""Curves, thinned without losing what catches the eye."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.errors import InvalidQuery
from labdeck.runs.curves import thin
from labdeck.store.contract import SeriesKey

LOSS = SeriesKey("", "loss")


@settings(max_examples=60)
@given(st.integers(0, 9999), st.integers(0, 50), st.integers(10, 2000))
def test_spikes_and_gaps_survive(spike, gaps, points):
    rng = np.random.default_rng(spike)
    y = rng.normal(size=10_000)
    y[rng.integers(0, 10_000, gaps)] = np.nan
    y[spike] = 1e6
    x = np.arange(10_000, dtype=np.float64)
    xs, ys = thin(x, y, points)
    assert len(xs) == len(ys) <= points
    assert 1e6 in ys
    assert (np.diff(xs) > 0).all(), "in the order of logging"
    assert np.isnan(ys).any() == np.isnan(y).any()
    np.testing.assert_array_equal(ys, y[xs.astype(int)])


def test_a_curve_that_fits_is_left_alone():
    x, y = np.arange(5.0), np.array([1.0, np.nan, np.inf, 2.0, 3.0])
    xs, ys = thin(x, y, 10)
    np.testing.assert_array_equal(xs, x)
    np.testing.assert_array_equal(ys, y)


def test_a_curve_of_nothing_but_nan_is_thinned_too():
    xs, ys = thin(np.arange(5000.0), np.full(5000, np.nan), 100)
    assert 0 < len(xs) <= 100
    assert np.isnan(ys).all()


@pytest.mark.parametrize("x", ["step", "time", "relative"])
def test_axes(studio, experiment, x):
    with experiment.trial("a") as trial:
        for step in (5, 7):
            trial.log({"loss": float(step), "other": 0.0}, step=step)
    (curve,) = studio.curves([trial.id, "0" * 32], [LOSS, SeriesKey("", "missing")], x=x)
    history = trial.history("loss")
    expected = {"step": [5.0, 7.0], "time": history.times, "relative": history.times - trial.record().started}[x]
    np.testing.assert_allclose(curve.x, expected)
    assert (curve.trial_name, curve.metric, curve.component, curve.total) == ("a", "loss", "", 2)


def test_what_cannot_be_drawn_is_refused(studio):
    with pytest.raises(InvalidQuery, match="horizontal axis"):
        studio.curves([], [LOSS], x="sideways")
    for points in (0, 9, 2001):
        with pytest.raises(InvalidQuery, match="points a curve"):
            studio.curves([], [LOSS], points=points)
