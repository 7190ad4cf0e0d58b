"""Trainings of Keras, on its backend for PyTorch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
X = np.linspace(-1, 1, 128, dtype="float32").reshape(64, 2)
Y = (X.sum(1) > 0).astype("float32")


def make():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="binary_crossentropy", metrics=["accuracy"])
    return model


class Watch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, _, logs=None):
        self.losses.append(float(logs["loss"]))


@pytest.mark.parametrize("given", ["none", "list", "one", "positional"])
def test_epochs_and_batches(autolog, experiment, given):
    autolog("keras", "torch", every=3)
    model, watch = make(), Watch()
    held = (X[::2], Y[::2])
    if given == "positional":
        history = model.fit(X, Y, 16, 2, 0, [watch], 0.0, held).history
    else:
        how = {"none": {}, "list": {"callbacks": [watch]}, "one": {"callbacks": watch}}[given]
        history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_data=held, **how).history
    found = model.evaluate(*held, verbose=0, return_dict=True)
    (trial,) = experiment.trials()
    assert (trial.name, trial.state) == ("Sequential", "completed")
    for name, mine in (("loss", "train:loss"), ("val_loss", "val:loss"), ("val_accuracy", "val:accuracy")):
        series = trial.history(mine)
        assert series.steps.tolist() == [0, 1]
        assert series.values.tolist() == pytest.approx([float(value) for value in history[name]])
    assert trial.history("batch:loss").steps.tolist() == [0, 3, 6]
    if given != "none":
        assert trial.history("batch:loss").values.tolist() == pytest.approx(watch.losses[::3])
    assert trial.history("lr").values.tolist() == [0.5, 0.5]
    assert trial.metrics["test:loss"].last == pytest.approx(float(found["loss"]))
    expected = {"epochs": 2, "batch_size": 16, "optimizer": "SGD", "optimizer__learning_rate": 0.5}
    assert expected.items() <= trial.params.items()
    assert trial.params["model_parameters"] == 3
    assert [artifact.name for artifact in trial.artifacts()] == ["model_summary.txt"]


def test_a_model_is_kept(autolog, experiment, studio, tmp_path):
    autolog("keras", log_models=True)
    model = make()
    with experiment.trial("mine") as trial:
        model.fit(X, Y, verbose=0)
    (kept,) = [artifact for artifact in trial.artifacts() if artifact.name == "model.keras"]
    path = tmp_path / "again.keras"
    path.write_bytes(studio.artifact(trial.id, kept.id)[1].read_bytes())
    again = keras.saving.load_model(path, safe_mode=True)
    assert np.allclose(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_fit_that_fails(autolog, experiment):
    autolog("keras")
    with pytest.raises(ValueError, match=r"incompatible"):
        make().fit(X[:, :1], Y, verbose=0)
    assert [trial.state for trial in experiment.trials()] == ["failed"]
