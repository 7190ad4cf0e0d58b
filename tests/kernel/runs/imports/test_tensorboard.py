"""What torch's SummaryWriter wrote comes in."""

import math

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

from labdeck.errors import UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def logs(tmp_path):
    """A log folder with a run, a part of it, and a run of another folder."""
    folder = tmp_path / "logs"
    with SummaryWriter(str(folder / "cnn")) as writer:
        for step in range(200):
            writer.add_scalar("train/loss", 1 / (step + 1), step, walltime=1000.0 + step)
        for value in (math.nan, math.inf, -1.5):
            writer.add_scalar("odd", value, 2**40)
        writer.add_text("about", "**wide**", 3)
        writer.add_image("sample", np.zeros((3, 4, 5), np.uint8), 7)
        writer.add_hparams({"lr": 0.5, "optimizer": "sgd"}, {"accuracy": 0.5}, run_name="tried")
        writer.add_histogram("weights", np.arange(10.0), 1)
    with SummaryWriter(str(folder / "deep" / "mlp")) as writer:
        writer.add_scalar("train/loss", 0.25, 0)
    return folder


def test_runs_come_in_with_everything_that_can(studio, logs):
    done = studio.import_from(logs)
    assert (done.kind, done.experiments, done.trials, done.artifacts) == ("tensorboard", ("logs",), 3, 2)
    assert done.skipped == ("run 'cnn': 'weights' is left out: histograms cannot be imported",)
    trials = {trial.name: trial for trial in studio.find_experiment("logs").trials()}
    assert set(trials) == {"cnn", "cnn/tried", "deep/mlp"}
    cnn = trials["cnn"]
    series = cnn.history("train/loss")
    assert series.steps.tolist() == list(range(200))
    assert series.times.tolist() == [1000.0 + step for step in range(200)]
    np.testing.assert_array_equal(series.values, [np.float32(1 / (step + 1)) for step in range(200)])
    np.testing.assert_array_equal(cnn.history("odd").values, [math.nan, math.inf, -1.5])
    assert cnn.record().started == 1000.0
    files = {item.name: item for item in cnn.artifacts()}
    assert [(item.name, item.kind, item.step) for item in files.values()] == [
        ("about", "text", 3),
        ("sample", "image", 7),
    ]
    assert studio.artifact(cnn.id, files["about"].id)[1].read_text() == "**wide**"
    assert studio.artifact(cnn.id, files["sample"].id)[1].read_bytes().startswith(b"\x89PNG")
    tried = trials["cnn/tried"]
    assert tried.params == {"lr": 0.5, "optimizer": "sgd"}
    assert tried.metrics["accuracy"].last == 0.5
    assert tried.record().parent_id == cnn.id


def test_again_brings_what_is_new_wherever_the_folder_is(studio, logs):
    studio.import_from(logs)
    with SummaryWriter(str(logs / "cnn")) as writer:
        writer.add_scalar("train/loss", 0.125, 200)
    moved = logs.rename(logs.parent / "kept")
    done = studio.import_from(moved)
    assert (done.trials, done.completed, done.unchanged, done.points, done.artifacts) == (0, 1, 2, 1, 0)
    trial = studio.find_trial("cnn")
    assert trial.history("train/loss").values.tolist()[-1] == 0.125
    assert trial.metrics["train/loss"].count == 201


@pytest.mark.parametrize("cut", [1, 11, 300])
def test_a_truncated_file_gives_what_is_whole_and_later_the_rest(studio, logs, cut):
    (path,) = (logs / "deep" / "mlp").glob("*tfevents*")
    with SummaryWriter(str(logs / "long")) as writer:
        for step in range(50):
            writer.add_scalar("x", step, step)
    (path,) = (logs / "long").glob("*tfevents*")
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    done = studio.import_from(logs)
    assert f"run 'long': {path.name}: the last " in " ".join(done.skipped)
    trial = studio.find_trial("long")
    count = len(trial.history("x"))
    assert 40 < count < 50
    path.write_bytes(whole)
    assert studio.import_from(logs).points == 50 - count
    assert trial.history("x").values.tolist() == list(range(50))


def test_a_damaged_file_gives_what_comes_before(studio, logs):
    (path,) = (logs / "deep" / "mlp").glob("*tfevents*")
    path.write_bytes(path.read_bytes()[:50] + b"\xff" * 100)
    done = studio.import_from(logs)
    assert done.trials == 3
    assert any("run 'deep/mlp'" in line and "no whole records" in line for line in done.skipped)


def test_the_folder_of_one_run_and_an_event_file_are_taken(studio, logs):
    (path,) = (logs / "deep" / "mlp").glob("*tfevents*")
    assert studio.import_from(path).experiments == ("mlp",)
    assert studio.import_from(logs / "deep").unchanged == 1


def test_an_empty_folder_is_none(studio, tmp_path):
    with pytest.raises(UsageError, match="looked for"):
        studio.import_from(tmp_path)
