"""Mean curves of groups, clipping, and importance as a picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labdeck import GroupedCurve
from labdeck.wire.comparing import Importance, ImportanceRow
from labdeck_ui.figures import clipped_range, curves, grouped_curves, importance
from labdeck_ui.palette import trial_colour


def group(mean, std=None, number=1, label="0.1", metric="loss"):
    values = np.asarray(mean, dtype=float)
    deviation = np.zeros(len(values)) if std is None else np.asarray(std, dtype=float)
    places = np.arange(len(values), dtype=float)
    return GroupedCurve(
        label, number, ("a" * 32,), "", metric, places, values, deviation, np.ones(len(values), dtype=int)
    )


def test_a_line_and_a_band_each():
    figure = grouped_curves([group([1, 2], [0.5, 0.25]), group([3, 4], number=2, label="0.2")])
    bands, lines = figure.data[:2], figure.data[2:]
    assert [trace.meta["band"] for trace in figure.data] == [True, True, False, False]
    assert list(bands[0].y) == [1.5, 2.25, 1.75, 0.5], "up along the upper edge, back along the lower"
    assert list(bands[0].x) == [0, 1, 1, 0]
    assert [line.line.color for line in lines] == [trial_colour(1), trial_colour(2)]
    assert [line.name for line in lines] == ["0.1", "0.2"]
    assert lines[0].meta["trials"] == ["a" * 32]
    assert figure.layout.yaxis.title.text == "loss"


def test_a_band_below_zero_ends_on_a_log_scale():
    figure = grouped_curves([group([1, 0.1], [0.5, 0.5])], log=True)
    assert (np.asarray(figure.data[0].y) > 0).all()
    assert figure.layout.yaxis.type == "log"


def test_no_groups():
    assert grouped_curves([]).layout.annotations[0].text == "no points yet"


def test_group_names_are_text(hostile):
    figure = grouped_curves([group([1, 2], label=hostile, metric=hostile)])
    for text in (figure.data[1].name, figure.layout.yaxis.title.text):
        assert "<" not in text


def percentile(values, share):
    """Interpolate between the two nearest in order, as numpy's default does."""
    ordered = sorted(values)
    place = share / 100 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@pytest.mark.parametrize("log", [False, True])
def test_outliers_are_left_outside(log):
    values = [float(n) for n in range(1, 100)] + [1e6, math.nan, -math.inf, -1.0 if log else 50.0]
    found = clipped_range([np.array(values[:50]), np.array(values[50:])], log=log)["range"]
    kept = [math.log10(v) if log else v for v in values if math.isfinite(v) and (v > 0 or not log)]
    low, high = percentile(kept, 5), percentile(kept, 95)
    span = high - low
    assert found[1] == pytest.approx(high + span / 2)
    margin = (min(max(kept), high + span / 2) - max(min(kept), low - span / 2)) * 0.05
    assert found[0] == pytest.approx(max(low - span / 2, min(kept) - margin))


def test_nothing_to_clip():
    assert clipped_range([]) == {}
    assert clipped_range([np.array([math.nan, 2.0, 2.0])]) == {}
    low, high = clipped_range([np.array([2.0] * 50 + [1e9])])["range"]
    assert low < 2 < high < 1e9


def test_clipping_and_log_x_of_curves(reading):
    figure = curves([reading([1.0, 2.0] * 20 + [1e6])], clip=True, log_x=True)
    assert figure.layout.yaxis.range[1] < 1e6
    assert max(figure.data[0].y) == 1e6, "nothing is removed"
    assert figure.layout.xaxis.type == "log"
    assert curves([reading([1, 2])], "time", log_x=True).layout.xaxis.type is None


def record(**changes):
    rows = (
        ImportanceRow(field="params.lr", importance=0.75, correlation=-0.5, count=9),
        ImportanceRow(field="params.<b>opt</b>", importance=0.25, correlation=None, count=10),
    )
    values = {"target": "metrics.acc.best", "rows": rows, "trials": 10, "left_out": 0, "explained": 0.8, "method": "m"}
    return Importance(**{**values, **changes})


def test_importance():
    figure = importance(record(warning="only 10 trials: take it as a hint"))
    shares, linked = figure.data
    assert list(shares.x) == [0.75, 0.25]
    assert (list(linked.x), list(linked.y)) == ([-0.5], [0])
    assert list(figure.layout.yaxis.ticktext) == ["params.lr", "params.&lt;b&gt;opt&lt;/b&gt;"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first one is on top"
    assert figure.layout.annotations[0].text.startswith("only 10 trials")


def test_importance_of_nothing():
    assert importance(record(rows=(), warning="")).layout.annotations[0].text == "no field differs between the trials"
    assert importance(record(rows=(), warning="too few")).layout.meta["notice"] == "too few"
