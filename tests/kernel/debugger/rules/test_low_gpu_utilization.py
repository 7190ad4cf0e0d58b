"""Cards with little to do, or with work by fits and starts, are found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, percentile, samples

from labdeck.debugger.rules import LowGPUUtilization


def test_a_card_with_little_to_do_is_found_and_one_that_jumps():
    little = [14.0, 17.0, 12.0, 15.0] * 300
    jumps = [97.0, 96.0, 2.0, 98.0] * 300
    steady = [93.0, 95.0, 91.0, 94.0] * 300
    found, _ = judged(LowGPUUtilization(), samples(gpu_0=little, gpu_1=jumps, gpu_2=steady))
    by_card = {each.tensor: each for each in found}
    assert set(by_card) == {"system/gpu/0", "system/gpu/1"}
    assert by_card["system/gpu/0"].value == 17.0
    assert by_card["system/gpu/1"].threshold == 10.0
    assert "jumps between 2 % and 98 %" in by_card["system/gpu/1"].message


def test_a_busy_card_is_healthy_and_the_beginning_does_not_count_for_ever():
    start = [0.0] * 400 + [92.0, 95.0] * 500
    assert judged(LowGPUUtilization(), samples(gpu_0=start)) == ([], [])
    assert judged(LowGPUUtilization(), samples(gpu_0=[5.0] * 900)) == ([], []), "it is patient"


@given(st.lists(PERCENT, min_size=1, max_size=50), st.integers(1, 20), st.integers(1, 40), PERCENT, PERCENT)
def test_it_is_the_formula(used, window, patience, upper, lower):
    rule = LowGPUUtilization(threshold_p95=upper, threshold_p5=lower, window=window, patience=patience)
    _, last = judged(rule, samples(gpu_0=used))
    high, low = percentile(used[-window:], 95), percentile(used[-window:], 5)
    fires = high < upper or (high > upper and low < lower)
    assert bool(last) == (len(used) >= patience and fires)
