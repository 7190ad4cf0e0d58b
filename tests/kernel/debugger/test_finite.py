"""Arrays that hold NaN or infinity are told from those that do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labdeck.debugger.finite import is_finite

KINDS = ("float16", "float32", "float64", "complex64", "int32", "bool")


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(min_side=0, max_side=5))))
def test_it_is_what_each_number_says(array):
    expected = all(math.isfinite(complex(each).real) and math.isfinite(complex(each).imag) for each in array.ravel())
    assert is_finite(array) is expected
    assert is_finite(array.T) is expected
    assert is_finite(array[::2]) is all(
        math.isfinite(complex(each).real) and math.isfinite(complex(each).imag) for each in array[::2].ravel()
    )


@pytest.mark.parametrize("array", [np.full(9, 1e300), np.full(9, 6e4, np.float16), np.array(["nan"]), np.array(None)])
def test_large_numbers_and_what_is_no_number_are_finite(array):
    assert is_finite(array)
