"""Stores with rows that make no sense: each is named, everything else comes in, the store stays whole."""

import os
import sqlite3

import pytest

from labdeck.errors import NotFound, UsageError
from labdeck.store.maintenance import check


@pytest.fixture
def database(tmp_path):
    """A database as MLflow 1 laid it out, without a run."""
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as opened:
        opened.executescript("""
            CREATE TABLE experiments (experiment_id, name, artifact_location, lifecycle_stage);
            CREATE TABLE runs (run_uuid, name, status, start_time, end_time, lifecycle_stage,
                artifact_uri, experiment_id);
            CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan);
            CREATE TABLE params (key, value, run_uuid);
            CREATE TABLE tags (key, value, run_uuid);
            INSERT INTO experiments VALUES (1, 'digits', '', 'active');
        """)
    yield opened
    opened.close()


def add_run(database, run_id, **changed):
    row = {
        "run_uuid": run_id, "name": run_id, "status": "FINISHED", "start_time": 1000, "end_time": 2000,
        "lifecycle_stage": "active", "artifact_uri": None, "experiment_id": 1, **changed,
    }  # fmt: skip
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO runs ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    database.execute("INSERT INTO metrics VALUES ('loss', 0.5, 1500, ?, 3, 0)", (run_id,))
    database.commit()


def imported(studio, tmp_path):
    add = studio.import_from(tmp_path / "mlflow.db")
    assert [defect for defect in check(studio.session.store) if defect.severity == "error"] == []
    return add


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO metrics VALUES ('loss', 'high', 1500, 'bad', 1, 0)", "metric 'loss': rows that are no points"),
        ("INSERT INTO metrics VALUES (NULL, 0.5, 1500, 'bad', 1, 0)", "metric 'None'"),
        ("INSERT INTO metrics VALUES ('loss', 0.5, 'noon', 'bad', 1, 0)", "no points"),
        ("INSERT INTO metrics VALUES ('loss', 0.5, 1500, 'bad', NULL, 0)", "no points"),
        ("INSERT INTO metrics VALUES ('loss', NULL, 1500, 'bad', 1, 0)", "no points"),
        ("INSERT INTO metrics VALUES ('loss', 0.5, 1e300, 'bad', 1, 0)", "no points"),
        ("INSERT INTO params VALUES ('lr', NULL, 'bad')", "params: 'lr' has no value"),
        ("INSERT INTO tags VALUES (NULL, 'x', 'bad')", "tags: None has no value"),
        ("UPDATE runs SET status = 'DANCING' WHERE run_uuid = 'bad'", "its status 'DANCING' is none of MLflow's"),
        ("UPDATE runs SET start_time = 'dawn' WHERE run_uuid = 'bad'", "its beginning is no time: 'dawn'"),
        ("UPDATE runs SET start_time = NULL WHERE run_uuid = 'bad'", "nothing says when it began"),
        ("UPDATE runs SET end_time = X'00' WHERE run_uuid = 'bad'", "its end is no time"),
        ("UPDATE runs SET artifact_uri = 's3://bucket/x' WHERE run_uuid = 'bad'", "'s3://bucket/x', not on this"),
        ("INSERT INTO tags VALUES ('mlflow.parentRunId', 'nobody', 'bad')", "it was part of 'nobody', which"),
    ],
)  # fmt: skip
def test_a_broken_row_costs_only_itself(studio, tmp_path, database, statement, said):
    add_run(database, "good")
    add_run(database, "bad")
    database.execute(statement)
    database.commit()
    done = imported(studio, tmp_path)
    assert done.trials == 2
    assert all(line.startswith("run 'bad': ") for line in done.skipped)
    assert said in done.skipped[0]
    assert studio.find_trial("bad").history("loss").values.tolist() == [0.5]
    assert studio.import_from(tmp_path / "mlflow.db").unchanged == 2


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE runs SET experiment_id = 7 WHERE run_uuid = 'bad'", "there is no experiment 7"),
        ("UPDATE runs SET run_uuid = NULL WHERE run_uuid = 'bad'", "it has no id"),
        ("UPDATE runs SET lifecycle_stage = 'asleep' WHERE run_uuid = 'bad'", "stage 'asleep'"),
    ],
)
def test_a_broken_run_costs_only_itself(studio, tmp_path, database, statement, said):
    add_run(database, "good")
    add_run(database, "bad")
    database.execute(statement)
    database.commit()
    done = imported(studio, tmp_path)
    assert done.trials == 1
    assert said in done.skipped[0]


def test_metrics_of_no_run_are_named(studio, tmp_path, database):
    add_run(database, "good")
    database.execute("INSERT INTO metrics VALUES ('loss', 0.5, 1500, 'ghost', 1, 0)")
    database.commit()
    assert imported(studio, tmp_path).skipped == ("run 'ghost': there is no such run, but metrics of it: 1",)


def test_runs_that_are_part_of_each_other_come_in(studio, tmp_path, database):
    add_run(database, "a")
    add_run(database, "b")
    database.executemany("INSERT INTO tags VALUES ('mlflow.parentRunId', ?, ?)", [("b", "a"), ("a", "b")])
    database.commit()
    done = imported(studio, tmp_path)
    assert done.trials == 2
    assert len(done.skipped) == 1


def test_names_and_texts_are_data(studio, tmp_path, database):
    hostile = "../../<script>\x00\x1b[2J"
    add_run(database, "run", name=hostile)
    database.execute("INSERT INTO metrics VALUES (?, 0.5, 1500, 'run', 1, 0)", (hostile,))
    database.execute("INSERT INTO params VALUES (?, ?, 'run')", (hostile, hostile))
    database.commit()
    imported(studio, tmp_path)
    (trial,) = studio.find_experiment("digits").trials()
    assert trial.name == hostile.replace("\0", "\ufffd")
    assert trial.params == {trial.name: trial.name}
    assert set(trial.metrics) == {"loss", trial.name}


def test_a_place_that_a_foreign_store_names_is_not_read(studio, tmp_path, database):
    secret = tmp_path / "home" / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    add_run(database, "run", artifact_uri=str(secret))
    add_run(database, "..", artifact_uri=str(tmp_path / ".." / "artifacts"))
    assert imported(studio, tmp_path).artifacts == 0


def test_a_database_is_only_read(studio, tmp_path, database):
    add_run(database, "run")
    before = (tmp_path / "mlflow.db").read_bytes()
    (tmp_path / "mlflow.db").chmod(0o400)
    imported(studio, tmp_path)
    assert (tmp_path / "mlflow.db").read_bytes() == before


@pytest.fixture
def mlruns(tmp_path):
    """A file store with one whole run."""
    home = tmp_path / "mlruns" / "1"
    home.mkdir(parents=True)
    (home / "meta.yaml").write_text("experiment_id: '1'\nname: digits\nlifecycle_stage: active\ncreation_time: 5\n")
    make_run(home, "a" * 32)
    return home


def make_run(home, run_id, meta=""):
    run = home / run_id
    for part in ("metrics", "params", "tags", "artifacts"):
        (run / part).mkdir(parents=True)
    (run / "meta.yaml").write_text(
        meta or f"run_id: {run_id}\nrun_name: {run_id[:4]}\nstatus: 3\nstart_time: 1000\nend_time: 2000\n"
    )
    (run / "metrics" / "loss").write_text("1500 0.5 3\n")
    return run


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ("run_id: [", "cannot be read"),
        ("- 1\n", "holds no fields"),
        ("!!python/object/apply:os.system ['touch owned']", "cannot be read"),
        ("x" * (2 << 20), "beyond"),
    ],
)
def test_a_broken_meta_file_costs_its_run(studio, mlruns, monkeypatch, meta, said):
    monkeypatch.chdir(mlruns)
    make_run(mlruns, "b" * 32, meta)
    done = studio.import_from(mlruns.parent)
    assert done.trials == 1
    assert said in done.skipped[0]
    assert not (mlruns / "owned").exists()


def test_a_run_without_its_meta_file_is_named(studio, mlruns):
    (make_run(mlruns, "b" * 32) / "meta.yaml").unlink()
    assert studio.import_from(mlruns.parent).skipped == (f"run {'b' * 32!r}: it has no meta.yaml",)


def test_lines_that_are_no_points_are_counted(studio, mlruns):
    (mlruns / ("a" * 32) / "metrics" / "loss").write_text("1500 0.5 3\nnonsense\n1 2 3 4\n5 x 6\n7 0.25\n\n")
    done = studio.import_from(mlruns.parent)
    assert done.skipped == (f"run {'a' * 32!r}: metric 'loss': lines that are no points are left out: 2 of 5",)
    assert studio.find_trial("aaaa").history("loss").values.tolist() == [0.5, 2.0, 0.25]


def test_links_to_elsewhere_are_left_out_unless_asked_for(studio, mlruns, tmp_path):
    (tmp_path / "key").write_text("secret")
    folder = mlruns / ("a" * 32) / "artifacts"
    (folder / "link").symlink_to(tmp_path / "key")
    os.mkfifo(folder / "pipe")
    done = studio.import_from(mlruns.parent)
    assert (done.artifacts, done.skipped) == (0, (f"run {'a' * 32!r}: the file 'link' is a link to elsewhere",))
    assert studio.import_from(mlruns.parent, links=True).artifacts == 1


def test_what_is_nothing_is_told(studio, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.db").write_text("hello")
    with pytest.raises(NotFound, match="there is no file or folder"):
        studio.import_from(tmp_path / "none")
    for wrong in ("empty", "text.db"):
        with pytest.raises(UsageError, match="looked for"):
            studio.import_from(tmp_path / wrong)
    with pytest.raises(UsageError, match="no place on this machine"):
        studio.import_from("https://example.org/mlruns")
    with pytest.raises(UsageError, match="is of wandb"):
        studio.import_from(tmp_path / "empty", "wandb")
    with pytest.raises(UsageError, match="choose one of"):
        studio.import_from(tmp_path / "empty", "aim")


def test_two_stores_in_one_folder_are_not_guessed_at(studio, mlruns, database):
    add_run(database, "run")
    with pytest.raises(UsageError, match=r"more than one store of MLflow: mlruns and mlflow\.db"):
        studio.import_from(mlruns.parents[1])
