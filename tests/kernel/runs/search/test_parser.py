"""Queries are read as they are meant, written back as they were, and mistakes are pointed at."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import InvalidQuery, MalformedQuery
from labdeck.runs.search.fields import field_text, parse_field
from labdeck.runs.search.parser import MAX_DEPTH, MAX_LENGTH, parse, parse_sort, render
from labdeck.runs.search.values import STATES
from labdeck.store.conditions import (
    FACTS,
    STATISTICS,
    Comparison,
    Either,
    Every,
    Exists,
    Field,
    NoneOf,
    Not,
    OneOf,
    SortKey,
)

NOW = 1_000_000_000.0
ACC = Field("metrics", "acc")
NAME = Field("trial", "name")
STARTED = Field("trial", "started")

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
names = texts.filter(bool) | st.sampled_from(
    ["a.min", "train:loss", "min", "x.last", "a/b", "and", '"', "\\", "a.b.max"]
)
numbers = st.floats(allow_nan=False)
metrics = st.builds(Field, st.just("metrics"), names, st.sampled_from(STATISTICS))
named = st.builds(Field, st.sampled_from(["params", "tags"]), names)
facts = st.builds(Field, st.just("trial"), st.sampled_from(FACTS))
fields = metrics | named | facts


@st.composite
def comparisons(draw):
    field = draw(fields)
    if draw(st.integers(0, 4)) == 0:
        return Exists(field)
    values = numbers if field.is_number else texts
    operators = ["=", "!=", "<", "<=", ">", ">=", *([] if field.is_number else ["~", "!~"])]
    if field == Field("trial", "archived"):
        values, operators = st.booleans(), ["=", "!="]
    elif field == Field("trial", "state"):
        values, operators = st.sampled_from(STATES), ["=", "!="]
    elif field.kind == "params":
        values = texts | numbers | st.booleans() | st.none()
    if draw(st.booleans()) and field.name not in {"started", "ended"}:
        listed = tuple(draw(st.lists(values, min_size=1, max_size=3)))
        return draw(st.sampled_from([OneOf, NoneOf]))(field, listed)
    value = draw(values)
    if value is None or isinstance(value, bool):
        operators = ["=", "!="]
    operator = draw(st.sampled_from(operators))
    return Comparison(field, operator, str(value) if operator in {"~", "!~"} else value)


conditions = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda terms: Every(tuple(terms)), st.lists(inner, min_size=2, max_size=3))
        | st.builds(lambda terms: Either(tuple(terms)), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=6,
)


@given(conditions)
def test_what_is_written_is_read_as_the_same(condition):
    assert parse(render(condition)) == condition


@given(fields)
def test_a_field_is_read_as_it_was_written(field):
    assert parse_field(field_text(field)) == field


PIECES = [
    "metrics.a",
    "params.b",
    "tags.",
    "name",
    "state",
    "started",
    "archived",
    "metrics",
    "=",
    "<",
    "~",
    "!",
    "!=",
    "(",
    ")",
    ",",
    "and",
    "or",
    "NOT",
    "in",
    "exists",
    "null",
    "true",
    '"x',
    "'y'",
    "`",
    "\\",
    "-7d",
    "2026-11-01",
    "0.5",
    "1e999",
    "nan",
    "é",
    "\\u0000",
    "completed",
]


@given(
    st.lists(st.sampled_from([*PIECES, "\n", "\0", "\ud800"]) | st.text(max_size=3), max_size=8).map(" ".join)
    | st.text(max_size=20)
)
def test_any_text_is_read_or_told_where_it_is_wrong(text):
    for read in (parse, parse_sort, parse_field):
        error = complaint(read, text)
        if error is not None:
            assert 0 <= error.position <= len(text)
            assert error.message
            assert len(str(error).splitlines()) <= 4


def complaint(read, text):
    try:
        read(text)
    except MalformedQuery as error:
        return error
    return None


A, B, C = (Comparison(NAME, "=", letter) for letter in "abc")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", None),
        ("  ", None),
        ("metrics.acc > 0.9", Comparison(ACC, ">", 0.9)),
        ("metrics.acc>.9", Comparison(ACC, ">", 0.9)),
        ("metrics.acc == -1e-3", Comparison(ACC, "=", -0.001)),
        ("metrics.acc.best < inf", Comparison(Field("metrics", "acc", "best"), "<", float("inf"))),
        ("metrics.train:loss.min <= 1", Comparison(Field("metrics", "train:loss", "min"), "<=", 1.0)),
        ('metrics."train.min" = 1', Comparison(Field("metrics", "train.min"), "=", 1.0)),
        ('metrics.val/"odd name".max = 1', Comparison(Field("metrics", "val/odd name", "max"), "=", 1.0)),
        ("metrics.`odd name` exists", Exists(Field("metrics", "odd name"))),
        ("trial = cnn-32", Comparison(NAME, "=", "cnn-32")),
        ("name = 007", Comparison(NAME, "=", "007")),
        ('name = "AND"', Comparison(NAME, "=", "AND")),
        (r'name = "a\"\\\n\u00e9"', Comparison(NAME, "=", 'a"\\\né')),
        ("params.lr = 0.1", Comparison(Field("params", "lr"), "=", 0.1)),
        ('params.lr = "0.1"', Comparison(Field("params", "lr"), "=", "0.1")),
        ("params.on = TRUE", Comparison(Field("params", "on"), "=", True)),
        ("params.on = null", Comparison(Field("params", "on"), "=", None)),
        ("params.lr ~ 0.1", Comparison(Field("params", "lr"), "~", "0.1")),
        ('params.o in (sgd, "adam", 1)', OneOf(Field("params", "o"), ("sgd", "adam", 1.0))),
        ("params.o NOT IN (sgd)", NoneOf(Field("params", "o"), ("sgd",))),
        ("not params.o in (sgd)", Not(OneOf(Field("params", "o"), ("sgd",)))),
        ("started > -7d", Comparison(STARTED, ">", NOW - 7 * 86_400)),
        ("started >= -30m", Comparison(STARTED, ">=", NOW - 1_800)),
        ("started < 1970-01-02", Comparison(STARTED, "<", 86_400.0)),
        ("started < 1970-01-01T10:00", Comparison(STARTED, "<", 36_000.0)),
        ('started < "1970-01-01 10:00:00+02:00"', Comparison(STARTED, "<", 28_800.0)),
        ("started < 1970-01-01T10:00Z", Comparison(STARTED, "<", 36_000.0)),
        ("started = 1970-01-02", Every((Comparison(STARTED, ">=", 86_400.0), Comparison(STARTED, "<", 172_800.0)))),
        ("duration > 5m", Comparison(Field("trial", "duration"), ">", 300.0)),
        ("duration > 90", Comparison(Field("trial", "duration"), ">", 90.0)),
        ("archived = false", Comparison(Field("trial", "archived"), "=", False)),
        ("name=a or name=b and not name=c", Either((A, Every((B, Not(C)))))),
        ("(name=a OR name=b) AND name=c", Every((Either((A, B)), C))),
    ],
)
def test_queries_mean_what_they_say(text, condition):
    assert parse(text, NOW) == condition


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("metrics.acc >", 13, "a value was expected, but the query ends"),
        ("metrics.acc 5", 12, "an operator was expected"),
        ("metric.acc > 5", 0, "did you mean metrics.acc?"),
        ("nam = 5", 0, "did you mean name?"),
        ("name is x", 5, "did you mean =?"),
        ("name exist", 5, "did you mean exists?"),
        ("acc > 5", 0, "write metrics.acc, params.acc or tags.acc"),
        ("metrics.acc > high", 14, "a number was expected"),
        ('metrics.acc > "1"', 14, "a number was expected"),
        ("metrics.acc = nan", 14, "exists"),
        ("metrics.acc = null", 14, "not … exists"),
        ("metrics.acc ~ 1", 12, "looks for text"),
        ("state = done", 8, "states are running"),
        ("started > yesterday", 10, "a time was expected"),
        ("started > 2026-13-01", 10, "a time was expected"),
        ("started in (2026-11-01)", 11, "times are compared"),
        ("duration > 5x", 11, "a length of time"),
        ("archived = yes", 11, "true or false"),
        ("archived < true", 9, "true or false"),
        ("params.a < true", 11, "use = or !="),
        ("name = a b", 9, "between quotation marks"),
        ("name = and", 7, "put it between quotation marks"),
        ("and name = a", 0, "a field was expected"),
        ("(name = a", 9, "the bracket at character 1 is never closed"),
        ("name = a)", 8, "never opened"),
        ("name in a", 8, "`(` was expected"),
        ("name in (a b)", 11, "`)` was expected"),
        ("name not exists", 9, "`in` was expected"),
        ('name = "a', 7, "never closed"),
        (r'name = "\x"', 8, "backslash"),
        (r'name = "\ud800"', 8, "backslash"),
        ("name = \0", 7, "a character that is none"),
        ("name = a && name = b", 9, "write `and` or `or`"),
        ("name ! a", 5, "write != or !~"),
        ("not " * (MAX_DEPTH + 1) + "name = a", 4 * MAX_DEPTH, "nested too deeply"),
        ("(" * (MAX_DEPTH + 1) + "name = a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, "nested too deeply"),
        (" or ".join(["name = a"] * 201), 200 * 12, "too many comparisons"),
        ("name in (" + ",".join(["a"] * 1_001) + ")", 9 + 2_000, "too many values"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "characters"),
    ],
)
def test_mistakes_are_pointed_at(text, position, says):
    with pytest.raises(MalformedQuery) as caught:
        parse(text, NOW)
    assert caught.value.position == position
    assert says in str(caught.value)
    assert isinstance(caught.value, InvalidQuery)


def test_a_mark_stands_under_the_character():
    with pytest.raises(MalformedQuery) as caught:
        parse("metrics.acc > high")
    query, mark = str(caught.value).splitlines()[-2:]
    assert query[mark.index("^") :] == "high"
    with pytest.raises(MalformedQuery) as caught:
        parse("name = a and " * 30 + "metrics.acc\n> high")
    query, mark = str(caught.value).splitlines()[-2:]
    assert query[mark.index("^") :] == "high"
    assert len(query) <= 100
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.position) == (str(caught.value), caught.value.position)


def test_sort_orders():
    assert parse_sort("") == ()
    assert parse_sort('-metrics."a b".min, params.lr desc,started, +name') == (
        SortKey(Field("metrics", "a b", "min"), descending=True),
        SortKey(Field("params", "lr"), descending=True),
        SortKey(STARTED),
        SortKey(NAME),
    )


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("acc", 0, "metrics.acc"),
        ("-", 1, "a field"),
        ("name started", 5, "a comma was expected"),
        ("name,", 5, "a field was expected"),
        (",".join(["name"] * 9), 40, "too many"),
    ],
)
def test_sort_orders_that_cannot_be_read(text, position, says):
    with pytest.raises(MalformedQuery, match=says) as caught:
        parse_sort(text)
    assert caught.value.position == position
