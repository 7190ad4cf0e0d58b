"""Figures of fields: what stands where, what is left out and said, and that names stay text."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.grouping import group_trials
from labdeck_ui.figures import bar, box, contour, grouped_bar, parallel, scatter
from labdeck_ui.figures.column import column
from labdeck_ui.figures.contour import interpolate
from labdeck_ui.figures.parallel import _ticks
from labdeck_ui.figures.scatter import least_squares
from labdeck_ui.palette import SERIES_COLOURS, trial_colour

NAN = math.nan


def said(figure):
    return [note.text for note in figure.layout.annotations]


def points(figure):
    return [trace for trace in figure.data if trace.mode == "markers"]


# -- columns -----------------------------------------------------------------------------------------------------------


def test_numbers_and_texts(table):
    found = column(table(a=[1, 2.5, None, math.inf, NAN]), "a")
    assert not found.is_text
    np.testing.assert_array_equal(found.places, [1, 2.5, NAN, NAN, NAN])
    found = column(table(a=[1, "NaN", "Infinity", None]), "a")
    assert not found.is_text, "numbers that are not finite are kept as text"
    np.testing.assert_array_equal(found.places, [1, NAN, NAN, NAN])
    assert column(table(a=["NaN", "adam"]), "a").is_text
    found = column(table(a=["b", 10, None, True, 2, "a"]), "a")
    assert found.categories == ("2", "10", "a", "b", "true")
    np.testing.assert_array_equal(found.places, [3, 1, NAN, 4, 0, 2])
    with pytest.raises(ValueError, match="no field"):
        column(table(a=[1]), "b")


def test_texts_are_ticks_and_times_are_dates(table):
    axis = column(table(a=["x", "y"]), "a").axis(log=True)
    assert (axis["tickvals"], axis["ticktext"]) == ([0, 1], ["x", "y"])
    assert "type" not in axis, "texts have no logarithms"
    many = column(table(a=[f"n{n:03}" for n in range(200)]), "a").axis()
    assert len(many["tickvals"]) == 40
    assert column(table(started=[1.7e9]), "started").on_axis().dtype.kind == "M"


# -- scatter -----------------------------------------------------------------------------------------------------------


def test_scatter(table):
    figure = scatter(table(x=[1, 2, 3, None], y=[2.0, 4.0, 6.0, 1.0]), "x", "y")
    (drawn,) = points(figure)
    assert list(drawn.x) == [1, 2, 3]
    assert list(drawn.marker.color) == [trial_colour(n) for n in (1, 2, 3)]
    assert drawn.customdata[0] == f"{1:032x}"
    assert drawn.hovertext[0] == "<b>t1</b><br>x: 1<br>y: 2"
    assert said(figure) == ["1 of 4 trials without a place here"]
    assert figure.layout.meta["remark"] == said(figure)[0]
    trend = figure.data[-1]
    assert (trend.meta["slope"], trend.meta["r"]) == (pytest.approx(2), pytest.approx(1))


def test_scatter_on_log_scales_fits_the_logarithms(table):
    figure = scatter(table(x=[1, 10, 100, 0, -1], y=[1.0, 100.0, 1e4, 1.0, 1.0]), "x", "y", log_x=True, log_y=True)
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert len(points(figure)[0].x) == 3
    trend = figure.data[-1]
    assert trend.meta["slope"] == pytest.approx(2)
    np.testing.assert_allclose(trend.y, [1, 1e4])


def test_scatter_coloured_by_a_field(table):
    grey, coloured = points(scatter(table(x=[1, 2], y=[1, 2], c=[None, 0.5]), "x", "y", "c"))
    assert list(grey.x) == [1]
    assert list(coloured.marker.color) == [0.5]
    assert coloured.marker.colorbar.title.text == "c"
    (texts,) = points(scatter(table(x=[1, 2], y=[1, 2], c=["b", "a"]), "x", "y", "c"))
    assert list(texts.marker.color) == [1, 0]
    assert list(texts.marker.colorbar.ticktext) == ["a", "b"]
    assert (texts.marker.cmin, texts.marker.cmax) == (-0.5, 1.5)


def test_no_line_through_texts_or_two_points(table):
    assert len(scatter(table(x=["a", "b", "c"], y=[1, 2, 3]), "x", "y").data) == 1
    assert len(scatter(table(x=[1, 2], y=[1, 2]), "x", "y").data) == 1
    assert len(scatter(table(x=[1, 1, 1], y=[1, 2, 3]), "x", "y").data) == 1


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), max_size=20))
def test_least_squares(pairs):
    x, y = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    found = least_squares(x, y)
    if len(pairs) < 3 or len(set(x.tolist())) == 1:
        assert found is None
        return
    mx, my = sum(x.tolist()) / len(x), sum(y.tolist()) / len(y)
    xx = sum((a - mx) ** 2 for a in x.tolist())
    if xx < 1e-6:
        return  # numbers so close together that the loop below is no oracle
    xy = sum((a - mx) * (b - my) for a, b in pairs)
    assert found[0] == pytest.approx(xy / xx, abs=1e-6)
    assert found[1] == pytest.approx(my - xy / xx * mx, abs=1e-4)
    assert -1.0000001 <= found[2] <= 1.0000001


# -- box and bar -------------------------------------------------------------------------------------------------------


def test_box(table):
    rows = table(g=["b", "a", "a", "c"], y=[1.0, 2.0, 3.0, None])
    figure = box(rows, "y", group_trials(rows, ["g"], []))
    assert [(list(trace.x), list(trace.y)) for trace in figure.data] == [([0, 0], [2, 3]), ([1], [1])]
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "c"]
    assert figure.data[0].line.color != figure.data[1].line.color
    assert figure.data[0].hovertext[0] == "<b>t2</b><br>y: 2"
    assert said(figure) == ["1 of 4 trials without y"]
    assert len(box(rows, "y").data[0].y) == 3
    assert said(box(rows, "g")) == ["a box needs numbers, and g is text"]


def test_bar(table):
    figure = bar(table(a=[1.0, None, 3.0], b=[4, 5, 6]), ["a", "b"])
    assert [(list(trace.x), list(trace.y)) for trace in figure.data] == [([0, 2], [1, 3]), ([0, 1, 2], [4, 5, 6])]
    assert list(figure.data[0].marker.color) == [trial_colour(1), trial_colour(3)]
    assert said(figure) == ["a", "b"]
    assert (figure.data[1].xaxis, figure.data[1].yaxis) == ("x2", "y2")
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    with pytest.raises(ValueError, match="too many"):
        bar(table(a=[1]), ["a"] * 13)


def test_charts_of_twelve_fields_do_not_overlap(table):
    names = [f"f{n}" for n in range(12)]
    layout = bar(table(**{name: [1.0] for name in names}), names).layout
    spots = [
        (*layout[f"xaxis{n}"].domain, *layout[f"yaxis{n}"].domain) for n in ["", *range(2, 13)]
    ]  # fmt: skip
    for place, (left, right, bottom, top) in enumerate(spots):
        assert 0 <= left < right <= 1
        assert -1e-9 <= bottom < top <= 1
        for other in spots[:place]:
            assert right <= other[0] or other[1] <= left or top <= other[2] or other[3] <= bottom


def test_bars_of_groups_have_whiskers(table):
    groups = group_trials(table(g=["a", "a", "b"], y=[1.0, 3.0, None]), ["g"], ["y"])
    (trace,) = grouped_bar(groups).data
    assert (list(trace.x), list(trace.y), list(trace.error_y.array)) == ([0], [2], [1])
    assert trace.hovertext[0] == "<b>a</b><br>y: 2 ± 1<br>2 trials, 1 to 3"


# -- contour -----------------------------------------------------------------------------------------------------------


def test_contours_of_a_plane_are_the_plane():
    draw = np.random.default_rng(1)
    places = np.concatenate([draw.random((30, 2)), [[0, 0], [0, 1], [1, 0], [1, 1]]])
    grid = interpolate(places, 2 * places[:, 0] - places[:, 1])
    line = np.linspace(0, 1, 60)
    across, up = np.meshgrid(line, line)
    np.testing.assert_allclose(grid, 2 * across - up, atol=1e-9)


def test_contour(table):
    rows = table(x=[1, 10, 100, 1, 1], y=[0, 1, 0, 2, 2], z=[1.0, 2.0, 3.0, 4.0, 6.0])
    filled, drawn = contour(rows, "x", "y", "z", log_x=True).data
    assert filled.type == "contour"
    assert (filled.x[0], filled.x[-1]) == (pytest.approx(1), pytest.approx(100))
    assert filled.z[-1][0] == pytest.approx(5), "two trials at one place count with their mean"
    assert len(drawn.x) == 5


@pytest.mark.parametrize("x", [[1, 2, 3], [1, 1, 1, 1, 1], [1, 2, 3, 4, 5]])
def test_too_few_places_for_contours(table, x):
    figure = contour(table(x=x, y=x, z=[float(v) for v in x]), "x", "y", "z")
    assert [trace.type for trace in figure.data] == ["scatter"]
    assert "too few places" in said(figure)[0]


def test_contours_need_numbers(table):
    assert said(contour(table(x=["a"], y=[1], z=[1]), "x", "y", "z")) == ["a contour needs numbers, and x is text"]


# -- parallel ----------------------------------------------------------------------------------------------------------


def test_parallel(table):
    rows = table(lr=[1e-4, 1e-1, None], opt=["sgd", "adam", "sgd"], const=[1, 1, 1], acc=[0.5, 0.6, 0.7])
    (trace,) = parallel(rows, ["lr", "opt", "const", "acc"], "acc").data
    lr, opt, const, acc = trace.dimensions
    assert list(lr["values"][:2]) == [-4, -1], "a wide range stands on a logarithmic axis"
    assert lr["values"][2] == lr["tickvals"][0] == lr["range"][0] < -4, "what is missing stands below the rest"
    assert lr["ticktext"] == ("none", "0.0001", "0.001", "0.01", "0.1")
    assert list(opt["values"]) == [1, 0, 1]
    assert opt["ticktext"] == ("adam", "sgd")
    assert list(const["range"]) == [0, 2]
    assert const["ticktext"] == ("1",)
    assert list(acc["values"]) == [0.5, 0.6, 0.7]
    assert list(trace.line.color) == [0.5, 0.6, 0.7]


def test_parallel_in_the_trials_own_colours(table):
    (trace,) = parallel(table(a=list(range(25))), ["a"]).data
    amount = len(SERIES_COLOURS)
    for number, place in enumerate(trace.line.color, 1):
        low, high = (step / amount for step in (place, place + 1))
        ends = {edge: colour for edge, colour in trace.line.colorscale if low - 1e-9 <= edge <= high + 1e-9}
        assert trial_colour(number) in ends.values()


def test_parallel_coloured_where_some_have_no_value(table):
    (text,) = parallel(table(a=[1, 2], c=["x", None]), ["a"], "c").data
    assert list(text.line.color) == [0, -1]
    assert list(text.line.colorbar.ticktext) == ["none", "x"]
    (number,) = parallel(table(a=[1, 2, 3], c=[0.0, 1.0, None]), ["a"], "c").data
    assert number.line.color[2] == number.line.cmin < 0
    edges = [edge for edge, _ in number.line.colorscale]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0, pytest.approx(1))


def test_texts_that_look_alike_stay_apart(table):
    (trace,) = parallel(table(a=["x" * 100 + "1", "x" * 100 + "2"]), ["a"]).data
    assert len(set(trace.dimensions[0]["ticktext"])) == 2


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_ticks_stand_inside_and_rise(low, high):
    values = np.array([low, high])
    from labdeck_ui.figures.column import Column

    places, ticks, texts = _ticks(Column("a", (low, high), values, ()))
    assert len(ticks) == len(texts) <= 12
    assert ticks == sorted(ticks)
    assert (ticks[0], ticks[-1]) == (pytest.approx(places.min()), pytest.approx(places.max()))


# -- all of them -------------------------------------------------------------------------------------------------------


def every(rows):
    """Draw every figure of a table with the columns x, y, z, g."""
    groups = group_trials(rows, ["g"], [])
    by = type(rows)(fields=("g", "y"), rows=tuple(_pick(row) for row in rows.rows))
    return {
        "scatter": scatter(rows, "x", "y"),
        "coloured": scatter(rows, "x", "y", "g"),
        "box": box(rows, "y", groups),
        "bar": bar(rows, ["y", "x"]),
        "grouped": grouped_bar(group_trials(by, ["g"], ["y"])),
        "contour": contour(rows, "x", "y", "z"),
        "parallel": parallel(rows, ["x", "g", "y"], "g"),
    }


def _pick(row):
    return type(row)(
        trial_id=row.trial_id, trial_name=row.trial_name, trial_number=row.trial_number,
        values=(row.values[3], row.values[1]),
    )  # fmt: skip


@pytest.mark.parametrize("amount", [0, 1, 200])
def test_no_trial_one_and_many(table, amount):
    numbers = list(range(amount))
    rows = table(x=[n % 7 for n in numbers], y=[float(n) for n in numbers], z=[n % 5 for n in numbers],
                 g=[f"g{n % 3}" for n in numbers])  # fmt: skip
    for name, figure in every(rows).items():
        assert json.loads(figure.to_json(engine="json"))["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)", name
        assert bool(figure.data) == (amount > 0), name
        if not amount:
            assert figure.layout.meta["notice"] == said(figure)[0].replace("&#x27;", "'")


def test_nothing_but_nan(table):
    rows = table(x=[NAN, NAN], y=[NAN, math.inf], z=[None, NAN], g=[None, None])
    for name, figure in every(rows).items():
        assert figure.to_json(engine="json"), name
        if name != "parallel":
            assert not figure.data, name


def test_names_are_text(table, hostile):
    field = hostile[:200] or "x"
    columns = {"x": [1, 2, 4], "y": [1.0, 2.0, 3.0], "z": [1, 2, 5], "g": [hostile, "b", None]}
    rows = table(hostile, **{field: [hostile, hostile + "2", hostile]}, **columns)
    drawn = [scatter(rows, field, "y", field), box(rows, "y"), bar(rows, ["y"]), contour(rows, "x", "y", "z")]
    for figure in drawn:
        text = figure.to_json(engine="json").replace("\\u003c", "<").replace("\\u003e", ">")
        for tag in ("<img", "<script", "<a "):
            assert tag not in text
    labels = [one.label for one in parallel(rows, [field, "y"]).data[0].dimensions]
    assert not any("<" in label for label in labels)
