"""Card memory that fills up is found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import judged, samples

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


LEVELS = st.sampled_from([0.0, 5.0, 5.1, 10.0, 11.0, 20.0, 21.0, 50.0, 75.0, 100.0])


@given(
    st.lists(LEVELS, min_size=1, max_size=60),
    st.integers(1, 12),
    st.integers(1, 40),
    st.sampled_from([0.0, 1.0, 5.0, 10.0, 30.0]),
)
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


@pytest.mark.parametrize(
    ("rise", "count", "options", "expected"),
    [
        (10.1, 1000, {}, 1),
        (10.0, 1000, {}, 0),
        (10.1, 999, {}, 0),
        (6.0, 1000, {}, 0),
        (6.0, 1000, {"increase": 5}, 1),
        (99.0, 99, {"window": 40}, 0),
        (99.0, 100, {"window": 40}, 1),
    ],
    ids=["ill", "at the limit", "half a window", "a little", "a little is much", "too few samples", "enough"],
)
def test_the_limits_are_those_of_the_documentation(rise, count, options, expected):
    rule = GPUMemoryIncrease(**options)
    first = min(rule.window, count)
    seen = samples(gpu_memory_0=[0.0] * first + [rise] * (count - first))
    assert len(judged(rule, seen)[1]) == expected
