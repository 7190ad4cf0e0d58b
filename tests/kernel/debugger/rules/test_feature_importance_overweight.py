"""Models that rest on few features are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.boosted import findings, table, train

from labdeck.debugger.rules import FeatureImportanceOverweight
from labdeck.findings.window import window_of


@pytest.mark.slow
def test_a_training_that_rests_on_one_feature_is_found():
    features, _ = table(columns=12)
    params = {"max_depth": 1, "objective": "binary:logistic"}
    trial, _ = train(features, features[:, 5] > 0.3, params=params, rules=[FeatureImportanceOverweight()])
    found = findings(trial)[0]
    assert found.tensor == "feature_importance/weight/f5"
    assert found.message.startswith("f5 carries 100% of the importance (weight) of 12 features")


@pytest.mark.slow
def test_a_training_on_many_features_stays_silent():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(600, 12))
    labels = (features.sum(axis=1) + rng.normal(size=600) > 0).astype(int)
    trial, _ = train(features, labels, rules=[FeatureImportanceOverweight()])
    assert findings(trial) == ()


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=8),
    st.lists(st.floats(0, 10), max_size=5),
    st.integers(1, 4),
    st.floats(0, 1),
)
def test_shares_are_those_of_sorting(weights, gains, nfeatures, threshold):
    values = {f"feature_importance/weight/{n}": value for n, value in enumerate(weights)}
    values |= {f"feature_importance/gain/{n}": value for n, value in enumerate(gains)}
    rule = FeatureImportanceOverweight(threshold, nfeatures, ".*feature_importance/(weight|gain)")
    expected = []
    for shares in (weights, gains):
        total = sum(shares)
        if len(shares) > nfeatures and total > 0:
            expected.append(sum(sorted(shares)[-nfeatures:]) / total)
    found = [finding.value for finding in rule.judge(window_of(values))]
    sure = [share for share in expected if abs(share - threshold) > 1e-9]
    assert [value for value in found if abs(value - threshold) > 1e-9] == pytest.approx(
        [share for share in sure if share > threshold]
    )
