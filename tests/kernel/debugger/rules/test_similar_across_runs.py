"""Trainings that do the same as others are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import Others, batches, digits, judge, small, steps_of, windows
from torch import nn

from labdeck.debugger.rules import SimilarAcrossRuns
from labdeck.errors import UsageError
from labdeck.findings.reductions import reduce
from labdeck.findings.window import Window, window_of
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

TRIAL = "a" * 32


def train(seed):
    model = small(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = batches(*digits(), seed=seed)
    return windows(model, optimizer, nn.functional.cross_entropy, data, 8)


def reduced(window, reductions=("mean", "std", "l2")):
    """The same step as it is stored: reductions of the weights, and the loss."""
    names = [name for name in window.select("weights") if window.info(name).shape] or ["a.weight"]
    layout = make_layout([*((window.info(name), reductions) for name in names), (TensorInfo("loss"), ("value",))])
    row = [reduce(window.array(name), each) for name in names for each in reductions]
    return Window(window.moment, layout, np.array([*row, window.value("loss")], np.float64))


def store(tmp_path, seen, *, arrays=()):
    """Store windows as a trial has them; return its reader."""
    files = TensorFiles(tmp_path)
    writer = files.writer(TRIAL)
    for window in seen:
        kept = reduced(window)
        writer.row(kept.layout, kept.moment, kept.numbers)
        if arrays:
            writer.arrays(window.moment, {name: to_block(window.array(name)) for name in arrays})
    writer.close()
    return files.reader(TRIAL)


@pytest.mark.slow
@pytest.mark.parametrize("arrays", [(), ("0.weight", "2.weight")])
def test_a_parameter_without_effect_is_found(tmp_path, arrays):
    reader = store(tmp_path, train(seed=1), arrays=arrays)
    rule = SimilarAcrossRuns(other_trials="cnn-7")
    found = judge(rule, train(seed=1), Others(**{"cnn-7": reader}))
    assert steps_of(found) == [step for step in range(8) for _ in ("0.weight", "2.weight")]
    assert "cnn-7" in found[0][1].message


@pytest.mark.slow
def test_trainings_that_differ_are_silent(tmp_path):
    others = Others(one=store(tmp_path, train(seed=1), arrays=("0.weight",)))
    assert judge(SimilarAcrossRuns("one", "weights,losses"), train(seed=2), others) == []


@given(
    st.lists(st.sampled_from([0.0, 1.0, 1.0 + 1e-7, 1.001, np.nan]), min_size=1, max_size=6),
    st.lists(st.sampled_from([0.0, 1.0, 1.001, np.nan]), max_size=6),
)
def test_all_figures_are_compared_at_the_same_step(tmp_path_factory, mine, theirs):
    def window(step, value):
        return window_of({"a.weight": [value, 2.0], "loss": 0.5}, step)

    reader = store(tmp_path_factory.mktemp("t"), [window(step, value) for step, value in enumerate(theirs)])
    found = judge(SimilarAcrossRuns("one"), [reduced(window(step, value)) for step, value in enumerate(mine)],
                  Others(one=reader))  # fmt: skip
    expected = [
        step
        for step, (value, other) in enumerate(zip(mine, theirs, strict=False))
        if all(
            abs(reduce([value, 2.0], each) - reduce([other, 2.0], each)) <= 1e-8 + 1e-5 * reduce([other, 2.0], each)
            for each in ("mean", "std", "l2")
        )
    ]
    assert steps_of(found) == expected


REDUCTIONS = ("mean", "std", "l2", "min", "max")


@pytest.mark.parametrize("differs", [None, *REDUCTIONS])
def test_one_figure_that_differs_is_enough(tmp_path, differs):
    layout = make_layout([(TensorInfo("a.weight", ("weights",), shape=(9,)), REDUCTIONS)])

    def window(name=None):
        row = np.array([1.5 + (reduction == name) * 0.01 for reduction in REDUCTIONS])
        return Window(Moment("TRAIN", 0, 0, 0.0), layout, row)

    files = TensorFiles(tmp_path)
    writer, other = files.writer(TRIAL), window(differs)
    writer.row(other.layout, other.moment, other.numbers)
    writer.close()
    found = judge(SimilarAcrossRuns("one"), [window()], Others(one=files.reader(TRIAL)))
    assert len(found) == (differs is None)


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], 1),
        ([1.0, 2.0, 3.0, 4.0 + 1e-7], 1),
        ([1.0, 2.0, 3.0, 4.01], 0),
        ([4.0, 3.0, 2.0, 1.0], 0),
        ([[1.0, 2.0], [3.0, 4.0]], 0),
    ],
    ids=["the same", "rounded", "one number", "the same figures", "another shape"],
)
def test_whole_arrays_are_compared_number_by_number(tmp_path, theirs, expected):
    """Mean, deviation, norm and extremes of numbers in another order are the same: only the arrays tell."""
    mine, other = (window_of({"a.weight": each, "loss": 0.5}) for each in ([1.0, 2.0, 3.0, 4.0], theirs))
    reader = store(tmp_path, [other], arrays=("a.weight",))
    assert len(judge(SimilarAcrossRuns("one"), [mine], Others(one=reader))) == expected


def test_a_trial_that_goes_on_is_followed(tmp_path):
    files = TensorFiles(tmp_path)
    writer, reader = files.writer(TRIAL), files.reader(TRIAL)
    rule = SimilarAcrossRuns("one", "losses")
    rule.begin(Others(one=reader))
    for step in range(3):
        window = window_of({"loss": 1.0 / (step + 1)}, step)
        assert list(rule.judge(window)) == []
        writer.row(window.layout, window.moment, window.numbers)
        assert len(list(rule.judge(window))) == 1
    writer.close()


def test_another_trial_must_be_named():
    with pytest.raises(UsageError, match="nothing to compare"):
        SimilarAcrossRuns()
