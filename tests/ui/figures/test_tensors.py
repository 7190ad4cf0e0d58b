"""Figures of recorded tensors: what is wrong is seen, names are no HTML, every bin is told."""

from __future__ import annotations

import numpy as np
import pytest

from labdeck import TensorCurves, TensorGrid, TensorHistogram, TensorValues
from labdeck.findings.reductions import histogram, histogram_edges
from labdeck_ui import figures
from labdeck_ui.figures.tensor_map import BROKEN


def grid(values, *, broken=None, names=None):
    values = np.array(values, float)
    steps = np.arange(values.shape[1])
    broken = np.zeros(values.shape, bool) if broken is None else np.array(broken)
    return TensorGrid("l2", "TRAIN", names or tuple("abcdef"[: len(values)]), steps, steps, values, broken)


def test_values_of_one_magnitude_are_drawn_as_they_are():
    (cells,) = figures.tensor_map(grid([[1.0, 2.0], [3.0, 4.0]])).data
    assert np.array(cells.z).tolist() == [[1, 2], [3, 4]]
    assert cells.zmin is None


def test_values_over_many_magnitudes_are_drawn_by_their_logarithms():
    figure = figures.tensor_map(grid([[1e-6, 1.0], [0.0, 1e3]]))
    assert np.allclose(np.array(figure.data[0].z), [[-6, 0], [-6, 3]])
    assert figure.data[0].colorbar.title.text == "log10 l2"


def test_values_of_both_signs_are_drawn_around_zero():
    (cells,) = figures.tensor_map(grid([[-2.0, 1.0]])).data
    assert (cells.zmin, cells.zmax) == (-2, 2)


def test_what_is_not_finite_has_a_colour_of_its_own():
    cells, bad = figures.tensor_map(grid([[1.0, np.nan]], broken=[[False, True]])).data
    assert np.isnan(np.array(bad.z)[0, 0])
    assert bad.colorscale[0][1] == BROKEN
    assert list(cells.text[0]) == ["1", "not finite"]


def test_names_that_look_alike_when_cut_are_two_rows():
    names = ("x" * 60 + "a", "x" * 60 + "b")
    (cells,) = figures.tensor_map(grid([[1.0], [2.0]], names=names)).data
    assert len(set(cells.y)) == 2
    assert tuple(cells.meta["tensors"]) == names


def test_what_all_names_share_is_left_out_of_the_rows():
    names = ("gradient/block.conv1.weight", "gradient/block.<b>conv2</b>.weight")
    (cells,) = figures.tensor_map(grid([[1.0], [2.0]], names=names)).data
    assert list(cells.y) == ["block.conv1.weight", "block.&lt;b&gt;conv2&lt;/b&gt;.weight"]


def test_nothing_is_said():
    assert not figures.tensor_map(grid(np.empty((0, 0)))).data


def test_curves_of_like_magnitude_share_an_axis():
    curves = {"min": np.array([-1.0, np.inf]), "max": np.array([1.0, 2.0]), "l2": np.array([3.0, 4.0])}
    figure = figures.tensor_curves(TensorCurves("w", "TRAIN", np.arange(2), curves))
    assert {trace.name: trace.yaxis for trace in figure.data} == {"max": "y", "min": "y", "l2": "y2"}
    assert figure.layout.yaxis2.title.text == "l2"
    assert np.isnan(figure.data[1].y[1])
    domains = [figure.layout.yaxis.domain, figure.layout.yaxis2.domain]
    assert domains[0][0] > domains[1][1]


def test_a_histogram_tells_every_bin_that_holds_values():
    counts = np.stack([histogram(np.array([-1e-3, 0.0, 0.0, 2e-3, 5e-3])), histogram(np.array([1.0, -1e-3, 0, 0, 0]))])
    reading = TensorHistogram("w", "TRAIN", np.arange(2), histogram_edges(), counts, signed_log=True)
    (cells,) = figures.tensor_histogram(reading).data
    assert np.allclose(np.array(cells.z).sum(axis=0), 1)
    assert len(cells.y) < 30
    assert "0" in figures.tensor_histogram(reading).layout.yaxis.ticktext


@pytest.mark.parametrize(
    ("last", "total", "title"),
    [
        (None, 0, "step"),
        ([0, 2], 2, "step"),
        ([1, 2], 0, "each column holds several"),
        (None, 1350, "2 of 1,350 steps"),
    ],
)
def test_a_histogram_says_what_its_columns_are(last, total, title):
    counts = np.ones((2, 97))
    last = None if last is None else np.array(last)
    reading = TensorHistogram("w", "TRAIN", np.array([0, 2]), histogram_edges(), counts, True, last, total)
    assert figures.tensor_histogram(reading).layout.xaxis.title.text.rpartition("   ")[2] == title


def test_curves_say_how_many_steps_were_left_out_and_what_is_not_finite():
    curves = {"l2": np.array([1.0, 2.0]), "l1": np.array([1.0, np.nan])}
    figure = figures.tensor_curves(TensorCurves("w", "TRAIN", np.arange(2), curves, lost={"l1": 7}, total=5000))
    assert figure.layout.xaxis.title.text == "step   2 of 5,000 steps"
    assert {trace.name: "(7 not finite)" in trace.hovertemplate for trace in figure.data} == {"l2": False, "l1": True}


def test_an_empty_histogram_says_so():
    reading = TensorHistogram("w", "TRAIN", np.arange(1), histogram_edges(), np.zeros((1, 97)), signed_log=True)
    assert not figures.tensor_histogram(reading).data


@pytest.mark.parametrize(("picture", "layers"), [([[1.0, -2.0]], 1), ([[1.0, np.nan]], 2)])
def test_a_tensor_as_a_picture(picture, layers):
    figure = figures.tensor_values(TensorValues("w", "TRAIN", 3, (1, 2), np.array(picture)))
    assert len(figure.data) == layers
    words, _, key = figure.layout.xaxis.title.text.partition("   ")
    assert (words, "not finite" in key) == ("1 × 2", layers == 2)


def test_a_tensor_without_elements():
    assert not figures.tensor_values(TensorValues("w", "TRAIN", 3, (0, 2), np.empty((0, 0)))).data
