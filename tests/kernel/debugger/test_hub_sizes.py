"""Models of all sizes: that change, that are huge, that do not fit into memory twice."""

from __future__ import annotations

import numpy as np
import pytest
from tests.kernel.debugger.feeding import arrays_at, feed, infos, make

import labdeck
from labdeck.debugger.hub import Hub
from labdeck.store.tensors.layout import TensorInfo


@pytest.fixture
def trial():
    trial = labdeck.experiment("digits").trial("net").start()
    yield trial
    trial.finish()


def reader(trial):
    return trial.experiment.session.tensors.reader(trial.id)


def test_a_model_whose_tensors_change_is_described_again(trial):
    hub = make(trial, save={"weights": ["mean"]}, flight=2)
    for step in range(6):
        if step == 3:
            hub.describe(infos(TensorInfo("late.weight", ("weights",), shape=(4,))), 12)
        feed(hub, loss=1.0, arrays={**arrays_at(step), "late.weight": np.full(4, step)})
    hub.close()
    assert reader(trial).series("late.weight", "mean").values.tolist() == [3.0, 4.0, 5.0]
    assert reader(trial).series("fc.weight", "mean").steps.tolist() == list(range(6))
    assert hub.watch_record().parameters == 12


def test_what_does_not_fit_into_the_flight_recorder_is_told_before_anything_is_copied(trial):
    hub = make(trial, flight=5)
    for rows, kept, told in ((2**23, 3, "keeps 3 steps only"), (2**29, 0, "not even one step")):
        hub.describe([TensorInfo("big", ("weights",), shape=(rows, 5))])
        plan = hub.due("TRAIN")
        assert plan.flight == (("big",) if kept else ())
        assert [told in text for text in hub.watch_record().warnings].count(True) == 1
    hub.close()


def test_ten_thousand_tensors_are_planned_once(trial):
    hub = Hub(trial, name="Wide", framework="torch", rules=(), budget=None, save={"weights": ["mean"]}, flight=0)
    hub.describe([TensorInfo(f"layer{n}.weight", ("weights",), shape=(2,)) for n in range(10_000)], 20_000)
    plans = {id(hub.due("TRAIN")) for _ in range(3) if feed(hub, arrays={})}
    assert len(plans) == 1
    hub.close()
    assert len(reader(trial).series("layer9999.weight", "mean")) == 3
