from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import UsageError
from labdeck.magics.words import EXPANDED, QUOTED, quote, read_value, split

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def texts(line, **options):
    return [word.text for word in split(line, **options)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("   ", []),
        ("use digits", ["use", "digits"]),
        ("use 'my digits'", ["use", "my digits"]),
        ('use "it\'s"', ["use", "it's"]),
        (r"use 'it\'s'", ["use", "it's"]),
        ("note it doesn't fit", ["note", "it", "doesn't", "fit"]),
        (r"note C:\data\new", ["note", r"C:\data\new"]),
        (r"note 'C:\data'", ["note", r"C:\data"]),
        ("trial 🧪 --param näme='a b'", ["trial", "🧪", "--param", "näme=a b"]),
        ('tag "my key"="my value"', ["tag", "my key=my value"]),
        ("x ''", ["x", ""]),
        ("--param lr={rates['a b']}", ["--param", "lr={rates['a b']}"]),
        ("--param x={f(1, 2)} y", ["--param", "x={f(1, 2)}", "y"]),
        ("a{ b", ["a{", "b"]),
    ],
)
def test_splits_as_a_reader_expects(line, expected):
    assert texts(line) == expected


@given(st.lists(TEXT))
def test_quoted_words_come_back_unchanged_and_uninterpolated(words):
    def never(text):
        raise AssertionError(text)

    assert texts(" ".join(map(quote, words)), expand=never) == words


@given(TEXT)
def test_any_line_splits_or_is_refused(line):
    with contextlib.suppress(UsageError):
        assert all(len(word.text) == len(word.mask) for word in split(line))
    assert all(len(word.text) == len(word.mask) for word in split(line, unfinished=True))


@given(TEXT, TEXT)
def test_an_unfinished_line_has_the_words_before_the_cursor(done, typing):
    words = split(f"{quote(done)} {typing}", unfinished=True)
    assert words[0].text == done
    assert len(words) >= 2


def test_an_unfinished_line_ends_in_the_word_being_typed():
    assert texts("use ", unfinished=True) == ["use", ""]
    assert texts("use 'my di", unfinished=True) == ["use", "my di"]
    assert texts("use 'my ", unfinished=True) == ["use", "my "]
    assert [word.start for word in split("use 'my ", unfinished=True)] == [0, 4]


def test_an_open_quotation_names_its_text():
    with pytest.raises(UsageError, match="before 'my digits' is never closed"):
        split("use 'my digits")


def test_variables_are_put_in_outside_single_quotes():
    def expand(text):
        return text.replace("{x}", "a b=c")

    words = split("""k={x} {x} "{x}" '{x}' --note={x}""", expand)
    assert [word.text for word in words] == ["k=a b=c", "a b=c", "a b=c", "{x}", "--note=a b=c"]
    assert words[0].mask == "k=" + EXPANDED * 5
    assert words[1].mask == EXPANDED * 5
    assert words[2].mask == QUOTED * 5
    assert words[4].mask == "--note=" + EXPANDED * 5


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("1_000", 1000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("-1E3", -1000.0),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("True", True),
        ("false", False),
        ("None", None),
        ("'3'", "3"),
        ('"None"', "None"),
        ("relu", "relu"),
        ("1e", "1e"),
        ("0x10", "0x10"),
        ("1.2.3", "1.2.3"),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_values_are_what_they_spell(line, value):
    read = read_value(split(line)[0])
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number():
    assert math.isnan(read_value(split("nan")[0]))


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()))
def test_python_s_own_spelling_is_read_back(value):
    read = read_value(split(str(value))[0])
    assert read == value
    assert type(read) is type(value)


@given(TEXT.filter(bool))
def test_quoted_values_stay_text(text):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    _, _, value = split(f"k='{escaped}'")[0].partition()
    assert read_value(value) == text
