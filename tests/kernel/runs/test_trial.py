"""A trial from its start to its end."""

import math
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from labdeck.errors import InvalidMetric, InvalidName, InvalidParameter, NotFound, TrialClosed, UsageError
from labdeck.store.open import open_store

DEADLINE = 30.0


def test_a_block_that_ends_well_is_a_completed_trial(experiment):
    with experiment.trial("cnn-32", params={"hidden": 32}, tags={"team": "vision"}, note="first try") as trial:
        assert trial.state == "running"
        for step in range(3):
            trial.log({"train:loss": 1 / (step + 1)}, step=step)
    assert trial.state == "completed"
    assert trial.params == {"hidden": 32}
    assert trial.tags == {"team": "vision"}
    assert trial.note == "first try"
    history = trial.history("train:loss")
    assert history.steps.tolist() == [0, 1, 2]
    assert history.values.tolist() == [1.0, 0.5, 1 / 3]
    assert history.steps.dtype == np.int64
    assert history.values.dtype == history.times.dtype == np.float64
    assert (np.diff(history.times) >= 0).all()
    summary = trial.metrics["train:loss"]
    assert (summary.count, summary.last_step, summary.min, summary.min_step) == (3, 2, 1 / 3, 2)
    record = trial.record()
    assert record.started <= record.ended


def test_an_exception_goes_on_and_is_kept_with_its_traceback(experiment):
    def fail():
        raise ZeroDivisionError("division by zero")  # password = "hunter2-and-more"

    with pytest.raises(ZeroDivisionError), experiment.trial("broken") as trial:
        fail()
    assert trial.state == "failed"
    (error,) = [capture for capture in trial.detail().captures if capture.kind == "error"]
    assert "ZeroDivisionError: division by zero" in error.body["traceback"]
    assert "hunter2" not in error.body["traceback"]


def test_an_interrupt_is_no_failure(experiment):
    with pytest.raises(KeyboardInterrupt), experiment.trial() as trial:
        raise KeyboardInterrupt
    assert trial.state == "interrupted"


def test_start_and_finish_by_hand(experiment):
    trial = experiment.trial("by hand").start()
    assert trial.start() is trial
    trial.log(loss=0.5)
    trial.finish()
    trial.finish("failed")
    assert trial.state == "completed"


def test_logging_starts_a_trial_that_was_not_started(experiment):
    trial = experiment.trial("eager")
    trial.log(loss=0.5)
    assert trial.state == "running"
    trial.finish()


def test_nothing_can_be_written_after_the_end(experiment):
    with experiment.trial("done") as trial:
        pass
    for write in (
        lambda: trial.log(loss=1.0),
        lambda: trial.log_params(a=1),
        lambda: trial.log_artifact(__file__),
        trial.start,
        trial.component("late").start,
    ):
        with pytest.raises(TrialClosed, match="has ended"):
            write()
    found = experiment.find("done")
    with pytest.raises(TrialClosed):
        found.log(loss=1.0)


def test_before_the_start_there_is_nothing_to_read_or_change(experiment):
    trial = experiment.trial("not yet")
    assert trial.name == "not yet"
    for call in (lambda: trial.state, trial.delete, trial.detail):
        with pytest.raises(NotFound, match="has not started"):
            call()


def test_names_taken_get_a_number_and_missing_names_too(experiment):
    names = []
    for wanted in ("cnn", "cnn", None, "cnn", None):
        with experiment.trial(wanted) as trial:
            names.append(trial.name)
    assert names == ["cnn", "cnn-2", "trial-1", "cnn-3", "trial-2"]
    assert [trial.name for trial in experiment.trials()] == names


def test_metrics_as_mapping_as_keywords_and_both(experiment):
    with experiment.trial() as trial:
        trial.log({"train:loss": 1.0, "a": 1.0}, step=5, a=2.0)
        trial.log(a=3.0)
        trial.log()
        trial.log({})
    assert trial.history("train:loss").values.tolist() == [1.0]
    assert trial.history("a").values.tolist() == [2.0, 3.0]
    assert trial.history("a").steps.tolist() == [5, 6]


def test_numbers_of_all_kinds(experiment):
    with experiment.trial() as trial:
        trial.log({"x": True}, step=0)
        trial.log({"x": np.float32(0.5)}, step=np.int32(1))
        trial.log({"x": np.array(3)}, step=2)
        for value in (math.nan, math.inf, -math.inf, 1e308, 5e-324):
            trial.log(x=value)
    values = trial.history("x").values.tolist()
    assert values[:3] == [1.0, 0.5, 3.0]
    assert math.isnan(values[3])
    assert values[4:] == [math.inf, -math.inf, 1e308, 5e-324]
    summary = trial.metrics["x"]
    assert (summary.count, summary.max, summary.last) == (8, 1e308, 5e-324)


@pytest.mark.parametrize(
    ("metrics", "step", "error"),
    [
        ({"loss": "high"}, 0, InvalidMetric),
        ({"loss": 1j}, 0, InvalidMetric),
        ({"loss": None}, 0, InvalidMetric),
        ({"loss": [1.0]}, 0, InvalidMetric),
        ({"loss": 1.0}, 0.5, InvalidMetric),
        ({"loss": 1.0}, 1 << 70, InvalidMetric),
        ({"": 1.0}, 0, InvalidName),
        ({3: 1.0}, 0, InvalidName),
    ],
)
def test_mistakes_are_told_in_one_line_and_log_nothing(experiment, metrics, step, error):
    with experiment.trial() as trial:
        trial.log({"good": 1.0}, step=0)
        with pytest.raises(error) as caught:
            trial.log({"good": 2.0, **metrics}, step=step)
        assert "\n" not in str(caught.value)
    assert trial.history("good").values.tolist() == [1.0]
    assert "loss" not in trial.metrics


def test_a_parameter_mapping_must_be_one(experiment):
    with pytest.raises(InvalidParameter, match="as list"):
        experiment.trial(params=["hidden", 32])


def test_components_have_their_own_facts(experiment, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    with experiment.trial("parts") as trial:
        with trial.component("preprocessing") as preprocessing:
            preprocessing.log_params(mean=4.88, std=6.02)
            preprocessing.log(rows=1437)
        with trial.component("training") as training:
            training.log({"loss": 0.5}, step=3)
            training.log_artifact(notes)
        with pytest.raises(ValueError, match="broken"), trial.component("evaluation"):
            raise ValueError("broken")
    detail = trial.detail()
    assert [(part.name, part.state) for part in detail.components] == [
        ("preprocessing", "completed"),
        ("training", "completed"),
        ("evaluation", "failed"),
    ]
    assert "ValueError: broken" in detail.components[2].error
    assert {(p.component, p.name, p.value) for p in detail.params} == {
        ("preprocessing", "mean", 4.88),
        ("preprocessing", "std", 6.02),
    }
    assert trial.params == {}
    assert training.history("loss").steps.tolist() == [3]
    assert trial.history("loss").steps.tolist() == [3]
    (artifact,) = trial.artifacts()
    assert (artifact.component, artifact.name, artifact.size, artifact.media_type) == (
        "training",
        "notes.txt",
        5,
        "text/plain",
    )


def test_a_metric_of_two_components_must_be_named(experiment):
    with experiment.trial() as trial:
        trial.component("a").log(loss=1.0)
        trial.component("b").log(loss=2.0)
        assert trial.component("b").history("loss").values.tolist() == [2.0]
        with pytest.raises(UsageError, match="several components: 'a', 'b'"):
            trial.history("loss")
        trial.log(loss=3.0)
        assert trial.history("loss").values.tolist() == [3.0]
        with pytest.raises(NotFound, match="did you mean 'loss'"):
            trial.history("los")


def test_history_sees_the_point_logged_a_moment_ago(experiment):
    with experiment.trial() as trial:
        for step in range(5):
            trial.log(loss=float(step))
            assert len(trial.history("loss")) == step + 1


def test_artifacts_come_back_as_they_were(experiment, studio, tmp_path):
    picture = tmp_path / "a picture.png"
    picture.write_bytes(os.urandom(3_000_000))
    with experiment.trial() as trial:
        trial.log_artifact(picture, name="<img src=x>")
        with pytest.raises(NotFound, match="there is no file"):
            trial.log_artifact(tmp_path / "missing")
        with pytest.raises(UsageError, match="is a folder"):
            trial.log_artifact(tmp_path)
    (artifact,) = trial.artifacts()
    record, path = studio.artifact(trial.id, artifact.id)
    assert record.media_type == "image/png"
    assert path.read_bytes() == picture.read_bytes()
    with pytest.raises(NotFound):
        studio.artifact(trial.id, "0" * 32)


def test_tags_notes_and_names_can_be_changed(experiment):
    with experiment.trial("a") as trial:
        pass
    trial.tag(team="vision", seed="1")
    trial.untag("seed")
    trial.set_note("good")
    trial.rename("b")
    assert (trial.tags, trial.note, trial.name) == ({"team": "vision"}, "good", "b")


def test_deleting_can_be_taken_back(experiment):
    with experiment.trial("a") as trial:
        trial.log(loss=1.0)
    trial.delete()
    assert experiment.trials() == []
    trial.restore()
    assert [one.name for one in experiment.trials()] == ["a"]
    assert len(trial.history("loss")) == 1


def test_a_forked_child_logs_into_the_same_trial(experiment):
    with experiment.trial("forked") as trial:
        trial.log(loss=1.0)
        child = os.fork()
        if child == 0:
            try:
                trial.log(loss=2.0)
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        trial.log(loss=3.0)
    assert sorted(trial.history("loss").values.tolist()) == [1.0, 2.0, 3.0]
    assert trial.metrics["loss"].count == 3


def test_another_process_joins_a_running_trial(experiment, tmp_path):
    code = """
import sys, labdeck
trial = labdeck.open(sys.argv[1]).find_trial(sys.argv[2])
for step in range(100):
    trial.log({"theirs": float(step)}, step=step)
"""
    with experiment.trial("shared") as trial:
        experiment.record()
        command = [sys.executable, "-c", code, str(tmp_path / "store"), trial.id]
        subprocess.run(command, check=True, timeout=60)
        assert trial.state == "running"
        trial.log(ours=1.0)
    assert trial.metrics["theirs"].count == 100
    assert trial.state == "completed"


def test_threads_share_a_trial(experiment):
    with experiment.trial() as trial:

        def work(name):
            for step in range(1000):
                trial.log({name: float(step), "all": 1.0}, step=step)

        threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert trial.metrics["all"].count == 4000
    for number in range(4):
        assert trial.history(f"t{number}").steps.tolist() == list(range(1000))


SCRIPT = """
import os, signal, sys, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial(sys.argv[2]).start()
for step in range(500):
    trial.log({"loss": float(step)}, step=step)
"""

ENDINGS = {
    "pass": ("completed", 0),
    "raise ValueError('broken')": ("failed", 1),
    "raise KeyboardInterrupt": ("interrupted", 1),
    "sys.exit(3)": ("completed", 3),
    "os.kill(os.getpid(), signal.SIGKILL)": ("crashed", -signal.SIGKILL),
    "os.kill(os.getpid(), signal.SIGTERM)": ("crashed", -signal.SIGTERM),
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_script_that_does_not_finish_its_trial(studio, tmp_path, ending):
    state, code = ENDINGS[ending]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + ending, str(tmp_path / "store"), "script"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    studio.housekeep()
    trial = studio.find_trial("script")
    assert trial.state == state
    assert trial.history("loss").steps.tolist() == list(range(500))
    assert trial.metrics["loss"].count == 500
    if state == "failed":
        assert "ValueError: broken" in str([c.body for c in trial.detail().captures if c.kind == "error"])


def test_a_second_reader_sees_the_same(experiment):
    with experiment.trial("seen") as trial:
        trial.log(loss=1.0)
        experiment.record()
        with open_store(experiment.session.location) as other:
            assert other.catalog.trial(trial.id).state == "running"
