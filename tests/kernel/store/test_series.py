"""Points compared bit by bit, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from labdeck.store.contract import Series
from labdeck.store.series import cut, rows, same_beginning


def series(n, *, nan=np.nan):
    values = np.arange(n, dtype=float)
    values[::3] = nan
    return Series(np.arange(n), np.arange(n) / 8, values)


@pytest.mark.parametrize("piece", [1, 3, 4, 100])
def test_a_series_begins_as_its_own_beginnings_and_as_no_other(monkeypatch, piece):
    monkeypatch.setattr("labdeck.store.series._PIECE", piece)
    whole = series(10)
    for n in range(11):
        assert same_beginning(whole, cut(whole, slice(n)))
        assert same_beginning(cut(whole, slice(n)), whole)
    for place in range(10):
        for part in ("steps", "times", "values"):
            other = series(10)
            getattr(other, part)[place] = 77
            assert not same_beginning(whole, other)
            assert same_beginning(whole, cut(other, slice(place)))


def test_all_nans_are_one_and_both_zeros_too():
    strange = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    assert same_beginning(series(4), series(4, nan=strange))
    assert rows(series(1, nan=0.0)).tobytes() == rows(series(1, nan=-0.0)).tobytes()
