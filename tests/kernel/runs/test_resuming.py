"""Going on with trials that have ended, in this process and in others; trials within trials."""

from __future__ import annotations

import signal
import subprocess
import sys

import msgspec
import pytest

from labdeck.errors import Conflict, NotFound, TrialClosed
from labdeck.runs import liveness
from labdeck.store.process import this_process
from labdeck.wire.commands import ResumeTrial


def kinds(trial):
    return sorted(capture.kind for capture in trial.detail().captures)


def test_steps_and_summaries_continue(experiment):
    with experiment.trial("cnn", params={"lr": 1}) as trial:
        trial.log(loss=4.0)
        trial.log({"loss": 2.0}, step=10)
        with trial.component("part") as part:
            part.log(loss=9.0)
    found = experiment.find("cnn")
    with found.resume() as resumed:
        assert resumed is found
        assert (found.state, found.record().ended) == ("running", None)
        found.log(loss=3.0)
        found.component("part").log(loss=8.0)
        found.log_params(seed=5)
    assert found.state == "completed"
    assert found.history("loss", "").steps.tolist() == [0, 10, 11]
    assert found.history("loss", "part").steps.tolist() == [0, 1]
    summary = found.metrics["loss"]
    assert (summary.count, summary.first, summary.last, summary.mean) == (3, 4.0, 3.0, 3.0)
    assert found.params == {"lr": 1, "seed": 5}


def test_points_that_were_packed_count_too(experiment, studio):
    with experiment.trial("cnn") as trial:
        for value in (4.0, 2.0):
            trial.log(loss=value)
    assert studio.session.columns.compact(trial.id)
    for value in (3.0, 1.0):
        with trial.resume():
            trial.log(loss=value)
        assert studio.session.columns.compact(trial.id)
    assert trial.history("loss").steps.tolist() == [0, 1, 2, 3]
    assert trial.history("loss").values.tolist() == [4.0, 2.0, 3.0, 1.0]
    summary = trial.metrics["loss"]
    assert (summary.count, summary.mean, summary.min_step) == (4, 2.5, 3)


def test_the_error_of_the_run_before_is_kept_aside(experiment):
    trial = experiment.trial("cnn")
    with pytest.raises(ZeroDivisionError), trial:
        1 / 0  # noqa: B018 - it is to fail
    assert "error" in kinds(trial)
    for _ in range(2):
        with trial.resume():
            pass
    found = kinds(trial)
    assert "error" not in found
    assert {"packages", "packages:1", "packages:2", "error:1"} <= set(found)
    errors = [capture.body for capture in trial.detail().captures if capture.kind == "error:1"]
    assert "ZeroDivisionError" in errors[0]["traceback"]
    assert trial.state == "completed"


def test_a_trial_that_runs_here_is_not_resumed_twice(experiment):
    with experiment.trial("cnn") as trial:
        assert trial.resume() is trial
        with pytest.raises(Conflict, match="runs in this process"):
            experiment.find("cnn").resume()
        trial.log(loss=1.0)
    assert trial.state == "completed"


def test_what_cannot_be_resumed(experiment):
    with pytest.raises(NotFound, match="has not started"):
        experiment.trial("new").resume()
    with experiment.trial("gone") as trial:
        pass
    with pytest.raises(TrialClosed, match="resume"):
        trial.start()
    trial.delete()
    with pytest.raises(NotFound):
        trial.resume()


def test_a_trial_of_another_machine_is_left_to_it(experiment, studio):
    with experiment.trial("cnn") as trial:
        pass
    elsewhere = msgspec.structs.replace(this_process(), host="elsewhere")
    studio.session.catalog.apply([ResumeTrial(id=trial.id, time=liveness.time.time(), writer=elsewhere)])
    with pytest.raises(Conflict, match="another process"):
        trial.resume()


CRASH = """
import os, signal, sys, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("victim", params={"lr": 0.1}).start()
trial.experiment.record()
for number in range(250):
    trial.log(loss=float(number))
    print(number, flush=True)
sys.stdout.write("half a line")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_after_sigkill_nothing_is_lost_and_nothing_double(studio, tmp_path):
    command = [sys.executable, "-c", CRASH, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    trial = studio.find_trial("victim")
    with trial.resume():
        for number in range(250, 300):
            trial.log(loss=float(number))
            sys.stdout.write(f"{number}\n")
    assert trial.state == "completed"
    assert trial.history("loss").values.tolist() == [float(number) for number in range(300)]
    assert trial.history("loss").steps.tolist() == list(range(300))
    assert trial.metrics["loss"].count == 300
    assert trial.params == {"lr": 0.1}
    lines = trial.output().text.splitlines()
    assert [line for line in lines if line.isdigit()] == [str(number) for number in range(300)]


RACE = """
import sys, labdeck
from labdeck.errors import Conflict
trial = labdeck.open(sys.argv[1]).find_trial("contested")
print("ready", flush=True)
sys.stdin.readline()
try:
    trial.resume()
except Conflict:
    print("lost", flush=True)
else:
    for _ in range(100):
        trial.log(loss=1.0)
    print("won", flush=True)
    sys.stdin.readline()
    trial.finish()
"""


@pytest.mark.slow
@pytest.mark.parametrize("crashed", [False, True])
def test_of_two_processes_that_resume_a_trial_one_wins(studio, tmp_path, crashed):
    experiment = studio.experiment("digits")
    if crashed:
        command = [sys.executable, "-c", CRASH.replace("victim", "contested"), str(tmp_path / "store")]
        subprocess.run(command, capture_output=True, check=False, timeout=60)
    else:
        with experiment.trial("contested") as trial:
            for _ in range(250):
                trial.log(loss=1.0)
    studio.session.flush()
    command = [sys.executable, "-c", RACE, str(tmp_path / "store")]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(2)
    ]
    try:
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 2
        for racer in racers:
            racer.stdin.write("go\n")
        said = [racer.stdout.readline().strip() for racer in racers]
        assert sorted(said) == ["lost", "won"]
        assert studio.find_trial("contested").state == "running"
    finally:
        for racer in racers:
            racer.communicate("end\n", timeout=60)
    trial = studio.find_trial("contested")
    assert trial.state == "completed"
    assert trial.metrics["loss"].count == 350
    assert trial.history("loss").steps.tolist() == list(range(350))


def test_trials_within_trials(experiment, studio):
    search = experiment.trial("search")
    early = search.trial("early", params={"lr": 1}, tags={"kind": "fold"}, note="first")
    with early:
        early.log(acc=0.5)
    with search, search.trial("inner") as inner, inner.trial("deepest"):
        pass
    late = studio.find_trial(search.id).trial("late").start()
    assert [child.name for child in search.children()] == ["early", "inner", "late"]
    assert (late.state, search.state) == ("running", "completed")
    late.finish("failed")
    assert [child.state for child in search.children()] == ["completed", "completed", "failed"]
    assert late.parent.id == search.id
    assert inner.children()[0].parent.name == "inner"
    assert search.parent is None
    assert (early.params, early.tags, early.note) == ({"lr": 1}, {"kind": "fold"}, "first")
