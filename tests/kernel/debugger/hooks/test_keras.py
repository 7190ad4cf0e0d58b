"""Trainings of Keras on PyTorch are watched, and come out as they would."""

from __future__ import annotations

import itertools
import os

os.environ["KERAS_BACKEND"] = "torch"

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from keras import layers

import labdeck
from labdeck.debugger import rules

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
_QUIET = {"budget": None, "flight": 0, "profile": False}
X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X.sum(1, keepdims=True)
HOW = {"batch_size": 16, "epochs": 2, "verbose": 0, "shuffle": False}


def made(*between, optimizer="sgd", name="net", **compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input((4,)), *(between or [layers.Dense(8, activation="relu", name="a")])], name=name
    )
    model.add(layers.Dense(1, name="b"))
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"], **compiled)
    return model


class Run:
    """What is known of a training that was watched."""

    def __init__(self, trial, watch):
        self.trial, self.watch = trial, watch
        self.reader = trial.experiment.session.tensors.reader(trial.id)
        self.hub = watch.hubs[0]
        self.findings = labdeck.open().debugger.findings(trial_id=trial.id).findings

    def series(self, tensor, reduction="value", mode="TRAIN"):
        return self.reader.series(tensor, reduction, mode).values

    @property
    def found(self):
        return {finding.rule for finding in self.findings}


def watched(training, *models, **wishes):
    """Watch a training, of a model that is named or of whatever trains."""
    with labdeck.experiment("tests").trial() as trial, labdeck.watch(*models, **{**_QUIET, **wishes}) as watch:
        training()
    return Run(trial, watch)


def traces():
    kinds = (
        keras.Model.__mro__ + keras.optimizers.Adam.__mro__ + (keras.losses.Loss, keras.optimizers.LossScaleOptimizer)
    )
    return {(kind, name): value for kind in kinds for name, value in vars(kind).items() if callable(value)}


def hooks_of(model):
    return [
        (module._forward_hooks, module._forward_pre_hooks, module._forward_hooks_with_kwargs)
        for module in model.modules()
    ]


@pytest.mark.parametrize("named", [True, False])
def test_a_fit_is_recorded_and_comes_out_the_same(named):
    model, twin = made(optimizer="adam"), made(optimizer="adam")
    before, hooks = traces(), str(hooks_of(model))
    wishes = {"rules": (), "save": ["weights", "biases", "gradients", "updates", "optimizer", "outputs"]}
    run = watched(lambda: model.fit(X, Y, validation_data=(X, Y), **HOW), *([model] if named else []), **wishes)
    assert traces() == before
    assert str(hooks_of(model)) == hooks
    expected = twin.fit(X, Y, validation_data=(X, Y), **HOW).history
    for mine, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert np.array_equal(mine, other)
    assert run.hub.steps == {"TRAIN": 8, "EVAL": 8, "PREDICT": 0, "GLOBAL": 0}
    assert run.hub.framework == "keras"
    assert run.series("loss").reshape(2, 4).mean(1) == pytest.approx(expected["loss"], rel=1e-5)
    assert run.series("loss", mode="EVAL").reshape(2, 4).mean(1) == pytest.approx(expected["val_loss"], rel=1e-5)
    assert run.series("mae").reshape(2, 4)[:, -1] == pytest.approx(expected["mae"], rel=1e-5)
    assert run.series("mae", mode="EVAL").reshape(2, 4)[:, -1] == pytest.approx(expected["val_mae"], rel=1e-5)
    assert run.series("lr") == pytest.approx([0.001] * 8)
    tensors = run.reader.tensors()
    assert (tensors["a/kernel"].collections, tensors["a/kernel"].module) == (("weights",), "a")
    assert tensors["a/bias"].collections == ("biases",)
    assert run.series("optimizer/b/kernel/velocity", "max").min() > 0
    assert "relu_outputs" in tensors["a_output_0"].collections


def test_weights_gradients_and_updates_are_those_of_the_steps():
    model = made(optimizer=keras.optimizers.SGD(0.1, clipnorm=0.01, weight_decay=0.5))
    kept = [model.get_layer("a").kernel.numpy().copy()]
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: kept.append(model.get_layer("a").kernel.numpy().copy())
    )
    run = watched(lambda: model.fit(X, Y, callbacks=[keep], **HOW), model, rules=())
    assert run.series("a/kernel", "l2") == pytest.approx([np.linalg.norm(one) for one in kept[:-1]], rel=1e-5)
    moved = [np.linalg.norm(after - one) / np.linalg.norm(one) for one, after in itertools.pairwise(kept)]
    assert run.series("update/a/kernel") == pytest.approx(moved, rel=1e-3)
    assert run.series("gradient/a/kernel", "l2") == pytest.approx([0.01] * 8, rel=1e-4)  # as they were clipped


def test_gathered_gradients_make_one_step():
    model = made(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    whole = made(optimizer=keras.optimizers.SGD(0.1))
    run = watched(lambda: model.fit(X, Y, **HOW), model, rules=())
    other = watched(lambda: whole.fit(X, Y, **{**HOW, "batch_size": 32}), whole, rules=())
    assert run.hub.steps["TRAIN"] == other.hub.steps["TRAIN"] == 4
    assert run.series("gradient/a/kernel", "l2") == pytest.approx(other.series("gradient/a/kernel", "l2"), rel=1e-4)
    assert run.series("loss") == pytest.approx(other.series("loss"), rel=1e-4)


def test_scaled_losses_are_recorded_without_the_scale_and_skipped_steps_are_none():
    plain, scaled = (
        made(),
        made(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=1024)),
    )
    fixed = made(optimizer=keras.optimizers.SGD(loss_scale_factor=8.0))
    runs = [watched(lambda model=model: model.fit(X, Y, **HOW), model, rules=()) for model in (plain, scaled, fixed)]
    for run in runs[1:]:
        for name, reduction in (("loss", "value"), ("gradient/a/kernel", "l2")):
            assert run.series(name, reduction) == pytest.approx(runs[0].series(name, reduction), rel=1e-4)
    model = made(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=3e38))
    run = watched(lambda: model.fit(X, Y, **HOW), model, rules=())
    assert 0 < run.hub.facts["skipped_steps"] == 8 - run.hub.steps["TRAIN"] < 8


def test_frozen_layers_have_no_gradient_until_they_are_thawed():
    model = made()
    model.get_layer("a").trainable = False
    model.compile(optimizer="sgd", loss="mse")

    def train():
        model.fit(X, Y, **HOW)
        model.get_layer("a").trainable = True
        model.compile(optimizer="sgd", loss="mse")
        model.fit(X, Y, **HOW)

    run = watched(train, model, rules=())
    assert len(run.series("a/kernel", "l2")) == 16
    assert len(run.series("gradient/a/kernel", "l2")) == 8
    assert len(run.series("gradient/b/kernel", "l2")) == 16


@pytest.mark.parametrize("named", [True, False])
def test_batches_by_hand(named):
    model = made(optimizer="adam")

    def train():
        for _ in range(3):
            model.train_on_batch(X, Y)
            model.test_on_batch(X, Y)
        model.predict_on_batch(X)

    run = watched(train, *([model] if named else []), rules=())
    assert run.hub.steps == {"TRAIN": 3, "EVAL": 3, "PREDICT": 1, "GLOBAL": 0}
    assert len(run.series("mae")) == len(run.series("mae", mode="EVAL")) == 3


def test_a_loop_of_ones_own():
    model, loss_of, optimizer = made(), keras.losses.MeanSquaredError(), keras.optimizers.Adam(0.01)

    def train():
        for _ in range(4):
            model.zero_grad()
            loss_of(Y, model(X, training=True)).backward()
            variables = model.trainable_weights
            with torch.no_grad():
                optimizer.apply([one.value.grad for one in variables], variables)

    run = watched(train, rules=(), save={"predictions": {"reductions": ["l2"]}, "labels": {"reductions": ["l2"]}})
    assert run.hub.steps["TRAIN"] == len(run.series("loss")) == 4
    assert run.series("labels", "l2") == pytest.approx([np.linalg.norm(Y)] * 4, rel=1e-5)
    assert run.series("predictions", "l2").min() > 0


class Pair(keras.Model):
    """A generator and its critic, with a step of its own."""

    def __init__(self):
        super().__init__()
        self.maker = keras.Sequential([layers.Input((4,)), layers.Dense(4, name="m")], name="maker")
        self.critic = keras.Sequential([layers.Input((4,)), layers.Dense(1, name="c")], name="critic")
        self.ways = [keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.02)]
        self.built = True

    def train_step(self, data):
        found = {}
        for way, net, sign in zip(self.ways, (self.critic, self.maker), (1, -1), strict=True):
            self.zero_grad()
            loss = sign * torch.mean(self.critic(self.maker(data[0]))) + torch.mean(self.critic(data[0])) ** 2
            loss.backward()
            with torch.no_grad():
                way.apply([one.value.grad for one in net.trainable_weights], net.trainable_weights)
            found[f"{net.name}_loss"] = loss.detach()
        return found


def test_two_optimizers_of_one_model_and_metrics_of_its_own():
    keras.utils.set_random_seed(0)
    model = Pair()
    model.compile()
    run = watched(lambda: model.fit(X, Y, **HOW), rules=())
    names = run.reader.tensors()
    assert any(name.endswith("m/kernel") for name in names)
    assert any(name.endswith("c/kernel") for name in names)
    assert names["critic_loss"].collections == ("losses",)
    assert run.hub.steps["TRAIN"] in (8, 16)


def test_two_models_one_after_the_other():
    first, second = made(name="first"), made(name="second")

    def train():
        for model in (first, second):
            for _ in range(2):
                model.train_on_batch(X, Y)

    run = watched(train, rules=())
    assert [hub.steps["TRAIN"] for hub in run.watch.hubs] == [2, 2]


def test_deep_sigmoids_have_vanishing_gradients_and_a_healthy_training_has_nothing():
    deep = made(*(layers.Dense(8, activation="sigmoid") for _ in range(12)))
    run = watched(lambda: deep.fit(X, Y, **HOW), deep, rules=[rules.VanishingGradient(threshold=1e-6)])
    assert run.found == {"VanishingGradient"}
    assert run.findings[-1].tensor.startswith("gradient/dense")
    healthy = made(optimizer=keras.optimizers.SGD(0.01))
    assert watched(lambda: healthy.fit(X, Y, **HOW), healthy).findings == ()


def test_a_loss_that_is_no_number_ends_fit_as_early_stopping_does():
    model = made(optimizer=keras.optimizers.SGD(1e12))
    seen = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run = watched(
            lambda: seen.append(model.fit(X, Y, **{**HOW, "epochs": 50})), rules=["ExplodingTensor"], actions=["stop"]
        )
    assert run.found == {"ExplodingTensor"}
    (history,) = seen
    assert len(history.history["loss"]) < 10
    assert run.trial.state == "interrupted"
    assert any("the training was stopped" in str(one.message) for one in told)


def test_a_stop_ends_a_loop_by_hand():
    model = made(optimizer=keras.optimizers.SGD(1e12))
    done = []

    def train():
        for step in range(100):
            model.train_on_batch(X, Y)
            done.append(step)

    run = watched(train, model, rules=["ExplodingTensor"], actions=["stop"])
    assert run.watch.ended is not None
    assert len(done) < 20


def test_learning_rates_are_lowered_and_checkpoints_kept(tmp_path):
    model = made(optimizer="adam")
    wishes = {"rules": [rules.VanishingGradient(threshold=1e9)], "actions": ["checkpoint", "lower-learning-rate=0.1"]}
    run = watched(lambda: model.fit(X, Y, **HOW), model, **wishes)
    assert run.series("lr") == pytest.approx([0.001, *[0.0001] * 7])
    (kept,) = [one for one in run.trial.detail().artifacts if one.name.startswith("checkpoint")]
    assert kept.name == "checkpoint-step-0.keras"
    path = tmp_path / kept.name
    path.write_bytes(run.trial.experiment.session.artifacts.path(kept.sha256).read_bytes())
    again = keras.models.load_model(path)
    assert int(again.optimizer.iterations) == 1
    assert not np.array_equal(again.get_weights()[0], model.get_weights()[0])


def test_where_a_number_became_none_is_found():
    class Root(layers.Layer):
        def call(self, inputs):
            return torch.sqrt(inputs)

    model = made(layers.Dense(8, name="a"), layers.Dropout(0.5), Root(name="root"))
    run = watched(lambda: model.fit(X, Y, **HOW), model, rules=["NaNOrigin"])
    assert run.found == {"NaNOrigin"}
    assert "root" in run.findings[-1].message


class Blocks(keras.Model):
    """Layers in a list, of the same name, and a module of PyTorch; not built before it is trained."""

    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(3, activation="relu", name="a"), layers.Dense(3, name="a")]
        self.act = layers.Activation("tanh", name="act")
        self.last = layers.Dense(1, name="last")
        self.straight = torch.nn.Linear(4, 4)

    def call(self, inputs):
        hidden = self.straight(inputs)
        for block in self.blocks:
            hidden = block(hidden)
        return self.last(self.act(hidden))


def edges_of(run):
    (kept,) = [one.body for one in run.trial.detail().captures if one.kind == "network"]
    return [tuple(edge) for edge in kept["edges"]]


@pytest.mark.parametrize("named", [True, False])
def test_layers_and_modules_within_a_model_of_ones_own(named):
    keras.utils.set_random_seed(0)
    model = Blocks()
    model.compile(optimizer="sgd", loss="mse")
    run = watched(
        lambda: model.fit(X, Y, **HOW), *([model] if named else []), rules=(), save=["weights", "inputs", "outputs"]
    )
    tensors = run.reader.tensors()
    kernels = {name: info.module for name, info in tensors.items() if info.collections == ("weights",)}
    (wrapper,) = [info.module for info in tensors.values() if info.module_type == "TorchModuleWrapper"][:1]
    expected = {"a/kernel": "a", "a/kernel-2": "a-2", "last/kernel": "last", f"{wrapper}/module/weight": wrapper}
    assert kernels == expected
    assert all(len(run.series(name, "l2")) == 8 for name in kernels)
    assert "relu_outputs" in tensors["a_output_0"].collections
    assert "tanh_inputs" in tensors["act_input_0"].collections
    assert not any("_output_0/" in name for name in tensors)  # passes that only learn shapes are none
    assert edges_of(run) == [(f"{wrapper}/module", "a"), ("a", "a-2"), ("a-2", "act"), ("act", "last")]


def test_a_network_with_branches_and_a_model_within():
    keras.utils.set_random_seed(0)
    words = keras.Input((5,))
    hidden = layers.GlobalAveragePooling1D(name="mean")(layers.Embedding(10, 4, name="words")(words))
    inner = keras.Sequential([layers.Dense(4, name="d", activation="relu")], name="inner")
    model = keras.Model(
        words, layers.Dense(1, activation="sigmoid", name="out")(layers.Add(name="add")([hidden, inner(hidden)]))
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    known = np.random.default_rng(0).integers(0, 10, (64, 5))
    run = watched(lambda: model.fit(known, known[:, :1] > 4, **HOW), model, rules=())
    tensors = run.reader.tensors()
    assert tensors["words/embeddings"].collections == ("weights",)
    assert (tensors["inner/d/kernel"].module, tensors["inner/d/bias"].collections) == ("inner/d", ("biases",))
    assert {("inner/d", "add"), ("mean", "add"), ("add", "out"), ("words", "mean")} <= set(edges_of(run))
    assert run.series("accuracy").max() <= 1


def test_what_is_compiled_is_not_watched_and_that_is_said():
    model = made(jit_compile=True)
    model.train_function = lambda _: {"loss": 0.0}  # what it compiles is not the point here
    with pytest.warns(UserWarning, match="compile it with jit_compile=False") as told:
        watched(lambda: [model.fit(X, Y, **HOW) for _ in range(2)], model)
    assert sum("jit_compile" in str(one.message) for one in told) == 1


def test_a_trial_of_its_own_has_curves_and_autolog_doubles_none():
    model = made()
    with labdeck.watch(**_QUIET) as watch:
        model.fit(X, Y, validation_data=(X, Y), **HOW)
    trial = watch.trial
    assert trial.state == "completed"
    assert sorted(trial.metrics) == ["eval:loss", "eval:mae", "lr", "train:loss", "train:mae"]
    labdeck.autolog("keras")
    try:
        with labdeck.watch(**_QUIET) as watch:
            model.fit(X, Y, validation_data=(X, Y), **HOW)
    finally:
        labdeck.autolog(disable=True)
    assert "train:mae" in watch.trial.metrics
    assert "eval:loss" not in watch.trial.metrics
    assert len(watch.hubs) == 1


def test_a_model_that_is_made_while_watched_is_one_model():
    def train():
        made(optimizer=keras.optimizers.SGD(1e12)).fit(X, Y, **HOW)

    run = watched(train, rules=["ExplodingTensor"])
    assert [hub.name for hub in run.watch.hubs] == ["Sequential"]
    origin = next(one.origin for one in run.findings if one.tensor == "loss")
    assert Path(__file__).name in origin
