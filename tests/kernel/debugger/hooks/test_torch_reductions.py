"""Reductions of tensors, where they lie: what is computed on a device is what numpy says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from labdeck.debugger.hooks.torch_reductions import DeviceReduction, TensorReducer, array_of
from labdeck.debugger.hooks.torch_turns import Turns
from labdeck.debugger.reducing import Reducer
from labdeck.findings.reductions import REDUCTIONS, reduce
from labdeck.store.tensors.layout import TensorInfo, make_layout


def odd_ones():
    torch.manual_seed(0)
    return [
        torch.randn(5),
        torch.randn(3, 4, dtype=torch.bfloat16),
        torch.zeros(0),
        torch.arange(4),
        torch.randn(3, dtype=torch.complex64).conj(),
        torch.eye(4).to_sparse(),
        torch.tensor([True, False]),
        torch.randn(4, dtype=torch.float16),
        None,
        torch.randn(4, 3).t(),
        torch.tensor([1.0, float("nan"), float("inf")]),
        torch.randn(8).to(torch.float8_e4m3fn),
        torch.tensor(3.0),
        torch.randn(20_000, requires_grad=True),
        torch.imag(torch.randn(3, dtype=torch.complex64).conj()),
    ]


def parts_of(count):
    layout = make_layout([(TensorInfo(str(number)), REDUCTIONS) for number in range(count)])
    return layout, [[column for column in layout.columns if column.tensor == number] for number in range(count)]


def assert_as_the_oracle_says(tensors, parts, row):
    for tensor, columns in zip(tensors, parts, strict=True):
        for column in columns:
            found = row[column.start : column.start + column.width]
            wanted = np.nan if tensor is None else reduce(array_of(tensor), column.reduction)
            np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-4, err_msg=f"{column} {tensor}")


def test_tensors_of_every_kind_are_reduced_in_memory():
    tensors = odd_ones()
    layout, parts = parts_of(len(tensors))
    row = np.zeros(layout.width)
    assert TensorReducer(parts).fill(tensors, row) is None
    assert_as_the_oracle_says(tensors, parts, row)


def test_the_pass_for_devices_finds_the_same_when_it_runs_on_the_processor():
    tensors = odd_ones()
    layout, parts = parts_of(len(tensors))
    row = np.zeros(layout.width)
    DeviceReduction(Reducer(parts), tensors).start(row).arrive()
    assert_as_the_oracle_says(tensors, parts, row)


def test_a_tensor_without_memory_is_not_there():
    layout, parts = parts_of(1)
    row = np.zeros(layout.width)
    TensorReducer(parts).fill([torch.empty(3, device="meta")], row)
    assert np.isnan(row).all()


def test_an_array_shares_the_memory_of_its_tensor():
    tensor = torch.zeros(3, requires_grad=True)
    array_of(tensor)[1] = 7
    assert tensor.tolist() == [0, 7, 0]


@pytest.mark.parametrize("steps", [3])
def test_optimizers_that_step_in_turn_with_passes_between_are_steps_of_their_own(steps):
    turns, ended = Turns(), []
    for number in range(steps):
        for optimizer in (1, 2):
            turns.move()
            assert turns.begin(optimizer)
            if turns.end(optimizer):
                ended.append((number, optimizer))
                turns.finish()
    assert ended == [(number, optimizer) for number in range(steps) for optimizer in (1, 2)]


def test_optimizers_that_step_without_a_pass_between_share_a_step():
    turns, ended = Turns(), 0
    for _ in range(4):
        turns.move()
        for optimizer in (1, 2, 3):
            turns.begin(optimizer)
            if turns.end(optimizer):
                ended += 1
                turns.finish()
    assert ended == 4
    turns.move()
    assert turns.begin(1)
    turns.end(1)
    assert turns.is_open  # the others were left out this time
