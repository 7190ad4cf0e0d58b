"""Marks on curves."""

from __future__ import annotations

import itertools
import math

import pytest

from labdeck import CurveMark
from labdeck_ui.figures import curves
from labdeck_ui.figures.marks import MARK_COLOURS


def mark(x, rule="VanishingGradient", **more):
    values = {"severity": "warning", "mode": "TRAIN", "step": 40, "tensors": ("conv1.weight",), "count": 1}
    return CurveMark(x=x, rule=rule, **(values | {"message": "it has vanished"} | more))


def contrast(one, other):
    """The contrast of WCAG 2.2 between two colours, "#rrggbb"."""

    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_a_line_and_a_name_for_each_mark(reading):
    figure = curves([reading(range(100))], marks=[mark(40), mark(80, "Overfit", severity="error", count=3)])
    assert [shape.x0 for shape in figure.layout.shapes] == [40, 80]
    assert [shape.line.color for shape in figure.layout.shapes] == [MARK_COLOURS["warning"], MARK_COLOURS["error"]]
    assert len({shape.line.dash for shape in figure.layout.shapes}) == 2, "by shape as well as by colour"
    assert [note.text for note in figure.layout.annotations] == ["VanishingGradient", "Overfit ×3"]
    assert "conv1.weight" in figure.layout.annotations[0].hovertext
    assert "step 40 (TRAIN)" in figure.layout.annotations[0].hovertext


def test_no_mark_changes_nothing(reading):
    assert curves([reading([1, 2])], marks=[]).to_json() == curves([reading([1, 2])]).to_json()
    assert not curves([], marks=[mark(1)]).layout.shapes


def test_names_that_would_cover_each_other_are_left_out(reading):
    figure = curves([reading(range(1000))], marks=[mark(float(x)) for x in range(0, 1000, 5)][:50])
    assert len(figure.layout.shapes) == 50
    places = [note.x for note in figure.layout.annotations]
    assert 1 <= len(places) <= 6
    assert all(b - a > 5 for a, b in itertools.pairwise(places))


def test_places_follow_the_axis(reading):
    hours = curves([reading([1, 2], x=[0, 36_000])], "relative", marks=[mark(7200.0)])
    assert hours.layout.shapes[0].x0 == 2
    log = curves([reading([1, 2], x=[1, 1000])], log_x=True, marks=[mark(0.0), mark(100.0)])
    assert [shape.x0 for shape in log.layout.shapes] == [100]
    assert log.layout.annotations[0].x == pytest.approx(math.log10(100))
    dates = curves([reading([1, 2], x=[1e9, 1e9 + 60])], "time", marks=[mark(1e9 + 30)])
    assert str(dates.layout.shapes[0].x0).startswith("2001-09-0")


@pytest.mark.parametrize("hostile", ["<img src=x onerror=alert(1)>", "<b>bold</b>", "a\nb\x1b[31m"])
def test_names_are_text(reading, hostile):
    figure = curves([reading([1, 2])], marks=[mark(1, hostile, tensors=(hostile,), message=hostile)])
    (note,) = figure.layout.annotations
    for text in (note.text, note.hovertext.replace("<br>", ""), figure.layout.shapes[0].name):
        assert "<" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize("ground", ["#ffffff", "#212121"])
def test_colours_stand_out(ground):
    assert all(contrast(colour, ground) >= 3 for colour in MARK_COLOURS.values())
