"""What the machine did is summed up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, busy, judged, percentile, profiled, samples, timings

from labdeck.debugger.rules import OverallSystemUsage


@pytest.mark.slow
def test_a_real_machine_at_work_is_summed_up(tmp_path):
    def train(profiler, end):
        with busy(1):
            while profiler.hub_samples() < 8:
                end()

    rule = OverallSystemUsage()
    seen = [window for window in profiled(tmp_path, train) if window.mode == "GLOBAL"]
    assert judged(rule, seen) == ([], []), "it never finds anything"
    report = rule.report()
    used = [window.value("system/cpu") for window in seen if window.has("system/cpu")]
    assert report["system/cpu p95"] == percentile(used, 95)
    assert report["system/cpu max"] > 20, "one core was at work"
    assert 0 < report["system/memory p50"] <= 100


def test_steps_are_no_samples():
    rule = OverallSystemUsage()
    judged(rule, timings(step=[1.0, 2.0]))
    assert rule.report() == {}


@given(st.lists(st.tuples(PERCENT, PERCENT), min_size=1, max_size=50))
def test_it_is_the_percentiles(rows):
    cpu, card = zip(*rows, strict=True)
    rule = OverallSystemUsage()
    judged(rule, samples(cpu=cpu, gpu_memory_3=card))
    report = rule.report()
    for name, values in (("system/cpu", cpu), ("system/gpu_memory/3", card)):
        assert [report[f"{name} {what}"] for what in ("min", "max")] == [round(min(values)), round(max(values))]
        for percent in (50, 90, 95, 99):
            assert report[f"{name} p{percent}"] == percentile(values, percent)
