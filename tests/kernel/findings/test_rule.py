"""Parameters of rules: texts become what they stand for, and what makes no sense is refused at once."""

from __future__ import annotations

import pytest

from labdeck.debugger import rules
from labdeck.errors import UsageError
from labdeck.findings.rule import check_rule, make_rule


def test_texts_become_what_the_parameter_is_wherever_they_are_given():
    assert rules.VanishingGradient(threshold="1e-7").threshold == 1e-7
    assert rules.LossNotDecreasing(num_steps="5").num_steps == 5
    assert make_rule(rules.VanishingGradient, {"threshold": "1e-7"}) == rules.VanishingGradient(threshold=1e-7)
    rule = rules.DeadRelu()
    rule.threshold_layer = "0.5"
    assert rule.threshold_layer == 0.5
    assert rules.DeadRelu(tensor_regex="5").tensor_regex == "5"


@pytest.mark.parametrize("wrong", ["abc", "nan", float("nan")])
def test_a_threshold_that_is_no_number_is_refused(wrong):
    with pytest.raises(UsageError, match="threshold_layer"):
        rules.DeadRelu(threshold_layer=wrong)
    with pytest.raises(UsageError, match="threshold_layer"):
        make_rule(rules.DeadRelu, {"threshold_layer": wrong})


def test_all_rules_can_be_checked_as_classes_or_made():
    for rule in rules.all():
        if rule not in (rules.TensorVariance, rules.SimilarAcrossRuns):
            check_rule(rule)
    check_rule(rules.TensorVariance(max_threshold=10))
    for wrong in (rules.TensorVariance, 5, object, "VanishingGradient"):
        with pytest.raises(UsageError):
            check_rule(wrong)
