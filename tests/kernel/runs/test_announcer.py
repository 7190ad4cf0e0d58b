"""What is announced of a trial agrees with its points, however fast they come and whoever logs them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from labdeck.runs.announcer import Announcer
from labdeck.runs.summary import RunningSummary
from labdeck.store.columns.segment import HEADER_SIZE, RECORD_SIZE
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import writing

DENSE = """
import sys, labdeck
names = [f"m{number}" for number in range(10)]
studio = labdeck.open(sys.argv[1])
with studio.experiment("digits").trial("dense") as trial:
    for step in range(int(sys.argv[2])):
        trial.log(dict.fromkeys(names, step + 0.5), step=step)
studio.close()
"""

FORKING = """
import os, sys, threading, labdeck
studio = labdeck.open(sys.argv[1])
done = threading.Event()
with studio.experiment("digits").trial("forking") as trial:
    trial.log(loss=1.0)
    assert trial.metrics["loss"].count == 1

    def ask():
        while not done.is_set():
            trial._recorder._announcer.announce()

    asking = threading.Thread(target=ask)
    asking.start()
    codes = []
    for number in range(12):
        trial.log(loss=2.0)
        pid = os.fork()
        if pid == 0:
            fresh = trial._recorder._announcer.announce()
            os._exit(0 if fresh[0].points >= number + 2 else 9)
        codes.append(os.waitpid(pid, 0)[1])
    done.set()
    asking.join()
print(codes)
studio.close()
"""


def summarised(series):
    summary = RunningSummary()
    summary.add(series)
    return summary


def counts(commands):
    return {metric.name: metric.count for command in commands for metric in command.metrics}


@pytest.fixture
def session(studio):
    return studio.session


def test_a_dense_trial_is_summarised_to_the_last_point(studio, tmp_path):
    count = 40_000
    subprocess.run([sys.executable, "-c", DENSE, str(tmp_path / "store"), str(count)], check=True, timeout=60)
    trial = studio.find_trial("dense")
    assert {name: summary.count for name, summary in trial.metrics.items()} == {f"m{n}": count for n in range(10)}
    for summary in trial.metrics.values():
        assert (summary.first, summary.last, summary.last_step) == (0.5, count - 0.5, count - 1)
        assert summary.mean == pytest.approx(count / 2)


def test_a_thread_that_logs_flat_out_is_summarised_while_it_runs(session):
    trial_id, count = new_id(), 20_000
    announcer = Announcer(session, trial_id)
    names = [f"m{number}" for number in range(10)]
    seen = {}

    with writing(session.columns, trial_id) as writer:

        def log():
            for step in range(count):
                writer.log(dict.fromkeys(names, float(step)), step)

        thread = threading.Thread(target=log)
        thread.start()
        while thread.is_alive():
            seen |= counts(announcer.announce())
        thread.join()
        seen |= counts(announcer.announce())
    assert seen == dict.fromkeys(names, count)
    assert counts(announcer.conclude()) == seen


def test_what_is_announced_may_be_announced_again(session):
    trial_id = new_id()
    announcer = Announcer(session, trial_id)
    with writing(session.columns, trial_id) as writer:
        writer.log({"loss": 1.0, "acc": 0.5}, 0)
        [first] = announcer.announce()
        assert announcer.announce() == ()
        writer.log({"loss": 3.0}, 1)
        [second] = announcer.announce()
    assert [metric.count for metric in first.metrics] == [1, 1]
    assert [(metric.name, metric.count, metric.mean) for metric in second.metrics] == [("loss", 2, 2.0)]
    assert (first.points, second.points) == (2, 3)
    once, again = announcer.conclude(), announcer.conclude()
    assert once == again
    assert counts(once) == {"loss": 2, "acc": 1}


def test_at_the_end_points_that_were_passed_over_are_counted(session):
    trial_id = new_id()
    announcer = Announcer(session, trial_id)
    key = SeriesKey("", "loss")
    with writing(session.columns, trial_id) as writer:
        for step in range(10):
            writer.log({"loss": float(step)}, step)
        [path] = (session.columns._folder / trial_id).glob("*.seg")
        with path.open("r+b") as file:
            at = HEADER_SIZE + 4 * RECORD_SIZE
            kept = os.pread(file.fileno(), RECORD_SIZE, at)
            os.pwrite(file.fileno(), bytes(RECORD_SIZE), at)
            assert counts(announcer.announce()) == {"loss": 4}
            assert counts(announcer.announce()) == {"loss": 9}
            os.pwrite(file.fileno(), kept, at)
    [told] = announcer.conclude()
    assert told.points == 10
    assert told.metrics[0] == summarised(session.columns.series(trial_id, key)).record(key)


def test_who_was_not_there_counts_everything_at_the_end(session):
    trial_id = new_id()
    with writing(session.columns, trial_id) as writer:
        for step in range(5000):
            writer.log({"loss": float(step)}, step)
    [path] = (session.columns._folder / trial_id).glob("*.seg")
    with path.open("r+b") as file:
        os.pwrite(file.fileno(), bytes(3000 * RECORD_SIZE), HEADER_SIZE + 1000 * RECORD_SIZE)
    [told] = Announcer(session, trial_id).conclude()
    steps = session.columns.series(trial_id, SeriesKey("", "loss")).steps
    assert np.array_equal(steps, [*range(1000), *range(4000, 5000)])
    assert (told.points, told.metrics[0].count, told.metrics[0].last) == (2000, 2000, 4999.0)


def test_a_trial_without_points_concludes_in_silence(session):
    assert Announcer(session, new_id()).conclude() == ()


@pytest.mark.slow
def test_a_child_forked_in_the_middle_of_an_announcement_begins_anew(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.strip() == str([0] * 12), run.stderr
