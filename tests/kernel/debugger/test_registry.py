"""Hubs of one trial that are made in several threads at once get names, rules and tensors of their own."""

from __future__ import annotations

import sys
import threading

import pytest
from tests.kernel.debugger.feeding import LossAbove, feed, make

import labdeck
from labdeck.debugger import registry, rules
from labdeck.debugger.hub import Hub
from labdeck.errors import NotFound

THREADS = 4


@pytest.fixture
def trial():
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()


@pytest.fixture
def hurried():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work):
    """Do something in several threads at once; return what they raised."""
    barrier, errors = threading.Barrier(THREADS), []

    def run(number):
        barrier.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.usefixtures("hurried")
def test_hubs_that_are_made_at_once_lose_no_rule(trial):
    kinds = [rules.ExplodingTensor, rules.LossSpike, LossAbove]

    def train(_):
        hub = Hub(trial, name="Net", framework="arrays", rules=kinds, budget=None, flight=0)
        hub.close()

    for turn in range(1, 4):
        assert in_threads(train) == []
        detail = trial.experiment.session.catalog.debugger(trial.id)
        assert len({watch.name for watch in detail.watches}) == THREADS * turn
        assert len({rule.name for rule in detail.rules}) == len(kinds) * THREADS * turn


def test_a_hub_that_is_being_made_is_not_found_by_others_but_they_are_not_alone(trial):
    seen = []

    def look(hub):
        seen.append((registry.live(trial.id), hub.is_alone))

    first = make(trial)

    class Looks(Hub):
        """It looks around before it is whole."""

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "name":
                look(first)

    second = Looks(trial, name="Net", framework="arrays", rules=())
    assert seen == [((first,), False)]
    assert registry.live(trial.id) == (first, second)
    for hub in (first, second):
        hub.close()


def test_a_hub_that_cannot_be_made_leaves_nothing_behind(trial):
    with pytest.raises(NotFound):
        make(trial, rules=["NoSuchRule"])
    assert registry.live(trial.id) == ()
    hub = make(trial)
    assert hub.is_alone
    feed(hub, loss=1.0)
    hub.close()


def test_a_rule_gets_a_name_of_its_own_while_another_is_being_added(trial):
    first, second, names = make(trial), make(trial, name="Critic"), []

    class Meets(LossAbove):
        """While it begins, another thread adds one of its kind."""

        def begin(self, surroundings):  # noqa: ARG002
            if not names:
                names.append("")
                thread = threading.Thread(target=lambda: names.append(second.add_rule(Meets())))
                thread.start()
                thread.join()

    names.append(first.add_rule(Meets()))
    assert sorted(names[1:]) == ["Meets", "Meets-2"]
    for hub in (first, second):
        hub.close()
