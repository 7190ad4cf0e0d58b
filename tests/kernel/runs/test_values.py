"""Parameters as they are kept."""

import decimal
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labdeck.runs.values import MAX_TEXT, to_param_value, to_params


class Unprintable:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        (True, True),
        (np.bool_(True), True),
        (7, 7),
        (np.int16(-3), -3),
        (2**63, str(2**63)),
        (0.1, 0.1),
        (np.float64(0.25), 0.25),
        (np.array(2.5), 2.5),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (None, None),
        ("adam", "adam"),
        ("a\0b\ud800", "a\ufffdb?"),
        ([1, 2], "[1, 2]"),
        (np.array([1.0]), "[1.]"),
        (decimal.Decimal("0.1"), "0.1"),
        (Unprintable(), "<Unprintable: its text form failed with RuntimeError>"),
    ],
)
def test_values(given_value, kept):
    value = to_param_value(given_value)
    assert value == kept
    assert type(value) is type(kept)


def test_torch_scalars_are_numbers():
    assert to_param_value(torch.tensor(3)) == 3
    assert to_param_value(torch.tensor(0.5)) == 0.5


def test_a_long_text_is_cut_and_says_so():
    kept = to_param_value("x" * 100_000)
    assert len(kept) == MAX_TEXT
    assert kept.endswith("…")


@given(st.one_of(st.text(), st.floats(), st.integers(), st.lists(st.integers()), st.binary()))
def test_whatever_is_given_can_be_stored(value):
    kept = to_param_value(value)
    assert kept is None or isinstance(kept, bool | int | float | str)
    if isinstance(kept, str):
        assert "\0" not in kept
        kept.encode()
    if isinstance(kept, float):
        assert math.isfinite(kept)


def test_keywords_win_over_the_mapping():
    assert {param.name: param.value for param in to_params({"a": 1, "b": 2}, {"b": 3}, "")} == {"a": 1, "b": 3}
