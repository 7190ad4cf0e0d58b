"""What is recorded without being asked."""

import json
import os
import subprocess
import sys
import threading
import time
from importlib.metadata import version

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labdeck.runs.capture import code, safely
from labdeck.runs.capture.git import capture_git
from labdeck.runs.capture.machine import capture_machine
from labdeck.runs.capture.packages import capture_packages


def git(folder, *arguments):
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-b", "trunk")
    git(folder, "remote", "add", "origin", "https://me:hunter2@example.org/x.git")
    monkeypatch.chdir(folder)
    return folder


def test_git_state_of_a_real_repository(repository):
    assert capture_git().body["commit"] == ""
    (repository / "train.py").write_text("lr = 0.1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "first")
    clean = capture_git().body
    assert (clean["branch"], clean["dirty"], clean["diff"]) == ("trunk", False, "")
    assert len(clean["commit"]) == 40
    assert clean["remote"] == "https://me:[redacted]@example.org/x.git"
    (repository / "train.py").write_text('lr = 0.2\nAPI_KEY = "abcdef"\n')
    dirty = capture_git().body
    assert dirty["dirty"] is True
    assert "+lr = 0.2" in dirty["diff"]
    assert "abcdef" not in dirty["diff"]


def test_outside_a_repository_and_without_git_there_is_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert capture_git() is None
    monkeypatch.setenv("PATH", "")
    assert capture_git() is None


def test_packages_are_those_installed():
    body = capture_packages().body
    assert body["packages"]["numpy"] == version("numpy")
    assert body["executable"] == sys.executable


def test_the_machine_is_this_one():
    body = capture_machine().body
    assert body["cores"] == os.cpu_count()
    assert body["memory"] > 1 << 20
    json.dumps(body)


def test_a_capturer_that_fails_is_no_failure():
    def broken():
        raise RuntimeError("no")

    assert safely(broken) is None


def test_cells_are_kept_in_order_with_the_running_one_last(experiment):
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["experiment"] = experiment
        shell.run_cell('TOKEN = "abcdef"', store_history=True)
        shell.run_cell("with experiment.trial('cells') as trial: pass", store_history=True)
    finally:
        InteractiveShell.clear_instance()
    (captured,) = [one for one in experiment.find("cells").detail().captures if one.kind == "code"]
    sources = [cell["source"] for cell in captured.body["cells"]]
    assert sources[-2:] == ['TOKEN = "[redacted]"', "with experiment.trial('cells') as trial: pass"]
    numbers = [cell["number"] for cell in captured.body["cells"]]
    assert numbers == sorted(numbers)


def test_only_the_latest_cells_are_kept_if_there_are_too_many(monkeypatch):
    monkeypatch.setattr(code, "MAX_SOURCE", 10)

    class History:
        input_hist_raw = ("", "a" * 8, "b" * 6, "c" * 4)

    class Shell:
        history_manager = History()

    assert [cell["source"] for cell in code._cells(Shell())] == ["b" * 6, "c" * 4]


@pytest.mark.slow
def test_a_program_read_from_standard_input_has_no_file_to_keep(studio, tmp_path):
    program = "import sys, labdeck\nwith labdeck.open(sys.argv[1]).experiment('e').trial('piped'): pass\n"
    command = [sys.executable, "-", str(tmp_path / "store")]
    done = subprocess.run(command, input=program, text=True, capture_output=True, check=True)
    assert done.stderr == ""
    assert "code" not in {one.kind for one in studio.find_trial("piped").detail().captures}


@pytest.mark.slow
def test_a_script_is_kept_as_it_is(studio, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        'import sys, labdeck\npassword = "abcdef"\nwith labdeck.open(sys.argv[1]).experiment("e").trial("s"): pass\n'
    )
    subprocess.run([sys.executable, str(script), str(tmp_path / "store")], check=True)
    captures = {one.kind: one.body for one in studio.find_trial("s").detail().captures}
    assert captures["code"]["path"] == str(script)
    assert captures["code"]["source"] == script.read_text().replace("abcdef", "[redacted]")
    assert set(captures) >= {"code", "packages", "machine"}


def test_waiting_for_the_surroundings_is_not_part_of_the_trial(studio, monkeypatch):
    from labdeck.runs.capture import packages

    left, recorded = threading.Event(), []

    def slow():
        left.wait(60)
        recorded.append(time.time())

    monkeypatch.setattr(packages, "capture_packages", slow)
    with studio.experiment("e").trial("quick") as trial:
        trial.log(loss=1.0)
        threading.Timer(0.2, left.set).start()
    assert trial.record().ended < recorded[0]
