"""Where the time of a training went is summed up."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, profiled, samples, timings

from labdeck.debugger.rules import OverallFrameworkMetrics


def test_a_real_training_is_summed_up(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(256, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256))
    optimizer = torch.optim.Adam(model.parameters())

    def train(profiler, end):
        for _ in range(20):
            profiler.mark("forward")
            loss = model(torch.ones(256, 256)).square().mean()
            profiler.mark("backward")
            loss.backward()
            profiler.mark("optimizer")
            optimizer.step()
            end()
            with torch.no_grad():
                profiler.mark("forward")
                model(torch.ones(4, 256))
                end("EVAL")

    rule = OverallFrameworkMetrics()
    seen = profiled(tmp_path, train)
    assert judged(rule, seen) == ([], []), "it never finds anything"
    report = rule.report()
    total = sum(window.value("timing/step") for window in seen if window.has("timing/step"))
    assert report["TRAIN"] + report["EVAL"] == pytest.approx(100)
    for part in ("data", "forward", "backward", "optimizer"):
        took = sum(window.value(f"timing/{part}") for window in seen if window.has(f"timing/{part}"))
        assert report[part] == pytest.approx(100 * took / total)
    assert sum(report.get(part, 0.0) for part in ("data", "forward", "backward", "optimizer")) == pytest.approx(100)


def test_a_training_without_times_has_none():
    rule = OverallFrameworkMetrics()
    judged(rule, samples(cpu=[5.0]) + timings(step=[0.0]))
    assert rule.report() == {}


@given(st.lists(st.tuples(st.sampled_from(["TRAIN", "EVAL"]), st.floats(0, 9), st.floats(0.01, 9)), min_size=1))
def test_it_is_the_shares(rows):
    rule = OverallFrameworkMetrics()
    for mode, forward, rest in rows:
        judged(rule, timings(mode, step=[forward + rest], forward=[forward]))
    total = sum(forward + rest for _, forward, rest in rows)
    expected = {"forward": 100 * sum(forward for _, forward, _ in rows) / total}
    for mode in {mode for mode, *_ in rows}:
        expected[mode] = 100 * sum(forward + rest for each, forward, rest in rows if each == mode) / total
    assert rule.report() == pytest.approx(expected)
