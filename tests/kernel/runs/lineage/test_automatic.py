"""What trials read and write is noticed by itself: real libraries, real files."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labdeck.errors import NotFound
from labdeck.runs.lineage import watching
from labdeck.runs.lineage.tracker import Tracker
from labdeck.studio import Studio


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, apart from the store."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def frame():
    return pd.DataFrame({"x": np.arange(20), "y": np.arange(20) ** 2})


def used(studio, trial):
    """Return the names of what a trial read."""
    return sorted(node.name for node in studio.lineage.upstream(trial, depth=1).of_kind("artifact"))


def made(studio, trial):
    """Return the names of what it wrote."""
    return sorted(node.name for node in studio.lineage.downstream(trial, depth=1).of_kind("artifact"))


def test_tables_and_arrays(studio, experiment, place, frame):
    frame.to_csv("train.csv")
    frame.to_parquet("test.parquet")
    np.save("weights.npy", np.ones(3))
    Path("notes.md").write_text("nothing", encoding="utf-8")
    with experiment.trial() as trial:
        pd.read_csv("train.csv")
        pd.read_csv(place / "train.csv")
        pd.read_parquet("test.parquet")
        np.load("weights.npy")
        Path("notes.md").read_text(encoding="utf-8")
        (frame + 1).to_csv("predictions.csv")
        np.savez("scores.npz", a=np.ones(2))
        Path("report.json").write_text(json.dumps({"a": 1}), encoding="utf-8")
        pd.read_csv("predictions.csv")
    pd.read_csv("train.csv")
    assert used(studio, trial) == ["test.parquet", "train.csv", "weights.npy"]
    assert made(studio, trial) == ["predictions.csv", "report.json", "scores.npz"], "its own product is no input"


def test_the_same_data_is_one_node_wherever_it_lies(studio, experiment, place, frame):
    frame.to_csv("a.csv")
    frame.to_csv("b.csv")
    trials = []
    for name in ("a.csv", "b.csv"):
        with experiment.trial() as trial:
            pd.read_csv(name)
        trials.append(trial)
    (node,) = studio.lineage.nodes(type="DataSet")
    assert node.uri == str(place / "a.csv")
    assert {trial.id for trial in studio.lineage.downstream("b.csv").trials()} == {trial.id for trial in trials}
    (frame + 1).to_csv("a.csv")
    with experiment.trial() as third:
        pd.read_csv("a.csv")
    assert len(studio.lineage.nodes(type="DataSet")) == 2
    assert [trial.id for trial in studio.lineage.downstream("a.csv").trials()] == [third.id]


def test_data_that_comes_with_a_library(studio, experiment):
    from sklearn.datasets import load_digits

    with experiment.trial() as trial:
        load_digits()
    assert used(studio, trial) == ["digits.csv.gz"]


def test_models_are_models(studio, experiment, place):
    import joblib
    from sklearn.linear_model import LogisticRegression

    with experiment.trial() as trial:
        joblib.dump(LogisticRegression().fit([[0], [1]], [0, 1]), "clf.joblib")
    (node,) = studio.lineage.downstream(trial).of_type("Model")
    assert (node.name, node.uri) == ("clf.joblib", str(place / "clf.joblib"))
    with experiment.trial() as later:
        joblib.load("clf.joblib")
    assert [item.id for item in studio.lineage.upstream(later).trials()] == [later.id, trial.id]


@pytest.mark.slow
def test_files_that_libraries_open_by_themselves(studio, experiment, place, frame):  # noqa: ARG001 - place: run there
    with experiment.trial("writes") as writes:
        import h5py
        import lightgbm
        import pyarrow as pa
        import pyarrow.feather
        import pyarrow.parquet
        import safetensors.numpy
        import torch
        import xgboost

        torch.save({"w": torch.ones(2)}, "net.pt")
        safetensors.numpy.save_file({"w": np.ones(2)}, "net.safetensors")
        pyarrow.parquet.write_table(pa.Table.from_pandas(frame), "table.parquet")
        pyarrow.feather.write_feather(frame, "table.feather")
        booster = xgboost.train({}, xgboost.DMatrix(frame[["x"]], frame["y"]), num_boost_round=1)
        booster.save_model("trees.ubj")
        data = lightgbm.Dataset(frame[["x"]], frame["y"], params={"verbose": -1, "min_data_in_leaf": 1})
        lightgbm.train({"verbose": -1}, data, num_boost_round=1).save_model("light.txt")
        with h5py.File("big.h5", "w") as file:
            file["a"] = np.ones(3)
    names = ["big.h5", "light.txt", "net.pt", "net.safetensors", "table.feather", "table.parquet", "trees.ubj"]
    assert made(studio, writes) == names
    with experiment.trial("reads") as reads:
        torch.load("net.pt")
        safetensors.numpy.load_file("net.safetensors")
        pyarrow.parquet.read_table("table.parquet")
        pyarrow.feather.read_table("table.feather")
        xgboost.Booster(model_file="trees.ubj")
        lightgbm.Booster(model_file="light.txt")
        h5py.File("big.h5").close()
    assert used(studio, reads) == names
    assert {node.id for node in studio.lineage.upstream(reads).of_type("Trial")} == {writes.id, reads.id}


def test_a_file_logged_to_the_trial_is_its_product(studio, experiment, place, frame):  # noqa: ARG001
    frame.to_csv("given.csv")
    with experiment.trial() as trial:
        pd.read_csv("given.csv")
        frame.to_parquet("best.parquet")
        artifact = trial.log_artifact("best.parquet", name="best")
        trial.log_artifact("given.csv")
    assert used(studio, trial) == ["given.csv"], "what it had read before is kept with it, not made by it"
    (node,) = studio.lineage.downstream(trial, depth=1).of_kind("artifact")
    assert (node.name, node.digest) == ("best", artifact.sha256)


def test_only_the_last_state_of_a_file_counts(studio, experiment, place):
    with experiment.trial() as trial:
        for epoch in range(3):
            (place / "model.tmp").write_bytes(bytes([epoch]))
            Path("model.tmp").replace("model.pt")
    (node,) = studio.lineage.downstream(trial, depth=1).of_type("Model")
    assert node.id == studio.lineage.node("model.pt").id


def test_a_folder_of_files_is_one_node(studio, experiment, place):
    for split, count in (("train", 12), ("test", 12)):
        for kind in ("cat", "dog"):
            (place / "pets" / split / kind).mkdir(parents=True)
            for number in range(count):
                (place / "pets" / split / kind / f"{number}.png").write_bytes(f"{split}{kind}{number}".encode())
    few = [place / "few" / f"{n}.csv" for n in range(3)]
    few[0].parent.mkdir()
    for path in few:
        path.write_text(path.name, encoding="utf-8")
    with experiment.trial() as trial:
        for path in [*few, *(place / "pets").rglob("*.png")]:
            path.read_bytes()
    assert used(studio, trial) == ["0.csv", "1.csv", "2.csv", "pets"]
    pets = studio.lineage.node(place / "pets")
    assert pets.properties["files"] == "48"
    assert pets.uri == str(place / "pets")


def test_written_files_fold_as_those_that_are_read(studio, experiment, place):
    (place / "pictures").mkdir()
    with experiment.trial() as trial:
        for number in range(12):
            (place / "pictures" / f"{number}.png").write_bytes(bytes([number]) * 100)
    assert made(studio, trial) == ["pictures"]
    assert studio.lineage.node(place / "pictures").properties["files"] == "12"


def test_the_folder_of_the_program_stands_for_nothing(studio, experiment, place):
    with experiment.trial() as trial:
        for number in range(12):
            (place / f"{number}.png").write_bytes(bytes([number]) * 100)
    assert made(studio, trial) == sorted(f"{number}.png" for number in range(12))


FORKS = """
import os, sys, pathlib, labdeck
for number in range(4):
    pathlib.Path(f"part-{number}.npy").write_bytes(bytes([number]))
with labdeck.experiment("e").trial():
    for number in range(4):
        child = os.fork()
        if not child:
            pathlib.Path(f"part-{number}.npy").read_bytes()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
"""
LOADER = """
import labdeck, numpy as np, torch.utils.data as data
for number in range(4):
    np.save(f"part-{number}.npy", np.full(2, number))

class Parts(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, number):
        return np.load(f"part-{number}.npy")

with labdeck.experiment("e").trial():
    assert len(list(data.DataLoader(Parts(), num_workers=2, multiprocessing_context="fork"))) == 4
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [FORKS, LOADER], ids=["forks", "data loader"])
def test_what_is_read_in_forked_children(place, tmp_path, program):
    """In a process of their own: what other tests have imported does not fork well."""
    environment = {**os.environ, "LABDECK_STORE": str(tmp_path / "store")}
    subprocess.run([sys.executable, "-c", program], cwd=place, env=environment, check=True, timeout=120)
    with Studio(tmp_path / "store") as studio:
        (trial,) = studio.find_experiment("e").trials()
        assert used(studio, trial) == [f"part-{number}.npy" for number in range(4)]


def test_threads_read_for_their_own_trials(studio, experiment, place):
    together = threading.Barrier(4)

    def attempt(number):
        (place / f"{number}.csv").write_text(str(number), encoding="utf-8")
        with experiment.trial() as trial:
            together.wait()
            (place / f"{number}.csv").read_text(encoding="utf-8")
            together.wait()
        return trial

    with ThreadPoolExecutor(4) as pool:
        trials = list(pool.map(attempt, range(4)))
    assert [used(studio, trial) for trial in trials] == [[f"{number}.csv"] for number in range(4)]


def test_threads_without_a_trial_read_for_the_one_there_is(studio, experiment, place):
    (place / "a.csv").write_text("1", encoding="utf-8")
    with experiment.trial() as trial, ThreadPoolExecutor(1) as pool:
        pool.submit((place / "a.csv").read_text).result()
    assert used(studio, trial) == ["a.csv"]


def test_an_inner_trial_reads_for_itself(studio, experiment, place):
    for name in ("outer.csv", "inner.csv"):
        (place / name).write_text(name, encoding="utf-8")
    with experiment.trial() as outer:
        with experiment.trial() as inner:
            (place / "inner.csv").read_text(encoding="utf-8")
        (place / "outer.csv").read_text(encoding="utf-8")
    assert (used(studio, outer), used(studio, inner)) == (["outer.csv"], ["inner.csv"])


def test_it_is_told_while_the_trial_runs(studio, experiment, place, eventually):
    (place / "a.csv").write_text("1", encoding="utf-8")
    with experiment.trial() as trial:
        (place / "a.csv").read_text(encoding="utf-8")
        eventually(lambda: used(studio, trial) == ["a.csv"])


def test_urls_without_their_secrets(studio, experiment, place):
    (place / "iris.csv").write_text("a\n1\n", encoding="utf-8")
    with experiment.trial() as trial:
        watching.note("https://me:secret@example.org/data/iris.csv?token=secret", writing=False)
    (node,) = studio.lineage.upstream(trial).of_kind("artifact")
    assert (node.name, node.uri) == ("iris.csv", "https://example.org/data/iris.csv")


def test_nothing_is_noticed_when_it_is_switched_off(studio, experiment, place, monkeypatch):
    monkeypatch.setenv("LABDECK_LINEAGE", "0")
    (place / "a.csv").write_text("1", encoding="utf-8")
    with experiment.trial() as trial:
        (place / "a.csv").read_text(encoding="utf-8")
        trial.log_artifact(place / "a.csv")
        node = trial.log_input("a.csv", name="by hand")
    assert [item.id for item in studio.lineage.trace(trial)] == [trial.id, node.id]


def test_a_defect_never_reaches_the_training(studio, experiment, place, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a defect")

    monkeypatch.setattr(Tracker, "saw", fail)
    monkeypatch.setattr(watching, "_failed", False)
    (place / "a.csv").write_text("1", encoding="utf-8")
    with warnings.catch_warnings(record=True) as told, experiment.trial() as trial:
        warnings.simplefilter("always")
        assert [(place / "a.csv").read_text(encoding="utf-8") for _ in range(3)] == ["1"] * 3
    assert ["a defect" in str(item.message) for item in told].count(True) == 1
    assert trial.state == "completed"
    assert used(studio, trial) == []


def test_a_file_that_is_gone_leads_nowhere(studio, experiment, place):
    with experiment.trial() as trial:
        (place / "temporary.csv").write_text("1", encoding="utf-8")
        (place / "temporary.csv").unlink()
    assert made(studio, trial) == []


def test_the_store_itself_is_not_noticed(studio, experiment):
    with experiment.trial() as trial:
        (Path(studio.session.location.folder) / "x.json").write_text("{}", encoding="utf-8")
    assert made(studio, trial) == []


def test_a_named_pipe_is_left_to_the_program(studio, experiment, place, eventually):
    os.mkfifo("pipe.csv")
    end = os.open("pipe.csv", os.O_RDWR)  # both ways, so that opening it waits for nobody
    ended, lines = threading.Event(), []

    def write():
        try:
            for number in range(60):
                os.write(end, f"{number}\n".encode())
                if number == 20:
                    assert ended.wait(60)
            eventually(lambda: len(lines) == 60)
        finally:
            os.close(end)

    def read():
        with Path("pipe.csv").open(encoding="utf-8") as pipe:
            lines.extend(iter(pipe.readline, ""))

    with ThreadPoolExecutor(2) as pool:
        with experiment.trial() as trial:
            jobs = [pool.submit(read), pool.submit(write)]
            eventually(lambda: len(lines) == 21)
            (place / "later.csv").write_text("later", encoding="utf-8")
        ended.set()
        for job in jobs:
            job.result()
    assert lines == [f"{number}\n" for number in range(60)]
    assert (used(studio, trial), made(studio, trial)) == ([], ["later.csv"])


def test_what_is_no_file_costs_nothing_else(studio, experiment, place):
    Path("null.csv").symlink_to(os.devnull)
    Path("folder.csv").mkdir()
    Path(os.fsdecode(b"bad-\xff.csv")).write_text("a", encoding="utf-8")
    Path("gone.csv").write_text("a", encoding="utf-8")
    Path("later.csv").write_text("a", encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.csv")
        with experiment.trial() as trial:
            for path in [*place.iterdir(), place / "later.csv"]:
                with contextlib.suppress(OSError):
                    path.read_bytes()
            Path("gone.csv").unlink()
        for name in ("null.csv", "socket.csv"):
            with pytest.raises(NotFound, match="neither a file nor a folder"):
                studio.lineage.artifact("x", name)
            with pytest.raises(NotFound, match="knows nothing"):
                studio.lineage.node(name)
    assert used(studio, trial) == ["bad-?.csv", "folder.csv", "later.csv"]
    assert studio.lineage.node(os.fsdecode(b"bad-\xff.csv")).name == "bad-?.csv"


@pytest.mark.parametrize("content", ["", "1", "x" * 63])
def test_tiny_files_that_are_alike_are_not_the_same(studio, experiment, place, content):
    with experiment.trial() as writes:
        (place / "one.csv").write_text(content, encoding="utf-8")
    (place / "other.csv").write_text(content, encoding="utf-8")
    with experiment.trial() as stranger:
        (place / "other.csv").read_text(encoding="utf-8")
    with experiment.trial() as reads:
        (place / "one.csv").read_text(encoding="utf-8")
    assert [trial.id for trial in studio.lineage.upstream(stranger).trials()] == [stranger.id]
    assert [trial.id for trial in studio.lineage.upstream(reads).trials()] == [reads.id, writes.id]


def test_a_tiny_file_logged_to_the_trial_is_its_product(studio, experiment, place):
    (place / "score.csv").write_text("1", encoding="utf-8")
    with experiment.trial() as trial:
        artifact = trial.log_artifact("score.csv")
    (node,) = studio.lineage.downstream(trial, depth=1).of_kind("artifact")
    assert (node.name, node.digest) == ("score.csv", artifact.sha256)
