"""Room on processor, card and card memory is found; a busy card is not.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here. What the
processor does beside it is also real where a test says so.
"""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, busy, judged, percentile, samples

from labdeck.debugger.profiler.gauges import Gauges
from labdeck.debugger.rules import BatchSize


def course(count, used, memory, cpu=25.0):
    """Return a card's use as a driver tells it: bursts of a tenth of the time above the rest."""
    wave = [used + (10 if number % 10 == 0 else number % 3) for number in range(count)]
    return samples(cpu=[cpu + number % 5 for number in range(count)], gpu_0=wave, gpu_memory_0=[memory] * count)


def test_small_batches_leave_room_everywhere():
    found, last = judged(BatchSize(), course(600, used=28.0, memory=12.0))
    assert {each.tensor for each in found} == {"system/gpu/0"}
    assert found[0].threshold == 70.0
    assert found[0].value == 38.0
    assert "could be larger" in found[0].message
    assert not last


@pytest.mark.slow
def test_a_processor_that_really_is_at_its_limit_leaves_no_room():
    """The load is real, the card is not: it and its memory have room."""
    gauges, cpu = Gauges(), []
    with busy(os.cpu_count() or 1):
        gauges.read()
        while len(cpu) < 10:
            threading.Event().wait(0.1)
            cpu.append(gauges.read().get("system/cpu", 0.0))
    room = {"gpu_0": [28.0] * 10, "gpu_memory_0": [12.0] * 10}
    assert judged(BatchSize(patience=10), samples(cpu=cpu, **room)) == ([], [])
    _, last = judged(BatchSize(patience=10, cpu_threshold_p95=101.0), samples(cpu=cpu, **room))
    assert [found.tensor for found in last] == ["system/gpu/0"], "but for the processor there would be room"


def test_large_batches_are_none_of_its_business():
    for large in (
        course(600, used=88.0, memory=40.0),
        course(600, used=30.0, memory=92.0),
        course(600, 30.0, 12.0, cpu=80.0),
    ):
        assert judged(BatchSize(), large) == ([], [])
    assert judged(BatchSize(), course(99, used=28.0, memory=12.0)) == ([], []), "it is patient"
    assert judged(BatchSize(), samples(cpu=[10.0] * 300)) == ([], []), "there is no card"


@given(st.lists(st.tuples(PERCENT, PERCENT, PERCENT), min_size=1, max_size=40), st.integers(1, 30), st.integers(1, 20))
def test_it_is_the_formula(rows, patience, window):
    cpu, card, memory = zip(*rows, strict=True)
    _, last = judged(BatchSize(patience=patience, window=window), samples(cpu=cpu, gpu_0=card, gpu_memory_0=memory))
    highs = [percentile(column[-window:], 95) for column in (cpu, card, memory)]
    assert bool(last) == (len(rows) >= patience and all(high < 70 for high in highs))
    if last:
        assert last[0].value == highs[1]
