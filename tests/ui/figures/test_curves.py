"""Metric curves as plotly figures."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest

from labdeck_ui.figures import curves, smooth
from labdeck_ui.palette import trial_colour


def shown(figure):
    return [trace for trace in figure.data if not trace.meta["raw"]]


def test_one_line_a_reading_with_the_trials_colour_and_the_metrics_dash(reading):
    readings = [
        reading([1, 2], trial=trial, name=f"cnn-{trial}", metric=metric)
        for trial in (10, 21)
        for metric in ("loss", "acc")
    ]
    figure = curves(readings)
    assert [trace.line.color for trace in figure.data] == [trial_colour(r.trial_number) for r in readings]
    assert [trace.line.dash for trace in figure.data] == ["solid", "dash", "solid", "dash"]
    assert [trace.name for trace in figure.data] == ["cnn-10 · loss", "cnn-10 · acc", "cnn-21 · loss", "cnn-21 · acc"]
    assert figure.data[0].meta == {"trial": readings[0].trial_id, "component": "", "metric": "loss", "raw": False}
    assert figure.layout.xaxis.title.text == "step"


def test_a_single_metric_is_the_axis_title_and_not_in_every_label(reading):
    figure = curves([reading([1, 2], metric="test:accuracy", component="eval")])
    assert figure.layout.yaxis.title.text == "test:accuracy"
    assert figure.data[0].name == "cnn-32 · eval"


def test_values_pass_unchanged(reading):
    figure = curves([reading([3.0, -1.0, 2.5], x=[0, 10, 20])])
    assert list(figure.data[0].x) == [0, 10, 20]
    assert list(figure.data[0].y) == [3.0, -1.0, 2.5]


def test_what_is_not_finite_is_a_gap_and_is_counted(reading):
    figure = curves([reading([1, np.nan, np.inf, 2])])
    assert np.isnan(figure.data[0].y[1:3]).all()
    assert figure.data[0].name == "cnn-32 (2 not finite)"
    assert figure.data[0].mode == "lines+markers", "a point between gaps has no line to be seen by"


def test_smoothing_keeps_the_raw_line_behind(reading):
    values = [1.0, 9.0, np.nan, 4.0]
    raw, front = curves([reading(values)], smoothing=0.6).data
    assert raw.meta["raw"]
    assert raw.opacity < 0.5
    assert raw.hoverinfo == "skip"
    assert not raw.showlegend
    assert raw.legendgroup == front.legendgroup
    np.testing.assert_array_equal(raw.y, values)
    np.testing.assert_allclose(front.y, smooth(np.array(values), 0.6))


def test_log_scale_drops_what_it_cannot_show(reading):
    figure = curves([reading([1, 0, -2, 10])], log=True)
    assert figure.layout.yaxis.type == "log"
    np.testing.assert_array_equal(figure.data[0].y, [1, np.nan, np.nan, 10])


@pytest.mark.parametrize(
    ("seconds", "last", "title"),
    [(90, 90, "seconds since the start"), (600, 10, "minutes since the start"), (36_000, 10, "hours since the start"),
     (864_000, 10, "days since the start")],
)  # fmt: skip
def test_relative_time_chooses_its_unit(reading, seconds, last, title):
    figure = curves([reading([1, 2], x=[0, seconds])], "relative")
    assert figure.data[0].x[-1] == last
    assert figure.layout.xaxis.title.text == title


def test_time_is_local_wall_clock(reading):
    moment = 1_700_000_000.25
    figure = curves([reading([1], x=[moment])], "time")
    expected = datetime.fromtimestamp(moment).replace(microsecond=250_000)  # noqa: DTZ006 - local on purpose
    assert np.datetime64(figure.data[0].x[0], "ms") == np.datetime64(expected, "ms")


@pytest.mark.parametrize("clock", [-1e18, 1e300, 0.0])
def test_a_clock_read_wrongly_still_draws(reading, clock):
    assert len(curves([reading([1, 2], x=[clock, clock])], "time").data[0].x) == 2


def test_empty_says_so(reading):
    for readings in ([], [reading([])]):
        figure = curves(readings)
        assert not figure.data
        assert figure.layout.annotations[0].text == "no points yet"


def test_theme_neutral(reading):
    layout = curves([reading([1])]).to_plotly_json()["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert "colorway" not in json.dumps(layout, default=str)


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "%{y}<a href='javascript:1'>x</a>", "<b>bold</b>", "x" * 9999]
)
def test_names_are_text(reading, name):
    text = json.dumps(
        [curves([reading([1, np.nan], name=name, metric=name, component=name)]).to_plotly_json()["layout"]], default=str
    )
    trace = curves([reading([1], name=name, metric=name, component=name)]).data[0]
    for drawn in (trace.name, text):
        assert "<img" not in drawn
        assert "<a" not in drawn
        assert "<b>" not in drawn
    assert name not in (trace.hovertemplate or "")
    assert len(trace.name) < 500


def test_extremes_survive_json(reading):
    figure = curves([reading([1e308, -1e308, 5e-324, np.nan, -np.inf])])
    text = figure.to_json(engine="json")
    assert json.loads(text)["data"][0]["meta"]["metric"] == "loss"
    assert "Infinity" not in text


def test_many_lines_have_no_legend(reading):
    few, many = (curves([reading([1], trial=n) for n in range(1, amount)]) for amount in (5, 60))
    assert few.layout.showlegend
    assert not many.layout.showlegend
    assert few.layout.hovermode == "x unified"
    assert many.layout.hovermode == "closest"
