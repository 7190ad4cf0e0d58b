"""What a rule sees of one step, whatever its arrays are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from labdeck.findings.window import Window
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

NUMBERS = [1.5, -2.0, 0.25]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize("trained", [False, True])
def test_tensors_of_every_type_are_arrays_for_rules(dtype: torch.dtype, trained: bool) -> None:
    tensor = torch.tensor(NUMBERS, dtype=dtype).requires_grad_(trained)
    window = Window(Moment("TRAIN", 0, 0, 0.0), make_layout([(TensorInfo("w"), ())]), np.empty(0), {"w": tensor})
    array = window.array("w")
    assert isinstance(array, np.ndarray)
    assert array.tolist() == NUMBERS
    assert dtype.is_complex or window.value("w", "max") == 1.5


@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_half_precision_complex_numbers_stay_complex() -> None:
    tensor = torch.tensor([1 + 2j]).to(torch.complex32)
    window = Window(Moment("TRAIN", 0, 0, 0.0), make_layout([(TensorInfo("w"), ())]), np.empty(0), {"w": tensor})
    array = window.array("w")
    assert array is not None
    assert array.tolist() == [1 + 2j]
