"""What a terminal would show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.terminal import Screen


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\nb\n", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("abc\rX\n", ["Xbc"]),
        ("12\b\b34\n", ["34"]),
        ("long bar\r\x1b[Kshort\n", ["short"]),
        ("long bar\x1b[2K\rshort\n", ["short"]),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\n", ["red link"]),
        ("trailing   \n\n", ["trailing", ""]),
    ],
)
def test_rows(text, rows):
    assert Screen().feed(text) == rows


@given(st.text(alphabet="ab\r\n\b", max_size=60), st.integers(0, 60))
def test_it_does_not_matter_how_text_is_cut(text, at):
    whole, cut = Screen(), Screen()
    assert whole.feed(text) == cut.feed(text[:at]) + cut.feed(text[at:])
    assert whole.begun() == cut.begun()


@given(st.text(alphabet="ab \r\n\b", max_size=60))
def test_it_is_what_a_grid_of_characters_would_hold(text):
    rows, column = [[]], 0
    for char in text:
        if char == "\n":
            rows.append([])
            column = 0
        elif char == "\r":
            column = 0
        elif char == "\b":
            column = max(column - 1, 0)
        else:
            rows[-1][column : column + 1] = [char]
            column += 1
    *done, last = ["".join(row).rstrip() for row in rows]
    screen = Screen()
    assert screen.feed(text) == done
    assert screen.begun() == ([last] if last else [])


def test_several_bars_are_held_until_the_cursor_rests():
    screen = Screen()
    bars = "\n\rinner {0}%\x1b[A\router {0}%"
    assert screen.feed("outer 0%") == []
    assert screen.feed(bars.format(0)) == ["outer 0%"], "nobody can know yet that the cursor will come back"
    for percent in range(101):
        assert screen.feed(bars.format(percent)) == []
    assert screen.begun() == ["outer 100%", "inner 100%"]
    assert screen.settle() == [], "it has moved since"
    screen.feed("\n\n")
    assert screen.settle() == ["outer 100%", "inner 100%"]
    assert screen.feed("done\n") == ["done"]


@given(st.text(alphabet="ab\r\n\b\x1b[2AKm;", max_size=80))
def test_any_text_is_taken(text):
    screen = Screen()
    rows = [*screen.feed(text), *screen.settle(), *screen.finish()]
    assert not any("\n" in row or "\r" in row for row in rows)
