"""What is offered may stand where the cursor is, and takes the place of what is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import MalformedQuery
from labdeck.runs.search.completion import complete, field_names
from labdeck.runs.search.parser import parse, parse_sort
from labdeck.runs.search.values import STATES
from labdeck.wire.searching import Vocabulary

WORDS = Vocabulary(
    metrics=("loss", "test_accuracy", "val/loss", "odd name"),
    params=("lr", "optimizer"),
    tags=("team",),
    experiments=("digits", "two words"),
    states=STATES,
)


def offered(query, at=None):
    found = complete(query, len(query) if at is None else at, WORDS)
    return [query[: found.start] + item.text + query[found.end :] for item in found.items]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("me", "metrics.loss"),
        ("acc", "metrics.test_accuracy"),
        ("metrics.val", "metrics.val/loss"),
        ("metrics.odd", 'metrics."odd name"'),
        ('metrics."od', 'metrics."odd name"'),
        ("metrics.loss.m", "metrics.loss.min"),
        ("metrics.loss.", "metrics.loss.last"),
        ("opt", "params.optimizer"),
        ("not tea", "not tags.team"),
        ("(lr", "(params.lr"),
        ("metrics.loss ", "metrics.loss ="),
        ("params.lr e", "params.lr exists"),
        ("params.lr not ", "params.lr not in ("),
        ("params.lr in ", "params.lr in ("),
        ("state = comp", "state = completed"),
        ("state in (", "state in (running"),
        ("state in (running", "state in (running"),
        ("state in (running ", "state in (running ,"),
        ("experiment = tw", 'experiment = "two words"'),
        ("archived = f", "archived = false"),
        ("started > ", "started > -1h"),
        ("name = a ", "name = a and"),
        ("(name = a ", "(name = a and"),
        ("name = a o", "name = a or"),
        ("name in (a) ", "name in (a) and"),
        ("name = a and lr", "name = a and params.lr"),
    ],
)
def test_the_first_offer(query, first):
    assert offered(query)[0] == first


def test_a_bracket_is_closed_only_where_one_is_open():
    assert "(name = a )" in offered("(name = a ")
    assert "name = a )" not in offered("name = a ")


def test_the_word_under_the_cursor_is_replaced_as_a_whole():
    assert offered("metrics.loxx > 1", len("metrics.lo"))[0] == "metrics.loss > 1"
    assert offered("metrics.loss > 1 and  lr = 2", len("metrics.loss > 1 and "))[0].startswith(
        "metrics.loss > 1 and metrics."
    )


def test_text_is_never_matched_by_like_or_by_operators_of_numbers():
    assert "metrics.loss ~" not in offered("metrics.loss ")
    assert "tags.team ~" in offered("tags.team ")


@given(
    st.text(max_size=25)
    | st.lists(st.sampled_from(["metrics.", "loss", " ", "=", "(", "in", '"', "and", "not", "0.1", ","])).map("".join)
)
def test_anything_that_is_typed_has_completions_or_none(text):
    for at in range(-1, len(text) + 2):
        found = complete(text, at, WORDS)
        assert 0 <= found.start <= found.end <= len(text)
        assert len(found.items) <= 100


@given(st.sampled_from(["", "name = a and ", "not (", "metrics.loss > 1 or "]), st.text("losm.tra", max_size=6))
def test_every_field_that_is_offered_can_be_read(before, typed):
    for query in offered(before + typed):
        if not query.endswith(("not", "metrics.", "params.", "tags.")):
            with pytest.raises(MalformedQuery) as caught:
                parse(query)
            assert caught.value.position == len(query), "all but the operator can be read"


def test_all_fields_can_be_sorted_by():
    names = field_names(WORDS)
    assert {'metrics."odd name"', "params.lr", "tags.team", "started"} <= set(names)
    assert all(len(parse_sort(f"-{name}")) == 1 for name in names)
