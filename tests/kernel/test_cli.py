"""The command `labdeck`, as a person at a terminal meets it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from labdeck.cli import main
from labdeck.store.open import locate, open_store
from labdeck.testing.making import start_trial
from labdeck.wire import commands as wire


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store with one experiment, found through the environment."""
    with open_store(locate(tmp_path / "lab")) as store:
        trial_id = start_trial(store.catalog, "digits", "cnn")
        writer = store.columns.writer(trial_id)
        writer.log({"loss": 0.5}, 0)
        writer.close()
        store.catalog.apply([wire.FinishTrial(id=trial_id, state="completed", ended=3.0)])
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "lab"))
    return tmp_path / "lab"


def test_where_says_the_place(folder, tmp_path, capsys, monkeypatch):
    assert main(["store", "where"]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path / "files"))
    assert main(["store", "where", "--store", "postgresql://ada:secret@box/lab"]) == 0
    place, files = capsys.readouterr().out.splitlines()
    assert place == "postgresql://ada@box/lab"
    assert re.fullmatch(rf"files: {tmp_path / 'files'}/[0-9a-f]{{16}}", files)


def test_check_says_that_all_is_well(folder, capsys):
    assert main(["store", "check"]) == 0
    assert capsys.readouterr().out == f"{folder}: all is well\n"


def test_check_names_damage_and_fails(folder, capsys):
    (segment,) = (folder / "columns").glob("*/*.seg")
    content = bytearray(segment.read_bytes())
    content[20] ^= 0xFF
    segment.write_bytes(content)
    assert main(["store", "check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("error: columns/")
    assert re.fullmatch(r"\d+ errors?, \d+ warnings?", lines[-1])


@pytest.mark.usefixtures("folder")
def test_export_and_import_carry_an_experiment(tmp_path, capsys):
    file = tmp_path / "lab.zip"
    assert main(["store", "export", str(file), "digits"]) == 0
    assert re.fullmatch(rf"{file}: 1 experiment, 1 trial, [\d.]+ kB\n", capsys.readouterr().out)
    assert main(["store", "import", str(file), "--store", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out == "digits\n1 new trial, 0 completed, 0 here already; 1 point, 0 files\n"
    assert main(["store", "import", str(file), "--store", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out == "0 new trials, 0 completed, 1 here already; 0 points, 0 files\n"


@pytest.mark.usefixtures("folder")
def test_export_does_not_overwrite_unasked(tmp_path, capsys):
    file = tmp_path / "lab.zip"
    file.write_text("precious")
    assert main(["store", "export", str(file)]) == 1
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "precious"
    assert main(["store", "export", str(file), "--force"]) == 0


def test_gc_says_what_it_does(folder, capsys):
    with open_store(locate(folder)) as store:
        home = store.catalog.experiment("digits").id
        store.catalog.apply([wire.Delete(ids=(home,), time=5.0)])
    assert main(["store", "gc", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("1 deleted trial would go for good\n")
    assert main(["store", "gc", "--days", "30"]) == 0
    assert capsys.readouterr().out.startswith("1 deleted trial gone for good\n")
    assert not list((folder / "columns").iterdir())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "{tmp}/x.zip", "nothing"], "no experiment is called 'nothing'"),
        (["import", "{tmp}/none.zip"], "there is no file"),
        (["import", "{tmp}/lab/catalog.sqlite"], "not a whole archive"),
        (["export", "{tmp}/no/such/folder.zip"], "cannot be written"),
        (["check", "--store", "mysql://box/lab"], "cannot live on mysql"),
        (["check", "--store", "{tmp}/lab/catalog.sqlite"], "is a file"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, capsys, arguments, said):
    assert main(["store", *(word.format(tmp=tmp_path) for word in arguments)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("labdeck: ")
    assert said in line


@pytest.mark.parametrize("arguments", [[], ["store"], ["store", "gc", "--days", "-1"], ["store", "gc", "--days", "x"]])
def test_a_wrong_command_shows_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("usage: labdeck")
    assert "Traceback" not in error


def test_it_runs_as_a_module(folder):
    done = subprocess.run(
        [sys.executable, "-m", "labdeck.cli", "store", "where"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{folder}\n"


@pytest.mark.parametrize(
    "arguments", [["check"], ["gc"], ["gc", "--dry-run"], ["export", "{tmp}/x.zip"]], ids=lambda words: words[0]
)
def test_only_looking_makes_no_store(tmp_path, capsys, arguments):
    typo = tmp_path / "typo"
    words = [word.format(tmp=tmp_path) for word in arguments]
    assert main(["store", *words, "--store", str(typo)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"there is no store at {typo}" in line
    assert not list(tmp_path.iterdir())


HOSTILE = "a\x1b]0;owned\x07\r\n\x9b2J\u202eb"


def test_names_do_nothing_to_the_terminal(folder, tmp_path, capsys):
    with open_store(locate(folder)) as store:
        start_trial(store.catalog, HOSTILE)
    file = str(tmp_path / "lab.zip")
    assert main(["store", "export", file, HOSTILE]) == 0
    assert main(["store", "import", file, "--store", str(tmp_path / "other")]) == 0
    assert main(["store", "export", file, HOSTILE + "\x1b[2J", "--force"]) == 1
    said = capsys.readouterr()
    assert r"a\x1b]0;owned\x07\r\n\x9b2J\u202eb" in said.out
    assert all(char.isprintable() or char == "\n" for char in said.out + said.err)


@pytest.mark.usefixtures("folder")
def test_a_wrong_name_is_answered_with_the_right_ones(tmp_path, capsys):
    assert main(["store", "export", str(tmp_path / "x.zip"), "digit"]) == 1
    assert "there are: digits" in capsys.readouterr().err


def test_a_terminal_that_knows_ascii_only_gets_ascii(folder):
    with open_store(locate(folder)) as store:
        start_trial(store.catalog, "dé🧪")
    done = subprocess.run(
        [sys.executable, "-m", "labdeck.cli", "store", "export", "x.zip", "nothing"],
        capture_output=True,
        check=False,
        cwd=folder.parent,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
    )
    assert done.returncode == 1
    assert rb"d\xe9\U0001f9ea, digits" in done.stderr


@pytest.fixture
def mlruns(tmp_path):
    """A store of MLflow with a run and a broken one, both of hostile names."""
    run = tmp_path / "mlruns" / "1" / ("a" * 32)
    run.mkdir(parents=True)
    (run.parent / "meta.yaml").write_text('experiment_id: "1"\nname: "theirs\\e[2J"\n')
    (run / "meta.yaml").write_text("run_id: x\nrun_name: first\nstatus: 3\nstart_time: 1000\nend_time: 2000\n")
    (run.parent / ("b" * 32)).mkdir()
    return tmp_path / "mlruns"


def test_import_brings_in_what_a_tracker_kept(folder, mlruns, capsys):
    assert main(["import", str(mlruns)]) == 0
    said = capsys.readouterr()
    assert said.out == "theirs\\x1b[2J\n1 new trial, 0 completed, 0 here already; 0 points, 0 files\n"
    assert said.err == f"left out: run {'b' * 32!r}: it has no meta.yaml\n"
    assert main(["import", str(mlruns), "--from", "mlflow", "--experiment", "digits"]) == 0
    assert capsys.readouterr().out == "0 new trials, 0 completed, 1 here already; 0 points, 0 files\n"
    with open_store(locate(folder)) as store:
        assert store.catalog.trial("first").state == "completed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["{tmp}/none"], "there is no file or folder"), (["{tmp}", "--from", "wandb"], "is of wandb")],
)
def test_a_wrong_import_is_one_line(folder, tmp_path, capsys, arguments, said):
    assert main(["import", *(word.format(tmp=tmp_path) for word in arguments)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert folder.is_dir()


def test_an_import_of_nothing_makes_no_store(tmp_path, capsys):
    assert main(["import", str(tmp_path / "none"), "--store", str(tmp_path / "typo")]) == 1
    assert "there is no file or folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
