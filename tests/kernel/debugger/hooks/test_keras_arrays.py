"""What is recorded of Keras where steps are compiled: seen from callbacks alone, which is the same on any backend."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import contextlib
import types

import keras
import numpy as np
import pytest
from keras import layers

import labdeck
from labdeck.debugger.hooks.keras_arrays import KerasArrays
from labdeck.debugger.hooks.making import HubMaker
from labdeck.errors import TrainingStopped
from labdeck.findings.actions.choose import to_actions

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X.sum(1, keepdims=True)
HOW = {"batch_size": 16, "epochs": 2, "verbose": 0, "shuffle": False}


def made(rate=0.05):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(8, name="a"), layers.Dense(1, name="b")], name="net")
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse", metrics=["mae"])
    return model


def batches_of(model):
    for _ in range(100):
        model.train_on_batch(X, Y)


@contextlib.contextmanager
def watched(model=None, actions=(), **wishes):
    run = types.SimpleNamespace()
    maker = HubMaker(**{"budget": None, "flight": 0, "rules": (), "actions": to_actions(actions), **wishes})
    with labdeck.experiment("tests").trial() as run.trial:
        watching = KerasArrays(maker, keras, model)
        try:
            yield run
        finally:
            run.hubs = watching.hubs
            watching.close()
    run.reader = run.trial.experiment.session.tensors.reader(run.trial.id)
    run.findings = labdeck.open().debugger.findings(trial_id=run.trial.id).findings


def test_batches_weights_and_rates_are_recorded():
    model, kept, before = made(), [], (vars(keras.Model)["__init__"], keras.Model.fit)
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: kept.append(
            (model.get_layer("a").kernel.numpy().copy(), logs["loss"], logs["mae"])
        )
    )
    with watched() as run:
        model.fit(X, Y, validation_data=(X, Y), callbacks=[keep], **HOW)
        model.train_on_batch(X, Y)
    assert (vars(keras.Model)["__init__"], keras.Model.fit) == before
    (hub,) = run.hubs
    assert hub.steps == {"TRAIN": 9, "EVAL": 8, "PREDICT": 0, "GLOBAL": 0}
    series = {name: run.reader.series(name, "value", "TRAIN").values[:8] for name in ("loss", "mae", "lr")}
    assert series["loss"] == pytest.approx([loss for _, loss, _ in kept], rel=1e-5)
    assert series["mae"] == pytest.approx([mae for _, _, mae in kept], rel=1e-5)
    assert series["lr"] == pytest.approx([0.05] * 8)
    found = run.reader.series("a/kernel", "l2", "TRAIN").values[:8]
    assert found == pytest.approx([np.linalg.norm(kernel) for kernel, _, _ in kept], rel=1e-5)
    assert run.reader.tensors()["b/bias"].collections == ("biases",)


def test_only_the_model_that_is_named_is_watched_and_evaluations_alone_are_none():
    model, other = made(), made()
    with watched(model) as run:
        other.fit(X, Y, **HOW)
        model.evaluate(X, Y, verbose=0)
        model.fit(X, Y, **HOW)
    assert [hub.steps["TRAIN"] for hub in run.hubs] == [8]
    assert run.hubs[0].steps["EVAL"] == 0


def test_a_stop_ends_fit_and_a_loop_by_hand():
    with watched(rules=["ExplodingTensor"], actions=["stop"]) as run, pytest.warns(UserWarning, match="was stopped"):
        history = made(1e12).fit(X, Y, **{**HOW, "epochs": 50}).history
    assert len(history["loss"]) < 20
    assert {finding.rule for finding in run.findings} == {"ExplodingTensor"}
    model = made(1e12)
    with watched(model, rules=["ExplodingTensor"], actions=["stop"]), pytest.raises(TrainingStopped):
        batches_of(model)


def test_actions_reach_the_model():
    model = made()
    with watched(rules=["AllZero"], actions=["checkpoint", "lower-learning-rate=0.1"]) as run:
        model.get_layer("a").kernel.assign(np.zeros((4, 8)))
        model.get_layer("b").kernel.assign(np.zeros((8, 1)))
        model.fit(X, Y, **HOW)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.005)
    assert [one.name for one in run.trial.detail().artifacts if one.name.startswith("check")] == [
        "checkpoint-step-0.keras"
    ]
