"""Estimators that learn batch by batch are watched, and learn the same as when nobody watches."""

from __future__ import annotations

import pickle

import cloudpickle
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import hinge_loss, log_loss
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from tests.kernel.debugger.boosted import findings, table, tensors
from tests.kernel.debugger.hooks.rules import Broken, Third

import labdeck
from labdeck.debugger import actions
from labdeck.debugger.hooks import sklearn as hooks
from labdeck.debugger.hooks.making import HubMaker
from labdeck.debugger.hooks.sklearn_state import batch_loss, lower_learning_rate, parts_of
from labdeck.errors import TrainingStopped, UsageError

pytestmark = pytest.mark.slow
FEATURES, LABELS = table()
NAMES = np.array(["no", "yes"])[LABELS]
MODELS = {
    "SGDClassifier": lambda: SGDClassifier(random_state=0),
    "MLPClassifier": lambda: MLPClassifier((8,), random_state=0),
    "MiniBatchKMeans": lambda: MiniBatchKMeans(3, random_state=0, n_init=1),
    "MultinomialNB": MultinomialNB,
    "SGDRegressor": lambda: SGDRegressor(random_state=0),
    "IncrementalPCA": lambda: IncrementalPCA(2),
}


def learn(model, steps=6, features=FEATURES, labels=None):
    """Learn in batches of 100 rows."""
    if labels is None:
        labels = LABELS if isinstance(model, SGDRegressor) else NAMES
    features = np.abs(features)
    for step in range(steps):
        batch = slice(100 * (step % 6), 100 * (step % 6) + 100)
        more = {"classes": np.unique(labels)} if isinstance(model, ClassifierMixin) else {}
        model.partial_fit(features[batch], labels[batch], **more)
    return model


def watched(model, steps=6, only=False, **maker):
    """Learn while everything is watched; return the trial."""
    with labdeck.experiment("batches").trial("model") as trial:
        attachment = hooks.attach(HubMaker(**{"budget": None, **maker}), model if only else None)
        try:
            learn(model, steps)
        finally:
            attachment.close()
    return trial


@pytest.mark.parametrize("name", MODELS)
def test_what_is_learnt_is_the_same_and_is_recorded(name):
    model, same = MODELS[name](), learn(MODELS[name]())
    reader = tensors(watched(model, save={"weights": ["l2"], "biases": ["l2"], "updates": True}, rules=()))
    assert pickle.dumps(parts_of(model)) == pickle.dumps(parts_of(same))
    for part, values in parts_of(same).items():
        norms = reader.series(part, "l2").values
        assert len(norms) == 6
        assert norms[-1] == pytest.approx(np.linalg.norm(values.ravel()))


def test_updates_are_how_far_a_part_moved():
    model = MODELS["SGDClassifier"]()
    reader = tensors(watched(model, steps=3, save=["updates"], rules=()))
    two, three = (learn(MODELS["SGDClassifier"](), steps).coef_ for steps in (2, 3))
    expected = np.linalg.norm(three - two) / np.linalg.norm(two)
    moved = reader.series("update/coef_", "value")
    assert (moved.steps.tolist(), moved.values[-1]) == ([1, 2], pytest.approx(expected))


def test_losses_are_those_of_the_batch_after_the_step():
    for name, expected in (
        ("MLPClassifier", lambda model: model.loss_),
        ("SGDClassifier", lambda model: hinge_loss(NAMES[500:], model.decision_function(np.abs(FEATURES[500:])))),
        ("SGDRegressor", lambda model: ((model.predict(np.abs(FEATURES[500:])) - LABELS[500:]) ** 2).mean()),
        ("MiniBatchKMeans", lambda model: model.inertia_),
        ("MultinomialNB", lambda model: log_loss(NAMES[500:], model.predict_proba(np.abs(FEATURES[500:])))),
    ):
        model = MODELS[name]()
        losses = tensors(watched(model, rules=())).series("loss", "value").values
        assert len(losses) == 6
        assert losses[-1] == pytest.approx(expected(model)), name


def test_the_hinge_loss_of_several_classes_is_that_of_each_against_the_rest():
    labels = np.digitize(FEATURES[:, 0], [-0.5, 0.5])
    model = learn(SGDClassifier(random_state=0), labels=labels)
    scores = model.decision_function(FEATURES)
    by_hand = [
        max(0, 1 - (1 if name == label else -1) * row[name])
        for row, label in zip(scores, labels, strict=True)
        for name in range(3)
    ]
    assert batch_loss(model, FEATURES, labels) == pytest.approx(np.mean(by_hand))


def test_batches_are_recorded_where_they_are_asked_for():
    model = MODELS["SGDClassifier"]()
    arrays = {name: {"arrays": True} for name in ("inputs", "labels", "predictions")}
    reader = tensors(watched(model, save=arrays, rules=()))
    batch = np.abs(FEATURES[500:])
    assert (reader.array("inputs", "TRAIN", 5) == batch).all()
    assert reader.array("labels", "TRAIN", 5).tolist() == LABELS[500:].tolist()
    assert reader.array("predictions", "TRAIN", 5).tolist() == (model.predict(batch) == "yes").astype(int).tolist()


def test_rules_judge_and_stop():
    model = MODELS["SGDClassifier"]()
    with pytest.raises(TrainingStopped):
        watched(model, rules=[Broken(), Third()], actions=[actions.StopTraining()])
    assert model.t_ == 301  # three batches of 100


def test_a_leak_in_the_table_is_found_by_default():
    leaking = np.column_stack([FEATURES, LABELS * 3.0])
    with labdeck.experiment("batches").trial("leak") as trial:
        attachment = hooks.attach(HubMaker())
        learn(SGDClassifier(random_state=0), features=leaking, labels=LABELS)
        attachment.close()
    assert [found.message for found in findings(trial)] == ["column 6 of inputs alone predicts the label"]


def test_classes_made_meanwhile_are_watched_and_no_trace_is_left():
    before = SGDClassifier.partial_fit, vars(MLPClassifier)["partial_fit"], BaseEstimator.__init_subclass__.__func__
    with labdeck.experiment("batches").trial("own") as trial:
        attachment = hooks.attach(HubMaker())

        class Mean(BaseEstimator):
            def partial_fit(self, X):  # noqa: N803 - scikit-learn's name
                self.mean_ = X.mean(axis=0)
                return self

        copy = pickle.loads(cloudpickle.dumps(Mean))
        Mean().partial_fit(FEATURES)
        assert copy().partial_fit(FEATURES).mean_ == pytest.approx(FEATURES.mean(axis=0))
        attachment.close()
    Mean().partial_fit(FEATURES)
    after = SGDClassifier.partial_fit, vars(MLPClassifier)["partial_fit"], BaseEstimator.__init_subclass__.__func__
    assert before == after
    found = {name for name in tensors(trial).tensors() if "timing/" not in name and "system/" not in name}
    assert found == {"mean_", "inputs", "Mean-2/mean_", "Mean-2/inputs"}


def test_only_the_estimator_that_was_named_is_watched():
    model, other = SGDClassifier(), SGDClassifier()
    assert hooks.can_watch(model)
    assert not hooks.can_watch(object())
    with labdeck.experiment("batches").trial("one") as trial:
        attachment = hooks.attach(HubMaker(), model)
        learn(other)
        learn(model, 2)
        attachment.close()
    (watch,) = trial.experiment.session.catalog.debugger(trial.id).watches
    assert (watch.name, watch.state, watch.steps, watch.parameters) == ("SGDClassifier", "off", 2, 7)


def test_an_estimator_inside_of_another_is_a_part_of_it():
    class Outer(BaseEstimator):
        def partial_fit(self, X):  # noqa: N803 - scikit-learn's name
            self.inner_ = StandardScaler().partial_fit(X)
            self.scale_ = self.inner_.scale_
            return self

    with labdeck.experiment("batches").trial("nested") as trial:
        attachment = hooks.attach(HubMaker())
        Outer().partial_fit(FEATURES)
        attachment.close()
    assert [watch.name for watch in trial.experiment.session.catalog.debugger(trial.id).watches] == ["Outer"]


def test_an_error_of_the_estimator_is_the_users():
    attachment = hooks.attach(HubMaker())
    with labdeck.experiment("batches").trial("wrong"), pytest.raises(ValueError, match="classes"):
        SGDClassifier().partial_fit(FEATURES, LABELS)
    attachment.close()


def test_learning_rates_are_lowered_where_there_are_any():
    network = learn(MODELS["MLPClassifier"](), 1)
    assert lower_learning_rate(network, 0.5) == "learning_rate_init 0.0005"
    assert network._optimizer.learning_rate_init == 0.0005
    assert lower_learning_rate(SGDRegressor(eta0=0.1), 0.5) == "eta0 0.05"
    with pytest.raises(UsageError, match="SGDClassifier"):
        lower_learning_rate(SGDClassifier(), 0.5)


def test_what_becomes_nan_is_found_at_its_own_step_however_rarely_anything_is_recorded():
    rows = FEATURES[:50]
    model = MLPRegressor(
        hidden_layer_sizes=(4,), activation="identity", solver="sgd", learning_rate_init=1e-3, random_state=0
    )
    save = {name: {"interval": 1000} for name in ("weights", "biases", "updates")}
    with labdeck.experiment("batches").trial("diverges") as trial, labdeck.watch(model, save=save, budget=1e-6):
        learn_rows(model, rows, 30)
        model._optimizer.learning_rate = 1e300
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite"):
            learn_rows(model, rows, 9)
    (watched,) = trial.experiment.session.catalog.debugger(trial.id).watches
    found = {(one.rule, one.tensor): one for one in findings(trial) if one.tensor != "loss"}
    origin = found["NaNOrigin", "coefs_/0"]
    assert origin.step == found["ExplodingTensor", "coefs_/0"].step == watched.steps - 1 >= 30
    assert "model.partial_fit(rows, rows[:, 0])" in origin.origin


def learn_rows(model, rows, steps):
    for _ in range(steps):
        model.partial_fit(rows, rows[:, 0])


def test_a_batch_that_raises_for_another_reason_is_no_step():
    model = MODELS["SGDClassifier"]()
    with labdeck.experiment("batches").trial("wrong") as trial, labdeck.watch(model):
        learn(model, 2)
        with pytest.raises(ValueError, match="features"):
            model.partial_fit(FEATURES[:10, :2], NAMES[:10])
        learn(model, 2)
    assert [watch.steps for watch in trial.experiment.session.catalog.debugger(trial.id).watches] == [4]
    assert findings(trial) == ()


def test_batches_are_timed_and_the_machine_is_sampled():
    reader = tensors(watched(MODELS["SGDClassifier"](), steps=5, rules=()))
    step, update, data = (reader.series(f"timing/{name}", "value") for name in ("step", "update", "data"))
    assert step.steps.tolist() == [0, 1, 2, 3, 4]
    assert data.steps.tolist() == [1, 2, 3, 4], "before the first batch nobody knew of the estimator"
    assert step.values[1:] == pytest.approx(update.values[1:] + data.values)
    bare = tensors(watched(MODELS["SGDClassifier"](), steps=5, rules=(), profile=False))
    assert not [name for name in bare.tensors() if name.startswith(("timing/", "system/"))]
