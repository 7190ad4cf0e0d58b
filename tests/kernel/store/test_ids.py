"""Identities."""

from hypothesis import given
from hypothesis import strategies as st

from labdeck.store.ids import is_id, new_id


def test_ids_are_unique_and_have_their_form():
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(is_id(one) for one in ids)


def test_ids_of_later_milliseconds_sort_later(monkeypatch):
    clock = iter([1_700_000_000_000_000_000, 1_700_000_000_001_000_000])
    monkeypatch.setattr("labdeck.store.ids.time.time_ns", lambda: next(clock))
    first, second = new_id(), new_id()
    assert first[:12] < second[:12]


@given(st.text())
def test_no_other_text_is_an_id(text):
    assert is_id(text) == (len(text) == 32 and all(char in "0123456789abcdef" for char in text))
