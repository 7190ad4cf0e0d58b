from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import UsageError
from labdeck.magics.door import run_line
from labdeck.magics.parsing import bind, place
from labdeck.magics.verbs import Argument, Flag, Noun, one_of, read_pair, read_setting
from labdeck.magics.words import quote, split

NOUN = Noun("thing", "Handle things.")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@NOUN.verb(
    Argument("first", "the first"),
    Argument("rest", "the rest", many=True, optional=True),
    Flag("size", "how big", "N", default="small"),
    Flag("goal", "which way", "max|min", one_of("max", "min")),
    Flag("param", "a parameter", "NAME=VALUE", read_setting, many=True),
    Flag("tag", "a tag", "KEY=VALUE", read_pair, many=True),
    Flag("dry", "do nothing"),
)
def make(context, **arguments):
    """Make a thing.

    Example: %thing make a
    """
    return context, arguments


@NOUN.verb(cell=True)
def fill(context, *, cell):
    """Fill a thing."""
    return context, cell


def parse(line):
    return bind(place(NOUN, NOUN.find("make"), split(line)))


def complaint(line, cell=None):
    with pytest.raises(UsageError) as caught:
        run_line(NOUN, None, split(line), cell)
    return str(caught.value)


def test_binds_by_position_and_by_flag():
    assert parse("a b c --size 3 --param lr=1e-3 --param 'n m'=\"x y\" --tag k=3 --dry --goal=min") == {
        "first": "a",
        "rest": ("b", "c"),
        "size": "3",
        "goal": "min",
        "param": (("lr", 0.001), ("n m", "x y")),
        "tag": (("k", "3"),),
        "dry": True,
    }


def test_what_is_left_out_has_its_default():
    assert parse("a") == {
        "first": "a", "rest": (), "size": "small", "goal": None, "param": (), "tag": (), "dry": False,
    }  # fmt: skip


def test_quoted_flags_and_what_follows_two_dashes_are_positional():
    assert parse("'--size' b")["first"] == "--size"
    assert parse("-- --size --dry")["rest"] == ("--dry",)
    assert parse("-3 - -x")["rest"] == ("-", "-x")


def test_the_value_of_a_flag_may_look_like_a_flag():
    assert parse("a --size --dry")["size"] == "--dry"


@given(TEXT, st.lists(TEXT), TEXT, st.lists(st.tuples(TEXT, TEXT)))
def test_any_text_reaches_the_verb_unchanged(first, rest, size, tags):
    line = " ".join(
        [quote(first), *(f"--tag {quoted(key)}={quoted(value)}" for key, value in tags), "--size", quote(size), "--"]
        + [quote(text) for text in rest]
    )
    values = parse(line)
    assert (values["first"], values["rest"], values["size"], values["tag"]) == (first, tuple(rest), size, tuple(tags))


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


USAGE = "%thing make FIRST [REST…] [--size N] [--goal max|min] [--param NAME=VALUE]… [--tag KEY=VALUE]… [--dry]"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mak", "%thing has no verb 'mak' (did you mean 'make'?)"),
        ("hlp", "%thing has no verb 'hlp' (did you mean 'help'?)"),
        ("zzz", "%thing has no verb 'zzz' (it has make, fill, help)"),
        ("make", f"FIRST is missing ({USAGE})"),
        ("make a --siz 3", "make has no flag --siz (did you mean '--size'?)"),
        ("make a --size", f"--size needs a value ({USAGE})"),
        ("make a --size 1 --size 2", "--size is given twice (keep one of them)"),
        ("make a --dry=1", "--dry takes no value (write [--dry])"),
        ("make a --goal mx", "--goal cannot be 'mx' (did you mean 'max'?)"),
        ("make a --goal up", "--goal cannot be 'up' (choose one of max, min)"),
        ("make a --param lr", "--param cannot be 'lr' (write NAME=VALUE)"),
        ("make a --tag 'k=v'", "--tag cannot be 'k=v' (write KEY=VALUE)"),
        ("fill", "fill takes the rest of the cell (start the cell with %%thing fill)"),
        ("fill x", "fill takes the rest of the cell (start the cell with %%thing fill)"),
        ("help mke", "%thing has no verb 'mke' (did you mean 'make'?)"),
    ],
)
def test_a_usage_error_says_what_is_right(line, message):
    assert complaint(line) == message


def test_too_much_is_refused():
    assert complaint("fill x", cell="body") == "fill does not take 'x' (%%thing fill)"
    assert complaint("make a", cell="body") == "make takes no cell (write %thing make with one percent sign)"


@given(TEXT)
def test_any_line_runs_or_is_refused_in_one_line(line):
    complaints = []
    try:
        run_line(NOUN, None, split(f"make {line}"), None)
    except UsageError as error:
        complaints += str(error).splitlines()
    assert len(complaints) <= 1


def test_help_names_every_verb_argument_and_flag():
    assert repr(run_line(NOUN, None, [], None)) == repr(run_line(NOUN, None, split("help"), None))
    assert "%thing make" in repr(run_line(NOUN, None, [], None))
    assert "%%thing fill" in repr(run_line(NOUN, None, [], None))
    told = repr(run_line(NOUN, None, split("help make"), None))
    assert told == repr(run_line(NOUN, None, split("make --size --help"), None))
    for part in ("Make a thing.", USAGE, "FIRST", "the rest", "--goal max|min", "which way", "Example: %thing make a"):
        assert part in told


def test_help_is_escaped_in_html():
    assert "<b>" not in run_line(Noun("x", "<b>bold</b>", {"make": NOUN.find("make")}), None, [], None)._repr_html_()
