"""The running line is the weighted least-squares line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.rules.slope import RunningSlope


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-100, 100)), min_size=3, max_size=60), st.integers(2, 50))
def test_it_is_the_line_of_polyfit(points, horizon):
    line, step, steps, values = RunningSlope(horizon), 7, [], []
    for gap, value in points:
        step += gap
        line.add(step, value)
        steps.append(step)
        values.append(value)
    steps, values = np.array(steps, np.float64), np.array(values)
    weights = np.exp((steps - step) / horizon)
    assert line.mean == pytest.approx(np.average(values, weights=weights), abs=1e-6)
    center = np.average(steps, weights=weights)
    spread = np.average((steps - center) ** 2, weights=weights)
    if spread < 1e-3:
        return
    slope = np.average((steps - center) * (values - line.mean), weights=weights) / spread
    assert line.slope == pytest.approx(slope, rel=1e-5, abs=1e-6)
    assert line.level == pytest.approx(line.mean + slope * (step - center), rel=1e-5, abs=1e-4)
    assert 0 <= line.fit <= 1


def test_a_single_point_has_no_slope():
    line = RunningSlope(10)
    assert math.isnan(line.slope)
    assert math.isnan(line.mean)
    line.add(3, 1.0)
    assert math.isnan(line.slope)
    assert math.isnan(line.fit)
    assert (line.mean, line.span) == (1.0, 0)
