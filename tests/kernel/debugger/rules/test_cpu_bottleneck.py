"""A card that waits for the processor is found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here. What the
processor does is also real where a test says so.
"""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import busy, judged, samples

from labdeck.debugger.profiler.gauges import Gauges
from labdeck.debugger.rules import CPUBottleneck


@pytest.mark.slow
def test_a_machine_whose_cores_are_all_at_work_leaves_its_card_waiting():
    """The load is real, the card is not: it stands idle."""
    gauges, cpu = Gauges(), []
    with busy(os.cpu_count() or 1):
        gauges.read()
        while len(cpu) < 10:
            threading.Event().wait(0.1)
            cpu.append(gauges.read().get("system/cpu", 0.0))
    _, last = judged(CPUBottleneck(patience=10, cpu_threshold=80.0), samples(cpu=cpu, gpu_0=[3.0] * 10))
    assert [found.tensor for found in last] == ["system/gpu/0"]
    assert last[0].value > 50
    assert "processor was at its limit" in last[0].message


def test_a_busy_card_and_a_resting_processor_are_none():
    ahead = samples(cpu=[99.0] * 200, gpu_0=[80.0] * 200)
    resting = samples(cpu=[40.0] * 200, gpu_0=[3.0] * 200)
    now_and_then = samples(cpu=[99.0, 40.0, 40.0] * 70, gpu_0=[3.0, 90.0, 90.0] * 70)
    for healthy in (ahead, resting, now_and_then, samples(cpu=[99.0] * 200)):
        assert judged(CPUBottleneck(), healthy) == ([], [])


USE = st.sampled_from([0.0, 9.9, 10.0, 10.1, 25.0, 60.0, 89.9, 90.0, 90.1, 100.0])


@given(
    st.lists(st.tuples(USE, USE, USE), min_size=1, max_size=40),
    st.integers(1, 30),
    st.sampled_from([0.0, 10.0, 25.0, 50.0, 75.0]),
    st.sampled_from([10.0, 25.0, 60.0]),
    st.sampled_from([25.0, 60.0, 90.0]),
)
def test_it_is_the_formula(rows, patience, threshold, gpu_threshold, cpu_threshold):
    cpu, one, other = zip(*rows, strict=True)
    rule = CPUBottleneck(
        patience=patience, threshold=threshold, gpu_threshold=gpu_threshold, cpu_threshold=cpu_threshold
    )
    _, last = judged(rule, samples(cpu=cpu, gpu_0=one, gpu_1=other))
    expected = {}
    for name, card in (("system/gpu/0", one), ("system/gpu/1", other)):
        waiting = [p > cpu_threshold and c < gpu_threshold for p, c in zip(cpu, card, strict=True)]
        share = 100 * sum(waiting) / len(waiting)
        if len(rows) >= patience and share > threshold:
            expected[name] = share
    assert {found.tensor: found.value for found in last} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cpu", "gpu", "waiting", "count", "expected"),
    [
        (90.1, 9.9, 51, 100, 1),
        (90.1, 9.9, 50, 100, 0),
        (90.0, 9.9, 100, 100, 0),
        (90.1, 10.0, 100, 100, 0),
        (90.1, 9.9, 99, 99, 0),
    ],
    ids=["ill", "half of the time", "the processor has a rest", "the card has work", "too few samples"],
)
def test_the_limits_are_those_of_the_documentation(cpu, gpu, waiting, count, expected):
    rest = count - waiting
    seen = samples(cpu=[cpu] * waiting + [40.0] * rest, gpu_0=[gpu] * waiting + [80.0] * rest)
    assert len(judged(CPUBottleneck(), seen)[1]) == expected
