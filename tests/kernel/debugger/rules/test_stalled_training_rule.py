"""Silence is found once for each standstill."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.training import batches, digits, small, windows
from torch import nn

from labdeck.debugger.rules import StalledTrainingRule
from labdeck.findings.rule import make_rule
from labdeck.findings.window import window_of


def watch(delays, threshold):
    """Train with a data loader that waits at some steps until the rule has seen it wait; return what was found."""
    rule, found, release = StalledTrainingRule(threshold=threshold), [], threading.Event()
    heard = [time.monotonic()]
    done = threading.Event()

    def look():
        steps = 0
        while not done.is_set():
            idle = time.monotonic() - heard[0]
            found.extend(rule.wait(idle, steps))
            if idle > 3 * threshold or found:
                release.set()
            done.wait(0.01)

    def data():
        for step, batch in enumerate(batches(*digits())):
            if step in delays:
                release.wait()
            yield batch

    looker = threading.Thread(target=look)
    looker.start()
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for window in windows(model, optimizer, nn.functional.cross_entropy, data(), 10):
        heard[0] = time.monotonic()
        assert list(rule.judge(window)) == []
    done.set()
    looker.join()
    return found


@pytest.mark.slow
def test_a_data_loader_that_waits_is_found():
    found = watch({5}, threshold=0.3)
    assert len(found) == 1
    assert found[0].value >= 0.3


@pytest.mark.slow
def test_a_healthy_training_is_silent():
    assert watch(set(), threshold=60.0) == []


@given(st.lists(st.one_of(st.none(), st.floats(0, 30)), max_size=30))
def test_each_silence_is_found_once(course):
    """Numbers are seconds that pass until the rule looks again, None is a step."""
    rule, idle, told, found, expected = StalledTrainingRule(threshold=50), 0.0, False, 0, 0
    for each in course:
        if each is None:
            list(rule.judge(window_of({"loss": 1.0})))
            idle, told = 0.0, False
            continue
        idle += each
        found += len(list(rule.wait(idle, 3)))
        expected += idle >= 50 and not told
        told = told or idle >= 50
    assert found == expected


def test_samples_of_the_machine_are_no_sign_of_life():
    rule = StalledTrainingRule(threshold=10)
    assert len(list(rule.wait(11.0, 4))) == 1
    list(rule.judge(window_of({"system/cpu": 3.0}, mode="GLOBAL")))
    assert list(rule.wait(12.0, 5)) == []


def test_stopping_can_be_asked_for_as_in_sagemaker():
    assert make_rule(StalledTrainingRule, {"stop_training_on_fire": "True"}).reactions == ("stop",)
    assert StalledTrainingRule().reactions == ()
