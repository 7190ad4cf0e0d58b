"""What can be a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import InvalidName
from labdeck.store.names import MAX_NAME_BYTES, check_name

HOSTILE = [
    "../../x",
    "<img src=x onerror=alert(1)>",
    "'; drop table trial; --",
    "😀",
    "a" * 10_000,
    "a\nb",
    " x ",
    "C:\\x",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_as_they_are(name):
    assert check_name(name, "trial") == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is empty"),
        ("  \t", "is empty"),
        ("x" * (MAX_NAME_BYTES + 1), "16,385 bytes long"),
        ("a\0b", "NUL"),
        ("a\ud800", "surrogate pair at position 1"),
        (3, "is int, not text"),
        (None, "is NoneType, not text"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_one_line(name, says):
    with pytest.raises(InvalidName) as caught:
        check_name(name, "experiment")
    assert says in str(caught.value)
    assert str(caught.value).startswith("the name of an experiment ")
    assert "\n" not in str(caught.value)


@given(st.text())
def test_every_accepted_name_survives_utf8(name):
    try:
        kept = check_name(name, "metric")
    except InvalidName:
        assert not name.strip() or "\0" in name or any("\ud800" <= char <= "\udfff" for char in name)
    else:
        assert kept.encode().decode() == name
