"""All rules over the machine at once find what each finds by itself."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, profiled, samples, timings

from labdeck.debugger.rules import ProfilerReport
from labdeck.debugger.rules.profiler_report import MEMBERS
from labdeck.errors import UsageError
from labdeck.findings.rule import make_rule


def trained(folder, waits):
    model = torch.nn.Linear(256, 256)

    def train(profiler, end):
        steps = 0
        while steps < 60 or profiler.hub_samples() < 2:
            steps += 1
            profiler.mark("data")
            if waits:
                torch.ones(600, 600) @ torch.ones(600, 600)  # what takes the loader its time
                torch.ones(600, 600) @ torch.ones(600, 600)
            profiler.mark("forward")
            loss = model(torch.ones(4096, 256)).sum()  # so long that a thread which takes a turn is little of it
            profiler.mark("backward")
            loss.backward()
            end()

    return profiled(folder, train)


@pytest.mark.slow
def test_a_real_training_that_waits_for_data(tmp_path):
    found, _ = judged(ProfilerReport(SlowDataloader_threshold=30.0), trained(tmp_path, waits=True))
    assert {each.message.partition(":")[0] for each in found} == {"SlowDataloader"}
    assert "num_workers" in found[0].remedy


@pytest.mark.slow
def test_a_healthy_training_has_only_figures(tmp_path):
    rule = ProfilerReport()
    assert judged(rule, trained(tmp_path, waits=False)) == ([], [])
    report = rule.report()
    assert report["OverallFrameworkMetrics TRAIN"] == pytest.approx(100.0)
    assert "OverallSystemUsage system/memory p95" in report


ROWS = st.lists(st.tuples(PERCENT, PERCENT, PERCENT, PERCENT, PERCENT), min_size=1, max_size=30)


@given(ROWS, st.lists(st.floats(0.01, 5), max_size=30))
def test_it_finds_what_its_members_find(rows, seconds):
    cpu, wait, first, second, memory = zip(*rows, strict=True)
    seen = samples(cpu=cpu, iowait=wait, gpu_0=first, gpu_1=second, gpu_memory_0=memory, cores=[8] * len(rows))
    seen += timings(step=seconds, data=[each / 2 for each in seconds], workers=[1] * len(seconds))
    options = {
        "BatchSize": {"patience": 5}, "CPUBottleneck": {"patience": 5}, "IOBottleneck": {"patience": 5},
        "GPUMemoryIncrease": {"patience": 4, "window": 3}, "LowGPUUtilization": {"patience": 5},
        "SlowDataloader": {"num_steps": 5, "warmup": 0}, "StepOutlier": {"n_outliers": 0, "stddev": 1.0},
    }  # fmt: skip
    given = {f"{rule}_{name}": value for rule, each in options.items() for name, value in each.items()}
    found, last = judged(ProfilerReport(**given), seen)
    expected = []
    for rule in MEMBERS:
        own, at_end = judged(rule(**options.get(rule.__name__, {})), seen)
        expected += [(rule.__name__, each.message, each.value) for each in own + at_end]
    assert sorted((*each.message.split(": ", 1), each.value) for each in found + last) == sorted(expected)


def test_parameters_are_those_of_the_members_by_both_names():
    rule = make_rule(ProfilerReport, {"CPUBottleneck_threshold": "80", "StepOutlier_mode": "None"})
    assert rule.params()["CPUBottleneck_threshold"] == 80.0
    assert rule.params()["opt_out_telemetry"] is False
    with pytest.raises(UsageError, match="no parameter"):
        make_rule(ProfilerReport, {"CPUBottleneck_colour": "red"})
