"""Images that were not normalised are found before the model learns from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_digits
from tests.kernel.debugger.labelled import classifier_windows, judge_all
from torch import nn

from labdeck.debugger.rules import CheckInputImages
from labdeck.errors import UsageError
from labdeck.findings.window import window_of


def cnn():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))


@pytest.mark.slow
def test_a_training_on_raw_images_is_found():
    data = load_digits()
    found = judge_all(CheckInputImages(), classifier_windows(data.images[:, None], data.target, model=cnn(), steps=12))
    assert [step for step, _ in found] == [7]  # 512 images
    assert found[0][1].tensor == "Net_input_0"
    assert found[0][1].value == pytest.approx(data.images.mean(), abs=0.3)


@pytest.mark.slow
def test_a_training_on_normalised_images_stays_silent():
    data = load_digits()
    images = (data.images - data.images.mean()) / data.images.std()
    assert judge_all(CheckInputImages(), classifier_windows(images[:, None], data.target, model=cnn(), steps=12)) == []


images = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.just(2), st.just(2)),
    elements=st.floats(-2, 2, width=32),
)


@given(st.lists(images, min_size=1, max_size=5), st.integers(1, 12), st.sampled_from([1, -3]))
def test_the_verdict_is_that_of_all_images_together(batches, samples, channel):
    channels = batches[0].shape[1]
    batches = [batch[:, :1].repeat(channels, axis=1) for batch in batches]
    rule, seen, expected = CheckInputImages(threshold_samples=samples, channel=channel), [], None
    for step, batch in enumerate(batches):
        found = [finding.value for finding in rule.judge(window_of({"Net_input_0": batch}, step))]
        seen.append(batch.astype(float))
        together = np.concatenate(seen)
        if expected is None and len(together) >= samples:
            expected = together.mean(axis=(0, 2, 3))
            assert bool(found) == (np.abs(expected).max() > 0.2) or abs(np.abs(expected).max() - 0.2) < 1e-9
            assert not found or abs(found[0]) == pytest.approx(np.abs(expected).max())
        else:
            assert found == []


def test_an_axis_that_is_not_there_is_a_mistake_of_the_user():
    with pytest.raises(UsageError, match="axes"):
        list(CheckInputImages(channel=7).judge(window_of({"Net_input_0": np.ones((2, 3, 4, 4))})))


def test_inputs_of_inner_modules_and_of_evaluation_are_not_looked_at():
    rule = CheckInputImages(threshold_samples=1)
    assert list(rule.judge(window_of({"conv1_input_0": np.ones((2, 3, 4, 4)), "Net_input_0": np.ones((2, 3))}))) == []
    assert list(rule.judge(window_of({"Net_input_0": np.ones((2, 3, 4, 4))}, mode="EVAL"))) == []
