"""A card that waits for a disk is found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here. What the
disks do is also real where a test says so.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, samples

from labdeck.debugger.profiler.gauges import Gauges
from labdeck.debugger.rules import IOBottleneck


def test_waiting_for_disks_while_the_card_rests_is_found():
    """As the counters of a machine that reads many small files: long waits, short bursts of work."""
    waits = [85.0, 88.0, 82.0, 12.0] * 300
    card = [0.0, 4.0, 2.0, 96.0] * 300
    found, _ = judged(IOBottleneck(), samples(iowait=waits, gpu_0=card))
    assert {each.tensor for each in found} == {"system/gpu/0"}
    assert found[0].value == pytest.approx(75.0, abs=0.1)
    assert "disks" in found[0].message


@pytest.mark.slow
def test_what_real_writes_make_the_machine_wait_is_what_counts(tmp_path):
    """Files are written through to the disk; how long that takes, and whether it is told, is the machine's."""
    gauges, waits = Gauges(), []
    gauges.read()
    while len(waits) < 10:
        with (tmp_path / "file").open("wb") as file:
            for _ in range(4):
                file.write(os.urandom(1 << 20))
                os.fsync(file.fileno())
        waits.append(gauges.read().get("system/iowait", 0.0))
    assert all(0 <= wait <= 100 for wait in waits)
    least = sorted(waits)[3]
    above = sum(wait > least for wait in waits)
    _, last = judged(IOBottleneck(patience=10, io_threshold=least), samples(iowait=waits, gpu_0=[2.0] * 10))
    assert [found.value for found in last] == ([10.0 * above] if above > 5 else [])


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
