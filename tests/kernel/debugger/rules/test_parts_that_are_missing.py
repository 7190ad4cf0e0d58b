"""A part that a step or a machine does not have is NaN in its row, and no rule takes offence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, samples, timings

from labdeck.debugger.rules import (
    BatchSize,
    CPUBottleneck,
    GPUMemoryIncrease,
    IOBottleneck,
    LoadBalancing,
    LowGPUUtilization,
    ProfilerReport,
    SlowDataloader,
)
from labdeck.debugger.rules.profiler_report import MEMBERS
from labdeck.findings.rule import make_rule
from labdeck.findings.runner import Runner

PARTS = ("step", "data", "forward", "workers")


@given(st.lists(st.sampled_from(PARTS), max_size=2), st.integers(1, 5))
def test_steps_without_some_parts_change_nothing(missing, count):
    """Rows in which parts are NaN tell the rules as much as rows without these parts."""
    there = {"step": [0.2] * count, "data": [0.1] * count, "forward": [0.1] * count, "workers": [1.0] * count}
    without = {name: values for name, values in there.items() if name not in missing}
    broken = {name: [math.nan] * count if name in missing else values for name, values in there.items()}
    for rule in MEMBERS:
        told = []
        for columns in (without, broken):
            made = rule()
            found = judged(made, samples(cores=[4]) + timings(**columns) + timings("EVAL", **columns))
            told.append((made.report(), [[each.message for each in part] for part in found]))
        assert told[0] == told[1]


def test_a_card_that_does_not_answer_is_left_out():
    nan = [math.nan] * 5
    seen = samples(cpu=[99.0] * 5, iowait=nan, gpu_0=nan, gpu_1=[50.0] * 5, gpu_memory_0=nan)
    rule = ProfilerReport(CPUBottleneck_patience=1, LoadBalancing_patience=1, BatchSize_patience=1)
    assert judged(rule, seen) == ([], [])
    assert not any(isinstance(value, float) and math.isnan(value) for value in rule.report().values())


@pytest.mark.parametrize("rule", [BatchSize, CPUBottleneck, IOBottleneck, GPUMemoryIncrease, LoadBalancing,
                                  LowGPUUtilization])  # fmt: skip
def test_without_a_card_it_is_said_that_there_is_none(rule):
    runner = Runner("0" * 32, lambda *_: None)
    runner.add(rule())
    for window in samples(cpu=[50.0] * 3, iowait=[0.0] * 3):
        runner.judge(window)
    assert runner.records()[0].missing == "no GPU was found on this machine"


@pytest.mark.parametrize("rule", [rule for rule in MEMBERS if rule is not SlowDataloader])
def test_every_rule_of_sagemakers_takes_the_interval_of_the_report(rule):
    assert make_rule(rule, {"scan_interval_us": "500000"}).params()["scan_interval_us"] == 500_000
    assert rule().params()["scan_interval_us"] == 60_000_000
