"""Card memory that fills up is found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, samples

from labdeck.debugger.rules import GPUMemoryIncrease


def test_losses_that_are_kept_fill_the_memory():
    """As the counters of a card on which each step keeps its graph: the memory grows without an end."""
    leak = [20.0 + 0.05 * number for number in range(1500)]
    found, _ = judged(GPUMemoryIncrease(), samples(gpu_memory_0=leak, gpu_memory_1=[31.0] * 1500))
    assert {each.tensor for each in found} == {"system/gpu_memory/0"}
    assert found[0].value == pytest.approx(25.0)


def test_memory_that_is_taken_once_is_healthy():
    caches = [5.0] * 40 + [61.0, 62.0, 61.5, 62.0] * 400
    assert judged(GPUMemoryIncrease(window=40), samples(gpu_memory_0=caches))[1] == []
    assert judged(GPUMemoryIncrease(), samples(gpu_memory_0=[70.0, 74.0] * 800)) == ([], [])


@given(st.lists(PERCENT, min_size=1, max_size=60), st.integers(1, 12), st.integers(1, 40), st.floats(0, 30))
def test_it_is_the_formula(memory, window, patience, increase):
    _, last = judged(
        GPUMemoryIncrease(increase=increase, patience=patience, window=window), samples(gpu_memory_0=memory)
    )
    whole = len(memory) // window
    means = [sum(memory[place * window : (place + 1) * window]) / window for place in range(whole)]
    rise = means[-1] - means[-2] if whole >= 2 else 0.0
    if abs(rise - increase) > 1e-9:
        assert bool(last) == (len(memory) >= patience and rise > increase)
    if last:
        assert last[0].value == pytest.approx(rise)
