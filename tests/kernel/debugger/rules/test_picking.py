"""Rules choose tensors by collections and patterns, and remember what they chose."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.rules import AllZero, ExplodingTensor, TensorVariance, VanishingGradient
from labdeck.debugger.rules.picking import Picker, is_bias, is_frozen, join, texts
from labdeck.errors import UsageError
from labdeck.findings.window import Window, window_of
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

NAMES = ["a.weight", "b.weight", "a.bias", "gradient/a.weight", "loss"]
COLLECTIONS = {"a.weight": "weights", "b.weight": "weights", "a.bias": "biases", "gradient/a.weight": "gradients"}


@given(
    st.sets(st.sampled_from(["weights", "biases", "gradients", "losses"])),
    st.sets(st.sampled_from(["^a", "weight$", "nothing", "l[o,s]+", "^.{4}$"])),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
)
def test_it_is_the_union_in_the_order_of_the_window(collections, patterns, there, whole):
    infos = [TensorInfo(name, (COLLECTIONS.get(name, "losses"),), shape=(2,)) for name in NAMES if name in there]
    layout = make_layout([(info, () if info.name in whole else ("mean",)) for info in infos])
    arrays = {info.name: np.array([1.0, 2.0]) for info in infos if info.name in whole}
    window = Window(Moment("TRAIN", 0, 0, 0.0), layout, np.arange(layout.width, dtype=float), arrays)
    picker = Picker(",".join(collections), ",".join(patterns), otherwise="biases")
    wanted = collections or (set() if patterns else {"biases"})
    expected = [
        info.name
        for info in infos
        if wanted & set(info.collections) or any(re.search(pattern, info.name) for pattern in patterns)
    ]
    assert list(picker.names(window)) == expected
    assert picker.names(window) is picker.names(window)
    names, values = picker.read(window, "mean")
    assert sorted(names) == sorted(expected)
    means = {name: layout.place(name, "mean") if name not in whole else 1.5 for name in expected}
    assert dict(zip(names, values.tolist(), strict=True)) == means
    found = {name for need in picker.needs() for name in window.select(need.collection, need.regex)}
    assert found == set(expected)
    assert Picker().needs() == Picker().names(window) == ()


def test_text_is_parted_at_commas_that_part():
    assert texts(["a,b", " c "]) == ("a,b", "c")
    assert texts(" , ") == ()
    assert join("a{1,2}, [b,c]") == "(?:a{1,2})|(?:[b,c])"
    with pytest.raises(UsageError, match=r"no regular expression"):
        Picker(None, "[a")


def test_layouts_that_change_for_ever_are_forgotten():
    picker = Picker("losses")
    for step in range(500):
        assert picker.finite(window_of({"loss": step, f"x{step}": 1.0})) == {"loss": step}
    assert len(picker._remember) <= 64


def test_frozen_parameters_and_biases():
    window = window_of({"gradient/a.weight": [1.0], "a.weight": [1.0], "b.weight": [1.0], "c_output": [1.0]})
    assert [is_frozen(window, name) for name in ("a.weight", "b.weight", "c_output", "d.weight")] == [
        False, True, False, True,
    ]  # fmt: skip
    assert not is_frozen(window_of({"b.weight": [1.0]}), "b.weight")
    shift = window_of({"norm.shift": [0.0]}, collections={"norm.shift": ("biases",)})
    assert [is_bias(shift, name) for name in ("norm.shift", "x.bias", "x.weight")] == [True, True, False]


@pytest.mark.parametrize("rule", [VanishingGradient(), AllZero(), ExplodingTensor(), TensorVariance(max_threshold=0)])
@given(st.sampled_from([(0,), (0, 5), (3, 0)]), st.sampled_from([0.0, math.nan]), st.booleans())
def test_of_a_tensor_without_elements_nothing_is_found(rule, shape, number, whole):
    reductions = ("abs_mean", "variance", "zero_count", "nan_count", "inf_count", "l2")
    infos = [(TensorInfo(name, (name.partition("/")[0],), shape=shape), () if whole else reductions)
             for name in ("gradients/a", "weights/a")]  # fmt: skip
    layout = make_layout(infos)
    arrays = {info.name: np.empty(shape) for info, _ in infos} if whole else {}
    window = Window(Moment("TRAIN", 0, 0, 0.0), layout, np.full(layout.width, number), arrays)
    assert list(rule.judge(window)) == []
