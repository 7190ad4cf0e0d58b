"""What is taken of the inputs and outputs of a model."""

from __future__ import annotations

import torch

from labdeck.debugger.hooks.torch_taken import Taken


def test_what_one_layer_hands_to_the_next_is_copied_once_and_what_is_written_into_anew():
    taken, tensor = Taken(), torch.arange(3.0)
    take = {"columns": [], "whole": True, "copied": True}
    taken.take("a_output_0", tensor, **take)
    taken.take("b_input_0", tensor, **take)
    assert taken.arrays["a_output_0"] is taken.arrays["b_input_0"]
    tensor.mul_(2)
    taken.take("b_output_0", tensor, **take)
    taken.take("c_input_0", tensor.view(3, 1), **take)
    assert taken.arrays["a_output_0"].tolist() == [0, 1, 2]
    assert taken.arrays["b_output_0"].tolist() == [0, 2, 4]
    assert taken.arrays["c_input_0"].shape == (3, 1)


def test_inference_tensors_are_copied():
    with torch.inference_mode():
        tensor = torch.arange(3.0)
        taken = Taken()
        taken.take("a", tensor, [], whole=True, copied=True)
    assert taken.arrays["a"].tolist() == [0, 1, 2]
