"""The rule that asks for a report finds nothing, and has everything recorded that the report tells of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.boosted import findings, table, tensors, train

from labdeck.debugger.rules import CreateXgboostReport
from labdeck.findings.window import window_of


def artifacts(trial):
    return sorted(artifact.name for artifact in trial.artifacts())


@pytest.mark.slow
@pytest.mark.parametrize("rule", [CreateXgboostReport, "createxgboostreport", CreateXgboostReport()])
def test_a_training_with_the_rule_has_a_report(rule):
    trial, _ = train(*table(), 3, rules=[rule])
    assert artifacts(trial) == ["xgboost-report.html", "xgboost-report.ipynb"]
    assert findings(trial) == ()
    reader = tensors(trial)
    assert [moment.step for moment in reader.array_moments("predictions", "TRAIN")] == [0, 1, 2]
    assert [moment.step for moment in reader.array_moments("labels", "TRAIN")] == [0]


@pytest.mark.slow
def test_what_the_user_says_of_predictions_goes_before():
    trial, _ = train(*table(), 3, rules=["CreateXgboostReport"], save={"predictions": {"interval": 2}})
    assert [moment.step for moment in tensors(trial).array_moments("predictions", "TRAIN")] == [0, 2]


@pytest.mark.slow
def test_a_training_without_the_rule_has_none():
    trial, _ = train(*table(), 3, rules=[])
    assert artifacts(trial) == []
    assert tensors(trial).array_moments() == []


@given(st.dictionaries(st.sampled_from(["train-rmse", "labels", "feature_importance/gain/a"]), st.floats()))
def test_it_never_fires(values):
    rule = CreateXgboostReport()
    assert [*rule.judge(window_of(values)), *rule.wait(1e9, 0), *rule.conclude()] == []
