"""A card that waits for a disk is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, samples

from labdeck.debugger.rules import IOBottleneck


def test_waiting_for_disks_while_the_card_rests_is_found():
    """As the counters of a machine that reads many small files: long waits, short bursts of work."""
    waits = [85.0, 88.0, 82.0, 12.0] * 300
    card = [0.0, 4.0, 2.0, 96.0] * 300
    found, _ = judged(IOBottleneck(), samples(iowait=waits, gpu_0=card))
    assert {each.tensor for each in found} == {"system/gpu/0"}
    assert found[0].value == pytest.approx(75.0, abs=0.1)
    assert "disks" in found[0].message


def test_a_card_that_works_meanwhile_does_not_wait():
    healthy = [
        samples(iowait=[80.0] * 1100, gpu_0=[90.0] * 1100),
        samples(iowait=[3.0] * 1100, gpu_0=[5.0] * 1100),
        samples(iowait=[80.0] * 900, gpu_0=[5.0] * 900),
    ]
    for seen in healthy:
        assert judged(IOBottleneck(), seen) == ([], [])


@given(st.lists(st.tuples(PERCENT, PERCENT), min_size=1, max_size=40), st.integers(1, 30), PERCENT, PERCENT)
def test_it_is_the_formula(rows, patience, io_threshold, gpu_threshold):
    waits, card = zip(*rows, strict=True)
    rule = IOBottleneck(patience=patience, io_threshold=io_threshold, gpu_threshold=gpu_threshold)
    _, last = judged(rule, samples(iowait=waits, gpu_0=card))
    share = 100 * sum(w > io_threshold and c < gpu_threshold for w, c in rows) / len(rows)
    assert bool(last) == (len(rows) >= patience and share > 50)
    assert rule.report() == pytest.approx({"system/gpu/0": share})
