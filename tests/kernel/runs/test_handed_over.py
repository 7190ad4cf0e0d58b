"""Trials among several processes: forked children, pools, ids handed over."""

import copy
import multiprocessing
import operator
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from labdeck.errors import NotFound
from labdeck.store.ids import new_id
from labdeck.studio import Studio

pytestmark = pytest.mark.slow  # each test starts processes of its own

FORK = """
import os, sys, labdeck
experiment = labdeck.open(sys.argv[1]).experiment("digits")
with experiment.trial("forked") as trial, trial.component("part") as part:
    if sys.argv[2] == "after":
        trial.log(loss=0.0)
    child = os.fork()
    if child == 0:
        if sys.argv[2] == "after":
            trial.log(loss=1.0)
            part.log(loss=1.0)
        {leave}
    assert os.waitpid(child, 0)[1] == {status}
    detail = trial.detail()
    assert (detail.trial.state, detail.components[0].state) == ("running", "running"), detail
    trial.log(loss=2.0)
"""

LEAVINGS = {
    "sys.exit(3)": 3 << 8,
    "raise ValueError('of the child')": 1 << 8,
    "part.finish('failed'); trial.finish('failed'); os._exit(0)": 0,
}


@pytest.mark.parametrize("points", ["before", "after"])
@pytest.mark.parametrize("leave", LEAVINGS)
def test_a_forked_child_that_leaves_the_block_does_not_end_the_trial(studio, tmp_path, leave, points):
    script = FORK.format(leave=leave, status=LEAVINGS[leave])
    command = [sys.executable, "-c", script, str(tmp_path / "store"), points]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    studio.housekeep()
    trial = studio.find_trial("forked")
    assert trial.state == "completed"
    detail = trial.detail()
    assert detail.components[0].state == "completed"
    assert [capture for capture in detail.captures if capture.kind == "error"] == []
    logged = [0.0, 1.0, 2.0] if points == "after" else [2.0]
    assert sorted(trial.history("loss", component="").values.tolist()) == logged
    assert trial.metrics["loss"].count == len(logged)


def test_a_trial_that_was_joined_is_left_not_ended(experiment, studio):
    with experiment.trial("shared") as trial:
        with studio.find_trial(trial.id) as joined:
            joined.log(loss=1.0)
        joined.finish("failed")
        assert trial.state == "running"
        joined.log(loss=2.0)
        joined.finish()
        trial.log(loss=3.0)
    assert trial.state == "completed"
    assert trial.metrics["loss"].count == 3


def test_a_trial_comes_back_from_a_pickle(experiment):
    trial = experiment.trial("cnn", params={"hidden": 32})
    with pytest.raises(NotFound, match="has not started"):
        pickle.dumps(trial)
    with trial:
        again = pickle.loads(pickle.dumps(trial))
        assert (again.id, again.name, again.params, again.experiment.name) == (
            trial.id,
            "cnn",
            {"hidden": 32},
            "digits",
        )
        again.log(loss=1.0)
        again.finish()
        assert copy.deepcopy([trial])[0].state == "running"
    assert trial.metrics["loss"].count == 1
    experiment.rename("numbers")
    assert pickle.loads(pickle.dumps(experiment)).record().name == "numbers"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_pool_logs_into_a_trial_that_it_is_handed(experiment, method):
    with experiment.trial("pool") as trial:
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            for number in range(4):
                pool.submit(operator.methodcaller("log", {f"m{number}": 1.0}, step=number), trial).result(60)
        assert trial.state == "running"
    assert trial.state == "completed"
    assert {name: summary.last_step for name, summary in trial.metrics.items()} == {f"m{n}": n for n in range(4)}


def test_an_id_handed_over_is_found_before_its_trial_has_arrived(tmp_path, studio):
    experiment = studio.experiment("digits")
    experiment.record()
    trial = experiment.trial("late")
    with Studio(tmp_path / "store") as other:
        found = []
        thread = threading.Thread(target=lambda: found.append(other.find_trial(trial.id).name))
        thread.start()
        trial.start()
        thread.join(30)
        assert found == ["late"]
        old = f"{0:012x}{new_id()[12:]}"
        with pytest.raises(NotFound):
            other.find_trial(old)
    trial.finish()


def test_a_studio_is_a_context_manager(tmp_path):
    with Studio(tmp_path / "store") as studio, studio.experiment("digits").trial("a") as trial:
        trial.log(loss=1.0)
    with Studio(tmp_path / "store") as studio:
        assert studio.find_trial("a").state == "completed"


def test_a_rename_elsewhere_does_not_lose_an_experiment(tmp_path, studio):
    mine = studio.experiment("digits")
    studio.session.flush()
    with Studio(tmp_path / "store") as other:
        other.find_experiment("digits").rename("numbers")
        taken = other.experiment("digits")
        with mine.trial("first") as trial:
            pass
        assert mine.record().name == "numbers"
        assert [one.id for one in mine.trials()] == [trial.id]
        assert taken.trials() == []
    again = studio.experiment("numbers")
    assert again.proposed_id != mine.id == again.id


PROMPT = """
import sys, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("by hand").start()
trial.log(loss=1.0)
"""


@pytest.mark.parametrize("typed", ["1 / 0\n", "pass\n"])
def test_an_exception_at_a_prompt_fails_no_trial(studio, tmp_path, typed):
    command = [sys.executable, "-i", "-c", PROMPT, str(tmp_path / "store")]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False, timeout=60)
    assert ("ZeroDivisionError" in done.stderr) == ("1 / 0" in typed)
    assert studio.find_trial("by hand").state == "interrupted"


HOOK = """
import sys, weakref, labdeck
from labdeck.runs import ending

class Big:
    pass

def fail():
    big = Big()
    global seen
    seen = weakref.ref(big)
    raise ValueError("broken")

trial = labdeck.open(sys.argv[1]).experiment("digits").trial("by hand").start()
try:
    fail()
except ValueError as error:
    sys.excepthook(type(error), error, error.__traceback__)
assert seen() is None
raise KeyboardInterrupt
"""


def test_only_the_last_exception_ends_a_script_and_none_is_kept_alive(studio, tmp_path):
    command = [sys.executable, "-c", HOOK, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (1, -signal.SIGINT, 128 + signal.SIGINT), done.stderr
    assert "AssertionError" not in done.stderr
    trial = studio.find_trial("by hand")
    assert trial.state == "interrupted"
