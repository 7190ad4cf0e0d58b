"""Cards that share their work unevenly are found.

What the card does is made up, sample by sample, as its driver would tell it: no card is at work here.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, samples

from labdeck.debugger.rules import LoadBalancing


def test_one_card_does_all_the_work():
    first, second = [97.0, 99.0, 95.0] * 50, [3.0, 0.0, 6.0] * 50
    found, _ = judged(LoadBalancing(), samples(gpu_0=first, gpu_1=second, gpu_2=first))
    assert {each.tensor for each in found} == {"system/gpu/1"}
    assert found[0].value == pytest.approx(0.94, abs=0.01)


def test_cards_that_work_alike_are_healthy():
    first, second = [90.0, 40.0, 95.0] * 50, [40.0, 95.0, 90.0] * 50
    assert judged(LoadBalancing(), samples(gpu_0=first, gpu_1=second)) == ([], [])
    assert judged(LoadBalancing(), samples(gpu_0=[99.0] * 150, gpu_1=[80.0] * 150)) == ([], [])
    assert judged(LoadBalancing(), samples(gpu_0=[99.0] * 150)) == ([], []), "one card alone balances nothing"
    assert judged(LoadBalancing(), samples(gpu_0=[99.0] * 9, gpu_1=[0.0] * 9)) == ([], []), "it is patient"


@given(st.lists(st.tuples(PERCENT, PERCENT, PERCENT), min_size=1, max_size=40), st.floats(0, 1))
def test_it_is_the_formula(rows, threshold):
    """For as many samples each, the distance is the mean difference of the sorted values."""
    cards = np.sort(np.round(np.array(rows)), axis=0)
    apart = {
        (one, other): np.abs(cards[:, one] - cards[:, other]).mean() / 100 for one, other in ((0, 1), (0, 2), (1, 2))
    }
    rule = LoadBalancing(threshold=threshold, patience=1)
    columns = {f"gpu_{card}": [row[card] for row in rows] for card in range(3)}
    _, last = judged(rule, samples(**columns))
    worst = max(apart.values())
    assert rule.report()["distance"] == pytest.approx(worst)
    if abs(worst - threshold) > 1e-9:
        assert bool(last) == (worst > threshold)
    if last:
        pairs = [pair for pair, distance in apart.items() if distance == pytest.approx(worst)]
        means = cards.mean(axis=0)
        idle = int(last[0].tensor[-1])
        assert any(idle in pair and means[idle] == pytest.approx(means[list(pair)].min()) for pair in pairs)
