"""What one part of a recording fails with, and the silence of what is computed for the record alone."""

import threading
import warnings

import pytest

from labdeck.runs.autolog.apart import Apart, quiet


def test_a_part_that_fails_is_none_and_is_said_once():
    apart = Apart("Ridge")
    with pytest.warns(UserWarning, match="could not record the size of Ridge: ValueError") as warned:
        assert apart.do("size", int, "a") is None
    assert apart.do("depth", int, "b") is None  # a second warning would be an error
    assert len(warned) == 1
    assert apart.do("size", int, "2") == 2


def test_threads_that_overlap_bring_the_filters_back():
    inside, leave = threading.Barrier(2), threading.Event()
    before = list(warnings.filters)

    def stay():
        with quiet():
            inside.wait(30)
            leave.wait(30)

    thread = threading.Thread(target=stay)
    thread.start()
    with quiet():
        inside.wait(30)
        leave.set()
        thread.join(30)
        warnings.warn("nobody hears it", UserWarning, stacklevel=1)
    assert list(warnings.filters) == before


def test_an_error_brings_the_filters_back_too():
    before = list(warnings.filters)
    with pytest.raises(ValueError, match="a"), quiet():
        int("a")
    assert list(warnings.filters) == before
