"""Importing is safe to interrupt, to kill, to repeat and to do twice at once."""

import os
import signal
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import StoreBusy
from labdeck.runs.imports.bring_in import Progress, bring_in
from labdeck.runs.imports.mlflow_files import MlflowFiles
from labdeck.runs.imports.points import missing
from labdeck.runs.imports.source import identity, to_series
from labdeck.store.contract import SeriesKey
from labdeck.store.maintenance import check
from labdeck.store.session import Session
from labdeck.studio import Studio

RUNS, POINTS = 40, 400
KEYS = ("loss", "accuracy")


@pytest.fixture
def mlruns(tmp_path):
    """A file store with many runs."""
    home = tmp_path / "mlruns" / "1"
    home.mkdir(parents=True)
    (home / "meta.yaml").write_text("experiment_id: '1'\nname: digits\nlifecycle_stage: active\ncreation_time: 5\n")
    for number in range(RUNS):
        run = home / f"{number:032x}"
        (run / "metrics").mkdir(parents=True)
        (run / "artifacts").mkdir()
        (run / "artifacts" / "notes.txt").write_text(f"run {number}")
        (run / "meta.yaml").write_text(
            f"run_id: {number:032x}\nrun_name: run-{number}\nstatus: 3\nstart_time: {number}\nend_time: 2000\n"
        )
        for key in KEYS:
            lines = (f"{1000 + step} {number + step / 8} {step}\n" for step in range(POINTS))
            (run / "metrics" / key).write_text("".join(lines))
    return home.parent


def assert_complete(studio):
    trials = studio.find_experiment("digits").trials()
    assert sorted(trial.name for trial in trials) == sorted(f"run-{number}" for number in range(RUNS))
    for trial in trials:
        number = int(trial.name.partition("-")[2])
        assert trial.id == identity("mlflow", f"{number:032x}")
        detail = trial.detail()
        assert (detail.trial.state, len(detail.artifacts)) == ("completed", 1)
        assert {summary.name: summary.count for summary in detail.metrics} == dict.fromkeys(KEYS, POINTS)
        for key in KEYS:
            series = trial.history(key)
            assert series.steps.tolist() == list(range(POINTS))
            assert series.values.tolist() == [number + step / 8 for step in range(POINTS)]
    assert [defect for defect in check(studio.session.store) if defect.severity == "error"] == []


@pytest.mark.slow
def test_it_comes_into_either_database(any_location, mlruns):
    session = Session(any_location)
    try:
        for trials, unchanged in ((RUNS, 0), (0, RUNS)):
            done = bring_in(session, MlflowFiles(mlruns))
            assert (done.trials, done.unchanged, done.skipped) == (trials, unchanged, ())
        page = session.catalog.trials(session.catalog.experiment("digits").id)
        assert page.total == RUNS
    finally:
        session.close()


KILLED = """
import os, signal, sys
from labdeck.studio import Studio
from labdeck.store.columns.writer import SegmentWriter
from labdeck.store.sql.catalog import SqlCatalog

kind, left = sys.argv[3], int(sys.argv[4])
owner, name = (SegmentWriter, "_pack") if kind == "points" else (SqlCatalog, "apply")
real = getattr(owner, name)

def counted(*given, **named):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)

setattr(owner, name, counted)
with Studio(sys.argv[1]) as studio:
    studio.import_from(sys.argv[2])
"""
"""An import that the system kills in the middle of a point or right before a transaction."""


@pytest.mark.slow
def test_killed_anywhere_and_repeated_it_is_complete(tmp_path, mlruns):
    # Each import goes on where the one before was killed: within a series, between two, before a trial's facts.
    for kind, when in (("points", 1), ("points", 777), ("points", 5000), ("facts", 4), ("points", 9001), ("facts", 12)):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), str(mlruns), kind, str(when)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with Studio(tmp_path / "store") as studio:
            kept = [trial for home in studio.experiments() for trial in home.trials()]
            assert all(len(trial.history("loss")) == POINTS for trial in kept), "a trial appears whole"
            assert len(kept) < RUNS
    with Studio(tmp_path / "store") as studio:
        assert kept
        studio.import_from(mlruns)
        assert_complete(studio)
        again = studio.import_from(mlruns)
        assert (again.trials, again.completed, again.unchanged, again.points) == (0, 0, RUNS, 0)


@pytest.mark.slow
def test_killed_after_new_points_and_before_their_announcement(studio, mlruns):
    studio.import_from(mlruns)
    (metric,) = mlruns.glob(f"1/{3:032x}/metrics/loss")
    with metric.open("a") as file:
        file.write("9000 0.5 400\n")
    trial = studio.find_trial("run-3")
    writer = studio.session.columns.writer(trial.id)
    writer.extend(SeriesKey("", "loss"), to_series([(400, 9.0, 0.5)]))
    writer.close()
    done = studio.import_from(mlruns)
    assert (done.completed, done.points) == (1, 0)
    assert trial.metrics["loss"].count == POINTS + 1


@pytest.mark.slow
def test_an_interrupt_keeps_what_came_in(studio, mlruns):
    def stop(progress):
        if progress.done > 3:
            os.kill(os.getpid(), signal.SIGINT)

    told = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(studio, mlruns, stop, told)
    here = len(studio.find_experiment("digits").trials())
    assert 0 < here < RUNS
    assert studio.import_from(mlruns).trials == RUNS - here
    assert_complete(studio)


def interrupted(studio, mlruns, stop, told):
    import labdeck.runs.imports.bring_in as module

    before, module._NEWS_EVERY = module._NEWS_EVERY, 0.0
    try:
        studio.import_from(mlruns, progress=lambda progress: (told.append(progress), stop(progress)))
    finally:
        module._NEWS_EVERY = before


@pytest.mark.slow
def test_progress_rises_to_the_end(studio, mlruns):
    told = []
    interrupted(studio, mlruns, lambda _: None, told)
    assert [progress.done for progress in told] == list(range(RUNS + 1))
    assert told[0] == Progress(0, RUNS, None)
    assert told[-1] == Progress(RUNS, RUNS, 0.0)
    assert all(progress.left >= 0 for progress in told[1:])


@pytest.mark.slow
def test_two_imports_at_once_do_not_mix(studio, mlruns, tmp_path):
    def other(progress):
        if progress.done == progress.total:
            with Studio(tmp_path / "store") as second, pytest.raises(StoreBusy, match="another import"):
                second.import_from(mlruns)

    studio.import_from(mlruns, progress=other)
    assert_complete(studio)


@pytest.mark.slow
def test_what_was_deleted_here_is_told_and_stays(studio, mlruns):
    studio.import_from(mlruns)
    studio.find_trial("run-7").delete()
    done = studio.import_from(mlruns)
    assert done.skipped == (f"run '{7:032x}': it was imported and then deleted here; it stays so",)
    studio.find_experiment("digits").delete()
    done = studio.import_from(mlruns)
    assert len(studio.find_experiment("digits").trials()) == RUNS - 1


@pytest.mark.slow
def test_points_logged_here_stay_and_are_not_brought_again(studio, mlruns):
    studio.import_from(mlruns)
    trial = studio.find_trial("run-5")
    writer = studio.session.columns.writer(trial.id)
    writer.log({"loss": 77.0}, 1000)
    writer.close()
    (metric,) = mlruns.glob(f"1/{5:032x}/metrics/loss")
    with metric.open("a") as file:
        file.write("9000 0.5 400\n")
    assert studio.import_from(mlruns).points == 1
    assert trial.history("loss").values.tolist()[-2:] == [77.0, 0.5]
    assert studio.import_from(mlruns).points == 0


rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, -0.0, 0.5, float("nan"), float("inf")])
    ),
    max_size=12,
)


@given(rows, rows)
def test_what_is_missing_is_what_a_slow_count_misses(wanted, here):
    left = Counter(map(repr, ((*row[:2], row[2] + 0.0) for row in here)))
    expected = []
    for row in wanted:
        same = repr((*row[:2], row[2] + 0.0))
        if left[same]:
            left[same] -= 1
        else:
            expected.append(row)
    found = missing(to_series(wanted), to_series(here))
    both = zip(found.steps.tolist(), found.times.tolist(), found.values.tolist(), strict=True)
    assert repr(list(both)) == repr(expected)


@given(rows, rows)
def test_what_is_added_completes(first, more):
    whole = to_series([*first, *more])
    rest = missing(whole, to_series(first))
    np.testing.assert_array_equal(rest.values, to_series(more).values)
