"""How samples are spread, and when rules look at them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.machines import PERCENT, judged, percentile, samples

from labdeck.debugger.rules.sampled import SampledRule, Spread
from labdeck.findings.rule import Finding


@given(st.lists(PERCENT | st.floats(-1e3, 1e3), max_size=60), st.none() | st.integers(1, 20), st.integers(0, 100))
def test_percentiles_are_those_of_the_latest_values(values, window, percent):
    spread = Spread(window)
    for value in values:
        spread.add(value)
    kept = values if window is None else values[-window:]
    assert len(spread) == len(kept)
    if kept:
        assert spread.percentile(percent) == percentile(kept, percent)
        assert spread.cumulative()[-1] == pytest.approx(1.0)
    else:
        assert math.isnan(spread.percentile(percent))


def test_what_is_not_known_does_not_count():
    spread = Spread(3)
    for value in (math.nan, 10.0, math.nan):
        spread.add(value)
    assert (len(spread), spread.percentile(50)) == (1, 10.0)


@dataclass
class Latest(SampledRule):
    """Finds every sample above 50 that it looks at."""

    looks: int = field(init=False, default=0)
    value: float = field(init=False, default=0.0)

    def needs(self):
        return ()

    def take(self, window):
        self.value = window.value("system/cpu")

    def look(self) -> Iterator[Finding]:
        self.looks += 1
        if self.value > 50:
            yield Finding("high", "system/cpu", self.value)


def test_a_rule_looks_now_and_then_and_what_it_found_holds_meanwhile():
    rule = Latest(scan_interval_us=2_000_000)
    seen = samples(cpu=[90, 90, 90, 90, 90, 10, 10, 10, 10, 10, 10])
    found = [[each.value for each in rule.judge(window)] for window in seen]
    assert found == [[], [], [], [], [90.0], [90.0], [90.0], [90.0], [], [], []]
    assert rule.looks == 2


def test_at_the_end_it_says_only_what_is_new():
    rule = Latest(scan_interval_us=2_000_000)
    judged(rule, samples(cpu=[90] * 5))
    assert not list(rule.conclude()), "it is found already"
    _, last = judged(Latest(), samples(cpu=[90] * 5))
    assert [found.value for found in last] == [90.0]
