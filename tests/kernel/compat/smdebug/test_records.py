"""The parser: it reads what a slow writer wrote, and says of everything else that it is damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.kernel.compat.smdebug.writing import CODES, event, field, masked, record, tensor_proto

from labdeck.compat.smdebug.exceptions import SMDebugValueError
from labdeck.compat.smdebug.records import masked_crc32c, read_records, read_tensors, to_array

DTYPES = st.sampled_from(sorted(CODES)).map(np.dtype)
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4)))
NAMES = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
STEPS = st.integers(0, 2**63 - 1)


def is_read_or_damaged(parse):
    """Whatever else is raised ends the test."""
    try:
        parse()
    except SMDebugValueError as error:
        return "damaged" in str(error)
    return True


@given(data=st.binary(max_size=64))
def test_the_checksum_is_that_of_the_slow_way(data):
    assert masked_crc32c(data) == masked(data)


@given(
    tensors=st.lists(st.tuples(NAMES, ARRAYS), max_size=3),
    step=STEPS,
    mode_step=STEPS,
    mode=st.sampled_from(["TRAIN", "EVAL", "PREDICT", "GLOBAL"]),
    checked=st.booleans(),
)
def test_what_was_written_is_read(tensors, step, mode_step, mode, checked):
    data = b"".join(record(event(name, array, step, mode, mode_step), checked=checked) for name, array in tensors)
    found = list(read_tensors(data))
    assert [one.name for one in found] == [name for name, _ in tensors]
    for one, (_, array) in zip(found, tensors, strict=True):
        assert (one.step, one.mode_step) == (step, mode_step)
        assert one.value.dtype == array.dtype
        np.testing.assert_array_equal(one.value, array)


@given(texts=st.lists(st.text(max_size=5).filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_strings_are_read(texts):
    np.testing.assert_array_equal(to_array(memoryview(tensor_proto(np.array(texts)))), np.array(texts))


@given(values=arrays.arrays(np.float16, st.integers(1, 5)))
def test_half_precision_that_is_called_int32_is_read(values):
    message = field(1, 3) + field(2, field(2, field(1, values.size))) + field(4, values.tobytes())
    np.testing.assert_array_equal(to_array(memoryview(message)), values)


@given(values=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=4), packed=st.booleans())
def test_values_that_stand_one_by_one_are_read(values, packed):
    from tests.kernel.compat.smdebug.writing import varint

    listed = field(7, b"".join(varint(value) for value in values)) if packed else b"".join(field(7, v) for v in values)
    message = field(1, 3) + field(2, field(2, field(1, len(values)))) + listed
    assert to_array(memoryview(message)).tolist() == values


def test_one_value_stands_for_all():
    message = field(1, 1) + field(2, field(2, field(1, 3))) + field(5, np.float32([0.5]).tobytes())
    assert to_array(memoryview(message)).tolist() == [0.5, 0.5, 0.5]


@given(data=st.binary(max_size=200))
def test_noise_is_damage_and_nothing_else(data):
    assert is_read_or_damaged(lambda: list(read_tensors(data)))
    assert is_read_or_damaged(lambda: to_array(memoryview(data)))


@given(payload=st.binary(max_size=200))
def test_noise_in_a_whole_record_is_damage_and_nothing_else(payload):
    assert is_read_or_damaged(lambda: list(read_tensors(record(payload))))


@given(array=ARRAYS, data=st.data())
def test_what_is_cut_off_is_damage(array, data):
    whole = record(event("weight", array, 1, "TRAIN", 1))
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(SMDebugValueError, match="damaged"):
        list(read_records(whole[:cut]))


@given(array=ARRAYS, data=st.data())
def test_a_changed_byte_never_raises_anything_else(array, data):
    whole = bytearray(record(event("weight", array, 1, "TRAIN", 1), checked=False))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    assert is_read_or_damaged(lambda: list(read_tensors(bytes(whole))))


@pytest.mark.parametrize("size", [2**31, 2**62, -1])
def test_a_shape_larger_than_its_content_is_damage(size):
    message = field(1, 1) + field(2, field(2, field(1, size))) + field(4, b"\0\0\0\0")
    with pytest.raises(SMDebugValueError, match="damaged"):
        to_array(memoryview(message))
    alone = field(1, 1) + field(2, field(2, field(1, size))) + field(5, b"\0\0\0\0")
    with pytest.raises(SMDebugValueError, match="damaged"):
        to_array(memoryview(alone))


def test_more_dimensions_than_numpy_has_are_damage():
    message = field(1, 1) + field(2, field(2, field(1, 1)) * 70) + field(4, b"\0\0\0\0")
    with pytest.raises(SMDebugValueError, match="damaged"):
        to_array(memoryview(message))


def test_a_wrong_checksum_is_damage():
    whole = bytearray(record(b"payload"))
    whole[-1] ^= 1
    with pytest.raises(SMDebugValueError, match="damaged"):
        list(read_records(bytes(whole)))
