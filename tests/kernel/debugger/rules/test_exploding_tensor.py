"""NaN and infinity are found in whatever is known of a tensor."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, judge, small, windows
from torch import nn

import labdeck
from labdeck.debugger.rules import ExplodingTensor, NaNOrigin
from labdeck.findings.reductions import reduce
from labdeck.findings.replay import judge_recorded
from labdeck.findings.window import Window, window_of
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.given import given as given_number
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.studio import Studio

NUMBERS = st.one_of(st.floats(-3, 3), st.sampled_from([math.nan, math.inf, -math.inf]))


def recorded(tensors, reductions):
    """A window of reductions alone, as a stored trial has them."""
    infos = [
        (TensorInfo(name, (collection,), shape=np.shape(values)), reductions)
        for name, (collection, values) in tensors.items()
    ]
    row = [reduce(values, each) for _, values in tensors.values() for each in reductions]
    return Window(Moment("TRAIN", 0, 0, 0.0), make_layout(infos), np.array(row, np.float64))


@pytest.mark.slow
def test_a_training_with_a_huge_learning_rate_explodes():
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e18)
    seen = windows(model, optimizer, lambda x, y: nn.functional.mse_loss(x, nn.functional.one_hot(y, 10).float()),
                   batches(*digits()), 15)  # fmt: skip
    found = judge(ExplodingTensor(), seen)
    assert {"loss", "0.weight", "gradient/0.weight"} <= {finding.tensor for _, finding in found}
    assert found[0][0].step > 0


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    model = small()
    seen = windows(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy,
                   batches(*digits()), 40, activations=True)  # fmt: skip
    assert judge(ExplodingTensor(), seen) == []


@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(NUMBERS, max_size=4), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([None, ("nan_count", "inf_count"), ("l2", "mean"), ("max", "min"), ("abs_max",)]),
)
def test_any_number_that_is_not_finite_counts(tensors, only_nan, reductions):
    tensors = {name: ("weights", values) for name, values in tensors.items()}
    if reductions is None:
        window = window_of({name: np.array(values) for name, (_, values) in tensors.items()},
                           collections=dict.fromkeys(tensors, ("weights",)))  # fmt: skip
    else:
        window = recorded(tensors, reductions)
    bad = [
        name
        for name, (_, values) in tensors.items()
        if any(math.isnan(each) or (math.isinf(each) and not only_nan) for each in values)
    ]
    if only_nan and reductions not in (None, ("nan_count", "inf_count")):
        bad = [name for name in bad if any(math.isnan(each) for each in tensors[name][1])]
    found = list(ExplodingTensor(only_nan=only_nan).judge(window))
    assert [finding.tensor for finding in found] == bad[:1]
    if len(bad) > 1:
        assert f"{len(bad) - 1} more of the weights" in found[0].message


def test_it_says_what_it_holds_and_where_from():
    window = window_of({"gradient/a": [math.nan, math.inf, 1.0]})
    window.origins = {"gradient/a": "train.py:3 in forward"}
    (found,) = ExplodingTensor().judge(window)
    assert math.isnan(found.value)
    assert (found.threshold, found.origin) == (None, "train.py:3 in forward")
    (found,) = ExplodingTensor().judge(window_of({"loss": -math.inf}))
    assert (found.value, found.threshold) == (-math.inf, None)


def test_a_gradient_that_does_not_exist_at_a_step_is_no_failure():
    nowhere = recorded({"gradient/a": ("gradients", [math.nan])}, ("l2",))
    assert list(ExplodingTensor().judge(nowhere)) == []
    uncounted = Window(nowhere.moment, make_layout([(TensorInfo("g", ("gradients",), shape=(2,)),
                       ("nan_count", "inf_count", "l2"))]), np.full(3, math.nan))  # fmt: skip
    assert list(ExplodingTensor().judge(uncounted)) == []


def test_what_does_not_exist_is_told_from_what_is_not_finite():
    def row(*values):
        info = TensorInfo("fc_output_0", ("outputs",), shape=(2,))
        return Window(Moment("TRAIN", 0, 0, 0.0), make_layout([(info, ("mean", "zero_count"))]), np.array(values))

    assert list(ExplodingTensor().judge(row(math.nan, math.nan))) == []
    assert [found.tensor for found in ExplodingTensor().judge(row(math.nan, 0.0))] == ["fc_output_0"]


@pytest.mark.parametrize("mode", ["TRAIN", "EVAL"])
@pytest.mark.parametrize("others", [{}, {"gradient/a": [1.0]}, {"gradient/a": [math.nan]}])
def test_a_loss_that_there_is_not_is_told_from_one_that_is_nan(mode, others):
    rule, origins = ExplodingTensor(tensor_regex="loss"), NaNOrigin()
    healthy = window_of({"loss": 1.0, **others}, mode=mode)
    assert list(rule.judge(healthy)) == []
    missing = window_of({"loss": 1.0, **others}, mode=mode)
    missing.numbers[missing.layout.place("loss", "value")] = math.nan
    assert list(rule.judge(missing)) == []
    assert "loss" not in [found.tensor for found in origins.judge(missing)]
    assert [found.tensor for found in rule.judge(window_of({"loss": math.nan, **others}, mode=mode))] == ["loss"]
    assert [found.tensor for found in rule.judge(window_of({"loss": math.inf, **others}, mode=mode))] == ["loss"]


@pytest.mark.parametrize("mode", ["TRAIN", "EVAL"])
def test_a_loss_that_was_measured_as_nan_is_believed_at_once(mode):
    seen = window_of({"loss": given_number(math.nan), "gradient/a": [1.0]}, mode=mode)
    assert [found.tensor for found in ExplodingTensor().judge(seen)] == ["loss"]
    assert [found.tensor for found in NaNOrigin().judge(seen)] == ["loss"]


@pytest.mark.slow
def test_a_loss_that_is_nan_although_the_gradients_are_not_is_found(tmp_path):
    """The slope of a logarithm is finite where the logarithm is not; and evaluation has no gradients."""
    torch.manual_seed(0)
    studio = Studio(tmp_path)
    model, x = nn.Linear(4, 4), torch.rand(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with (
        studio.experiment("e").trial("t") as trial,
        labdeck.watch(model, optimizer, rules=[ExplodingTensor(collection_names="losses")], trial=trial),
    ):
        for _ in range(2):
            model.train()
            optimizer.zero_grad()
            torch.log(-1 - model(x).abs()).mean().backward()
            assert all(bool(each.grad.isfinite().all()) for each in model.parameters())
            optimizer.step()
            model.eval()
            with torch.no_grad():
                nn.functional.mse_loss(model(x), torch.full((8, 4), math.nan))
    found = studio.debugger.findings(trial_id=trial.id).findings
    assert {(each.mode, each.step, each.tensor, each.value) for each in found} == {
        ("TRAIN", 0, "loss", "NaN"), ("EVAL", 0, "loss/mse_loss", "NaN"),
    }  # fmt: skip
    (kept,) = {judged.step for judged in judge_recorded(studio.session.tensors.reader(trial.id),
               [ExplodingTensor(collection_names="losses")]).findings}  # fmt: skip
    assert kept == 0, "what is stored tells it, too"
    studio.close()


def test_a_ratio_to_nothing_is_infinite_and_healthy():
    window = window_of({"update/fc.bias": math.inf, "loss": 1.0}, collections={"update/fc.bias": ("updates",)})
    assert list(ExplodingTensor().judge(window)) == []
    assert [found.tensor for found in ExplodingTensor(tensor_regex="^update").judge(window)] == ["update/fc.bias"]


def test_an_empty_tensor_holds_nothing_bad():
    assert list(ExplodingTensor().judge(recorded({"w": ("weights", [])}, ("mean", "l2")))) == []


def test_one_finding_a_kind():
    window = window_of({"gradient/a": [math.nan], "gradient/b": [math.nan], "a.weight": [math.inf], "loss": math.nan})
    assert [found.message for found in ExplodingTensor().judge(window)] == [
        "gradient/a holds NaN, as does 1 more of the gradients",
        "a.weight holds infinity",
        "loss holds NaN",
    ]
