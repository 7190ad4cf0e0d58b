"""What MLflow wrote comes in as MLflow reads it back."""

import math
import sqlite3

import pytest

from labdeck.runs.imports.facts import STILL_RUNNING
from labdeck.runs.imports.mlflow_words import read_param
from labdeck.runs.imports.source import identity

pytestmark = pytest.mark.slow

STATES = {"FINISHED": "completed", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "interrupted"}
GREATEST = 1.7976931348623157e308


def as_kept(text):
    """Databases cannot keep an infinity: MLflow puts the greatest float64 in its place."""
    value = float(text)
    return math.copysign(math.inf, value) if abs(value) == GREATEST else value


def trials_of(studio, name="digits"):
    return {trial.name: trial for trial in studio.find_experiment(name).trials()}


def test_every_run_comes_in_as_mlflow_reads_it(studio, mlflow_written):
    place, told = mlflow_written
    done = studio.import_from(place)
    assert (done.kind, done.experiments, done.trials, done.skipped) == ("mlflow", ("digits",), 4, ())
    trials = trials_of(studio)
    assert set(trials) == {name for name, run in told.items() if not run["deleted"]}
    for name, trial in trials.items():
        run, record = told[name], trial.record()
        assert trial.id == identity("mlflow", run["id"])
        assert record.state == STATES[run["status"]]
        assert record.started == run["start"] / 1000
        assert record.ended == (run["end"] / 1000 if run["end"] else pytest.approx(max(record.started, 0)))
        assert trial.params == {key: read_param(value) for key, value in run["params"].items()}
        assert record.tags["imported.id"] == run["id"]
        own = {key: value for key, value in run["tags"].items() if not key.startswith("mlflow.")}
        assert own.items() <= record.tags.items()
        assert set(trial.metrics) == set(run["points"])
        for metric, rows in run["points"].items():
            series = trial.history(metric)
            values = map(repr, series.values.tolist())
            found = sorted(zip(series.steps.tolist(), series.times.tolist(), values, strict=True))
            wanted = sorted((step, ms / 1000, repr(as_kept(value))) for step, ms, value in rows)
            assert found == wanted
            assert trial.metrics[metric].count == len(rows)


def test_notes_parts_files_and_code_come_along(studio, mlflow_written):
    place, _ = mlflow_written
    done = studio.import_from(place)
    experiment = studio.find_experiment("digits")
    assert (experiment.note, experiment.tags) == ("how wide?", {"team": "vision"})
    trials = trials_of(studio)
    whole = trials["search"]
    assert whole.note == "a *note*"
    assert trials["part"].record().parent_id == whole.id
    assert [child.name for child in whole.detail().children] == ["part"]
    (artifact,) = whole.artifacts()
    assert (artifact.name, artifact.kind, done.artifacts) == ("notes/a.txt", "text", 1)
    assert studio.artifact(whole.id, artifact.id)[1].read_text() == "hello"
    captures = {capture.kind: capture.body for capture in whole.detail().captures}
    assert captures["git"]["commit"] == "c0ffee"
    assert trials["going"].record().incomplete == STILL_RUNNING


def test_deleted_runs_come_in_when_asked_for(studio, mlflow_written):
    assert studio.import_from(mlflow_written[0], deleted=True).trials == 5
    assert "gone" in trials_of(studio)


def test_another_experiment_takes_all_runs(studio, mlflow_written):
    done = studio.import_from(mlflow_written[0], experiment="all")
    assert done.experiments == ("all",)
    assert len(studio.find_experiment("all").trials()) == 4


def test_again_brings_nothing_twice_and_what_is_new(studio, mlflow_store):
    place, told = mlflow_store
    studio.import_from(place)
    again = studio.import_from(place)
    assert (again.trials, again.completed, again.unchanged, again.points, again.artifacts) == (0, 0, 4, 0, 0)
    trial = trials_of(studio)["going"]
    trial.rename("mine")
    trial.set_note("my own")
    studio.find_experiment("digits").rename("numbers")
    run_id = told["going"]["id"]
    if place.is_dir():
        (run,) = place.glob(f"*/{run_id}")
        with (run / "metrics" / "train" / "loss").open("a") as file:
            file.write("1700000009999 0.125 7\n")
        meta = run / "meta.yaml"
        meta.write_text(
            meta.read_text().replace("status: 1", "status: 3").replace("end_time: null", "end_time: 1700000010000")
        )
        (run / "params" / "seed").write_text("7")
    else:
        with sqlite3.connect(place) as database:
            row = ("train/loss", 0.125, 1_700_000_009_999, run_id, 7, 0)
            database.execute(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            database.execute("UPDATE runs SET status='FINISHED', end_time=1700000010000 WHERE run_uuid=?", (run_id,))
            database.execute("INSERT INTO params (key, value, run_uuid) VALUES ('seed', '7', ?)", (run_id,))
        database.close()
    more = studio.import_from(place)
    assert (more.trials, more.completed, more.unchanged, more.points) == (0, 1, 3, 1)
    assert more.experiments == ("numbers",)
    record = trial.record()
    assert (record.name, record.note, record.state, record.incomplete) == ("mine", "my own", "completed", "")
    assert record.ended == 1_700_000_010.0
    assert trial.params["seed"] == 7
    assert trial.history("train/loss").values.tolist()[-1] == 0.125
    assert trial.metrics["train/loss"].count == 8


def test_a_store_that_was_moved_finds_its_files(studio, mlflow_store):
    place, _ = mlflow_store
    if place.is_dir():
        place = place.rename(place.parent / "moved")
    else:
        with sqlite3.connect(place) as database:
            database.execute("UPDATE runs SET artifact_uri = '/elsewhere/' || run_uuid || '/artifacts'")
        database.close()
    done = studio.import_from(place)
    assert (done.artifacts, done.skipped) == (1, ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("32", 32), ("-1", -1), ("0.1", 0.1), ("1e-3", 0.001), (".5", 0.5), ("True", True), ("None", None),
        ("007", "007"), ("1_000", "1_000"), ("nan", "nan"), ("", ""), ("relu", "relu"), ("[1, 2]", "[1, 2]"),
    ],
)  # fmt: skip
def test_a_parameter_is_what_it_spells(text, value):
    assert read_param(text) == value
    assert type(read_param(text)) is type(value)
