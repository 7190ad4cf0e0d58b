"""The flight recorder: the last steps, as they were, within its memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.copying import Shelf, blocks_of
from labdeck.debugger.flight import FlightRing
from labdeck.errors import UsageError
from labdeck.store.tensors.frames import Moment


def at(step):
    return Moment("TRAIN", step, step, float(step))


def contents(ring):
    return [
        (moment.step, {name: np.frombuffer(block.data, block.dtype).tolist() for name, block in blocks.items()})
        for moment, blocks in ring.lend()
    ]


@given(st.integers(1, 6), st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), max_size=20))
def test_it_holds_the_last_steps_as_they_were(steps, sizes):
    ring, array, expected = FlightRing(steps), np.zeros(5), []
    for step, lengths in enumerate(sizes):
        given_arrays = {}
        for number, length in enumerate(lengths):
            array[:] = step
            given_arrays[f"t{number}"] = array[:length].copy()
        assert ring.keep(at(step), given_arrays) == steps
        expected.append((step, {name: value.tolist() for name, value in given_arrays.items()}))
        for value in given_arrays.values():
            value[:] = -1
    assert len(ring) == min(steps, len(sizes))
    assert contents(ring) == expected[-steps:]


def test_it_stays_within_its_memory():
    ring = FlightRing(5, limit=2500)
    assert [ring.keep(at(step), {"w": np.zeros(100)}) for step in range(4)] == [3] * 4
    assert [step for step, _ in contents(ring)] == [1, 2, 3]
    assert ring.keep(at(4), {"w": np.zeros(300)}) == 1
    assert [step for step, _ in contents(ring)] == [4]
    assert ring.keep(at(5), {"w": np.zeros(400)}) == 0
    assert len(ring) == 0
    assert ring.latest() is None


def test_memory_is_used_again_but_not_while_it_is_lent():
    ring = FlightRing(2)
    for step in range(2):
        ring.keep(at(step), {"w": np.full(3, step)})
    lent = ring.lend()
    for step in range(2, 8):
        ring.keep(at(step), {"w": np.full(3, step)})
    assert [np.frombuffer(blocks["w"].data, np.int64).tolist() for _, blocks in lent] == [[0] * 3, [1] * 3]
    addresses = set()
    for step in range(8, 20):
        ring.keep(at(step), {"w": np.full(3, step)})
        addresses.add(id(ring._ring[-1][1]["w"].array))
    assert len(addresses) == 2, "the oldest step's memory becomes the newest's"


def test_tensors_of_every_kind_are_copied():
    kinds = {
        "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "grad": torch.ones(2, requires_grad=True),
        "conj": torch.tensor([1 + 2j]).conj(),
        "sparse": torch.tensor([0.0, 5.0, 0.0]).to_sparse(),
        "strided": torch.arange(6).reshape(2, 3).T,
        "list": [1.0, 2.0],
        "swapped": np.array([1.0, 2.0], ">f8"),
    }
    shelf = Shelf(1)
    for _ in range(2):
        copies = shelf.copy(kinds)
        blocks = blocks_of(copies)
        assert blocks["half"].dtype == "bfloat16"
        assert (copies["half"].array.view(np.uint16).astype(np.uint32) << 16).view(np.float32).tolist() == [1.5, -2.0]
        assert copies["conj"].array.tolist() == [1 - 2j]
        assert copies["sparse"].array.tolist() == [0.0, 5.0, 0.0]
        assert copies["strided"].array.tolist() == [[0, 3], [1, 4], [2, 5]]
        assert blocks["swapped"].dtype == "float64"
        assert copies["swapped"].array.tolist() == copies["list"].array.tolist() == [1.0, 2.0]
        shelf.give_back(copies)
    for bad in (np.array(["text"]), torch.zeros(2, dtype=torch.float8_e4m3fn), object()):
        with pytest.raises(UsageError):
            shelf.copy({"bad": bad})
