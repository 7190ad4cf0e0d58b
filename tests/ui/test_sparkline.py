"""Sparklines as text and as SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck_ui.sparkline import svg_sparkline, text_sparkline

NUMBERS = st.lists(
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"]), max_size=24
)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        ([1.0], "▅"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([7, 0], "█▁"),
        ([0, "NaN", 1], "▁ █"),
        (["NaN", "Infinity"], "  "),
        ([-1.7e308, 1.7e308], "▁█"),
    ],
)
def test_text(values, text):
    assert text_sparkline(values) == text


@given(NUMBERS)
def test_svg_is_well_formed_and_stays_inside_its_box(values):
    markup = svg_sparkline(values)
    finite = [value for value in values if not isinstance(value, str)]
    assert bool(markup) == bool(finite)
    if markup:
        box = ET.fromstring(markup)
        pairs = re.findall(r"([\d.]+),([\d.]+)", markup) + [(c.get("cx"), c.get("cy")) for c in box.iter("circle")]
        assert len(pairs) == len(finite)
        assert all(0 <= float(x) <= 72 and 0 <= float(y) <= 16 for x, y in pairs)


def test_svg_breaks_the_line_at_a_gap():
    shapes = [shape.tag for shape in ET.fromstring(svg_sparkline([1, 2, "NaN", 3]))]
    assert shapes == ["polyline", "circle"]
