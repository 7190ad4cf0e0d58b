import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from labdeck.debugger.reducing import Reducer
from labdeck.findings.reductions import REDUCTIONS, reduce
from labdeck.store.tensors.layout import TensorInfo, make_layout


def reduced(arrays, names=REDUCTIONS):
    """Every reduction of every array, by the quick way."""
    layout = make_layout([(TensorInfo(str(number)), tuple(names)) for number in range(len(arrays))])
    parts = [[column for column in layout.columns if column.tensor == number] for number in range(len(arrays))]
    row = np.full(layout.width, -12345.0)
    Reducer(parts).fill(arrays, row)
    return [{c.reduction: row[c.start : c.start + c.width] for c in columns} for columns in parts]


def assert_right(arrays, names=REDUCTIONS):
    """The oracle is `labdeck.findings.reductions.reduce`; sums of float32 are right to 1e-6 of those of magnitudes."""
    for array, found in zip(arrays, reduced(arrays, names), strict=True):
        size = np.asarray(array).size
        scale = reduce(array, "abs_mean") if size else 0.0
        scale = scale if np.isfinite(scale) else 0.0
        for name, value in found.items():
            wanted = np.atleast_1d(reduce(array, name))
            off = 1e-6 * scale * (size if name in ("sum", "abs_sum") else 1)
            close = 2e-3 if "std" in name or "variance" in name else 2e-5
            np.testing.assert_allclose(value, wanted, rtol=close, atol=off, err_msg=f"{name} of {array!r:.200}")


def test_arrays_of_every_size_and_type_are_reduced_as_the_oracle_says():
    rng = np.random.default_rng(0)
    sizes = (0, 1, 5, 100, 16_384, 16_385, 70_000, 200_000)
    assert_right([rng.normal(size=size).astype(kind) for size in sizes for kind in "fde"])
    assert_right([np.arange(7), np.array([True, False]), np.array([1 + 2j, 0]), np.array(3.0, "f4"), np.zeros((3, 0))])
    assert_right([np.arange(12, dtype="f4").reshape(3, 4).T, np.arange(12, dtype="f4")[::2]])


@pytest.mark.parametrize("size", [9, 70_000])
def test_numbers_that_float32_cannot_square_or_tell_apart_are_reduced_right(size):
    rng = np.random.default_rng(1)
    about_one = (1 + rng.normal(size=size) * 1e-3).astype("f4")
    alike = [np.full(size, value, "f4") for value in (0.0, 0.1, 1e-25, 1e25, 3e38, -1e-42)]
    assert_right([*alike, about_one, -about_one, (about_one * 1e-22).astype("f4")])


@pytest.mark.parametrize("size", [3, 70_000])
def test_nan_and_infinities_are_counted_and_show_in_everything_else(size):
    base = np.zeros(size, "f4")
    arrays = []
    for values in ([np.nan], [np.inf], [-np.inf], [np.nan, np.inf], [np.inf, -np.inf]):
        array = base.copy()
        array[: len(values)] = values
        arrays.append(array)
    assert_right([*arrays, base])


def test_an_array_that_is_not_there_is_nan_and_disturbs_no_other():
    names = ("mean", "l2", "nan_count", "median")
    layout = make_layout([(TensorInfo(str(number)), names) for number in range(3)])
    reducer = Reducer([[c for c in layout.columns if c.tensor == number] for number in range(3)])
    row = np.zeros(layout.width)
    for middle in (np.ones(4, "f4"), None, np.ones(20_000, "f4")):
        reducer.fill([np.ones(2, "f4"), middle, np.ones(3, "f4")], row)
        wanted = [np.nan] * 4 if middle is None else [1.0, np.sqrt(middle.size), 0.0, 1.0]
        np.testing.assert_allclose(row, [1, np.sqrt(2), 0, 1, *wanted, 1, np.sqrt(3), 0, 1])


def test_many_small_arrays_are_each_reduced_alone():
    arrays = [np.full(number % 7, number, "f4") for number in range(3000)]
    for array, found in zip(arrays, reduced(arrays, ("sum", "abs_max")), strict=True):
        assert found["sum"][0] == array.sum()
        assert found["abs_max"][0] == array.max() if array.size else np.isnan(found["abs_max"][0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        numbers.arrays(
            st.sampled_from(["f4", "f8", "i4"]), st.integers(0, 30), elements=st.integers(-1000, 1000).map(int)
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.sampled_from(REDUCTIONS), min_size=1, unique=True),
)
def test_any_choice_of_reductions_is_right_for_any_arrays(arrays, names):
    assert_right(arrays, names)
