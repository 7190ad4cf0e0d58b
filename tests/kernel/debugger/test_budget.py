"""The budget: whatever a training and the debugger take, the share is kept, and no more is left out than it must be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.budget import FLIGHT, HEAVY, LIGHT, MOST, Budget


def train(budget, steps, *, step, light=2e-5, flight=1e-5, heavy=1e-3, **more):
    """Note steps of a training that takes so many seconds each; return the debugger's share of the last half."""
    interval, noise, start = more.get("interval", 1), more.get("noise", 0.0), more.get("start", 0)
    chance, now, spent, total = random.Random(more.get("seed", 0)), 100.0, 0.0, 0.0
    budget.interval = interval
    for number in range(start, start + steps):
        slow = 1 + noise * chance.random() + (30 if noise and chance.random() < 0.03 else 0)
        cost, kind, copying = light, LIGHT, 0.0
        is_heavy = number % (interval * budget.factor) == 0
        if is_heavy:
            cost, kind = heavy, HEAVY
        if budget.flight_each or is_heavy:
            cost, copying, kind = cost + flight, flight, max(kind, FLIGHT)
        cost *= slow
        now += step * slow + cost
        budget.note(now, cost, kind, copying)
        if number >= start + steps // 2:
            spent, total = spent + cost, total + step * slow
    return spent / total


@given(
    step=st.floats(1e-4, 1.0),
    heavy=st.floats(1e-5, 0.1),
    interval=st.sampled_from([1, 3, 10]),
    noise=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 100),
)
def test_the_share_is_kept_whatever_it_costs(step, heavy, interval, noise, seed):
    budget = Budget(0.03)
    light, flight = min(step * 0.002, 1e-4), heavy / 10
    more = {"interval": interval, "noise": noise, "seed": seed}
    share = train(budget, 1200, step=step, light=light, flight=flight, heavy=heavy, **more)
    must = (heavy + flight) / (0.028 * step)  # so many times less often than each step it has to be
    if budget.factor < MOST:
        # Among few recorded steps a single slow one weighs much: then what is expected says more than what was.
        assert budget.share() <= 0.045 if noise else share <= 0.0301
    assert budget.factor <= max(1, 8 * must / interval), "no more is left out than must be"


def test_what_is_cheap_is_recorded_each_step():
    budget = Budget(0.03)
    train(budget, 500, step=0.01, heavy=1e-4)
    assert (budget.factor, budget.flight_each) == (1, True)
    assert budget.step_time == pytest.approx(0.01)
    assert budget.cost == pytest.approx(1.1e-4)
    assert budget.share() == pytest.approx(0.011)


def test_without_a_limit_everything_is_measured_and_nothing_left_out():
    budget = Budget(None)
    share = train(budget, 300, step=0.001, heavy=0.01, flight=0.005)
    assert (budget.factor, budget.flight_each) == (1, True)
    assert share == pytest.approx(15, rel=0.01)
    assert budget.share() == pytest.approx(15, rel=0.01)


def test_the_flight_recorder_gives_way_when_it_alone_takes_half_of_the_budget():
    budget = Budget(0.03)
    train(budget, 300, step=0.01, flight=2e-4, heavy=3e-4, light=1e-5)
    assert not budget.flight_each
    assert budget.factor == 2
    budget = Budget(0.03)
    train(budget, 300, step=0.01, flight=1e-4, heavy=1e-3, light=1e-5)
    assert budget.flight_each


def test_it_records_more_often_again_when_the_training_slows_down_and_does_not_go_back_and_forth():
    budget = Budget(0.03)
    train(budget, 200, step=0.001, heavy=1e-3)
    assert budget.factor >= 32
    seen = []
    for turn in range(30):
        train(budget, 20, step=0.1, heavy=1e-3, start=200 + 20 * turn)
        seen.append(budget.factor)
    assert seen[-1] == 1
    assert seen == sorted(seen, reverse=True)


def test_nothing_is_known_before_a_step_was_measured():
    budget = Budget(0.03)
    assert (budget.step_time, budget.cost, budget.share()) == (0.0, 0.0, 0.0)
    budget.note(1.0, 0.5, HEAVY)
    assert budget.step_time == 0.0, "the first steps are slow for other reasons"


def test_where_every_step_costs_more_than_the_budget_what_is_recorded_adds_half_of_that_at_the_most():
    budget = Budget(0.03)
    train(budget, 600, step=0.001, light=1e-4, flight=1e-5, heavy=1e-3)
    assert not budget.flight_each
    assert budget.factor in (16, 32), "1e-3 / 5e-5 is 20"
    assert budget.cost <= 1.5e-4
    train(budget, 600, step=1e-4, light=1e-6, flight=1e-7, heavy=1.0)
    assert budget.factor == MOST, "it never looks away"


def test_a_step_far_over_the_budget_is_acted_upon_at_once():
    budget, now = Budget(0.03), 0.0
    for _ in range(4):
        now += 0.01 + 0.2
        budget.note(now, 0.2, HEAVY)
    assert budget.factor == 8
    budget, now = Budget(0.03), 0.0
    for _ in range(15):
        now += 0.01 + 0.002
        budget.note(now, 0.002, HEAVY)
    assert budget.factor == 1, "what is not far over waits for more than one measurement"


def test_what_was_found_has_the_next_steps_recorded_in_full_but_not_for_ever():
    budget = Budget(0.03)
    train(budget, 300, step=0.001, heavy=1e-3)
    factor = budget.factor
    assert factor >= 32
    full = 0
    for step in range(300, 300 + 10 * factor):
        budget.alert(step, urgent=False)
        full += budget.factor_at(step) == 1
    assert 3 <= full <= 10 + 3, "warnings all the time double the cost at the most"
    end = 300 + 10 * factor
    budget.alert(end, urgent=True)
    assert [budget.factor_at(end + ahead) for ahead in range(4)] == [1, 1, 1, factor]
