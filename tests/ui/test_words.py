"""Numbers, times and names for people."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck_ui import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (32, "32"),
        (-5, "−5"),
        (1_234_567, "1,234,567"),
        (0.98123, "0.9812"),
        (123456.7, "123,457"),
        (1234.5, "1,234"),
        (3e-9, "3e-9"),
        (-2.5e-7, "−2.5e-7"),
        (1e308, "1e308"),
        (5e-324, "4.941e-324"),
        (2.0, "2"),
        ("NaN", "NaN"),
        ("Infinity", "∞"),
        ("-Infinity", "−∞"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
        (10**30, "1e30"),
        (99999.5, "100,000"),
        (0.00012345, "0.0001234"),
        (True, "1"),
    ],
)
def test_number(value, text):
    assert words.number(value) == text


@given(st.floats(-1.797e308, 1.797e308))
def test_number_keeps_four_digits(value):
    shown = float(words.number(value).replace("−", "-").replace(",", ""))
    assert shown == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "true"), (False, "false"), (3, "3"), (1e-3, "0.001"), ("adam", "adam"), ("NaN", "NaN")],
)
def test_parameter(value, text):
    assert words.parameter(value) == text


@given(st.text(max_size=100), st.integers(2, 60))
def test_a_name_is_one_clipped_line_without_control_characters(text, limit):
    shown = words.name(text, limit)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Zl", "Zp"} or char in "\u202e\u2066"]
    if text.isascii() and text.isprintable():
        assert shown == (text if len(text) <= limit else text[: limit - 1] + "…")


def test_emoji_sequences_stay_whole():
    assert words.name("👩‍🔬") == "👩‍🔬"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.42, "0.4 s"),
        (59.4, "59 s"),
        (75, "1 min 15 s"),
        (3599, "59 min 59 s"),
        (4000, "1 h 6 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_duration(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-50, "just now"),
        (0.5, "just now"),
        (12, "12 s ago"),
        (130, "2 min ago"),
        (7300, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_ago(seconds, text):
    assert words.ago(1e9, 1e9 + seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_500_000, "3.5 MB"), (10**12, "1.0 TB"), (10**16, "10000.0 TB")],
)
def test_size(amount, text):
    assert words.size(amount) == text
