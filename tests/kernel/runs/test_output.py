"""What is printed while a trial runs is kept, and people see it as before."""

# ruff: noqa: T201 - what is printed is what these tests are about
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import redirect_stdout

import pytest

from labdeck.runs import output as module
from labdeck.wire.events import DetailChanged


def texts(trial):
    return [line.text for line in trial.output()]


def test_what_is_printed_is_kept_and_seen(experiment, capsys):
    print("before")
    with experiment.trial("a") as trial:
        print("hello", 1)
        print("oops", file=sys.stderr)
    print("after")
    assert [(line.number, line.stream, line.text, line.finished) for line in trial.output()] == [
        (1, "stdout", "hello 1", True),
        (2, "stderr", "oops", True),
    ]
    record = trial.record()
    assert all(record.started - 0.01 <= line.time <= record.ended + 0.001 for line in trial.output())  # kept in ms
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("before\nhello 1\nafter\n", "oops\n")


def test_streams_are_left_as_they_were(experiment):
    before = [dict(vars(stream)) for stream in (sys.stdout, sys.stderr)]
    with experiment.trial("a"), experiment.trial("b"):
        assert "write" in vars(sys.stdout)
    assert [dict(vars(stream)) for stream in (sys.stdout, sys.stderr)] == before


def test_a_stream_that_was_wrapped_meanwhile_is_left_alone(experiment, capsys):
    trial = experiment.trial("a").start()
    ours = sys.stdout.write
    sys.stdout.write = lambda text: ours(text.upper())
    trial.finish()
    print("shout")
    del sys.stdout.write
    assert capsys.readouterr().out == "SHOUT\n"


def test_the_innermost_trial_gets_it(experiment):
    with experiment.trial("outer") as outer:
        print("one")
        with outer.trial("inner") as inner:
            print("two")
        print("three")
    assert texts(outer) == ["one", "three"]
    assert texts(inner) == ["two"]


def test_each_thread_prints_into_its_own_trial(experiment):
    barrier = threading.Barrier(2)

    def train(name):
        with experiment.trial(name):
            for number in range(20):
                barrier.wait(30)
                print(f"{name} {number}")

    threads = [threading.Thread(target=train, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for name in ("a", "b"):
        assert texts(experiment.find(name)) == [f"{name} {number}" for number in range(20)]


def test_loggers_that_hold_the_stream_are_heard(experiment):
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("training")
    logger.addHandler(handler)
    logger.propagate = False
    with experiment.trial("a") as trial:
        logger.warning("lr is high")
    logger.removeHandler(handler)
    assert texts(trial) == ["lr is high"]


def test_what_somebody_redirects_is_theirs(experiment):
    with experiment.trial("a") as trial, redirect_stdout(io.StringIO()) as held:
        print("elsewhere")
    assert held.getvalue() == "elsewhere\n"
    assert texts(trial) == []


def test_progress_bars_are_folded_and_colours_left_out(experiment):
    with experiment.trial("a") as trial:
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent}%")
        sys.stderr.write("\n")
        print("\x1b[31mred\x1b[0m")
        sys.stdout.write("no line feed")
    assert texts(trial) == ["100%", "red", "no line feed"]


def test_secrets_are_redacted(experiment):
    with experiment.trial("a") as trial:
        print("API_KEY = 'abc123'")
    assert texts(trial) == ["API_KEY = '[redacted]'"]


def test_it_is_searched_and_read_in_part(experiment, studio):
    with experiment.trial("a") as trial:
        for number in range(10):
            print(f"Epoch {number}")
    assert trial.output("EPOCH 7").text == "Epoch 7"
    page = studio.session.outputs.read(trial.id, after=3, limit=2)
    assert ([line.number for line in page.lines], page.total, page.found) == ([4, 5], 10, 10)
    assert [line.number for line in studio.session.outputs.read(trial.id, after=-2).lines] == [9, 10]


def test_events_tell_that_there_is_more(experiment, studio):
    with experiment.trial("a") as trial:
        print("hello")
    studio.session.flush()
    told = [event for event in studio.events(0) if isinstance(event, DetailChanged) and event.what == "output"]
    assert {event.trial_id for event in told} == {trial.id}


def test_a_silent_trial_leaves_no_file(experiment, studio):
    with experiment.trial("a") as trial:
        pass
    assert not studio.session.outputs.path(trial.id).parent.exists()
    assert texts(trial) == []


def test_it_can_be_switched_off(experiment, monkeypatch):
    monkeypatch.setenv("LABDECK_OUTPUT", "0")
    with experiment.trial("a", metric_definitions={"loss": "loss=(.*)"}) as trial:
        print("loss=0.5")
    assert texts(trial) == []
    assert trial.metrics["loss"].last == 0.5


def test_a_failure_of_ours_never_reaches_who_prints(experiment, monkeypatch, capsys):
    with experiment.trial("a") as trial:
        monkeypatch.setattr(module.TrialOutput, "feed", lambda *_: 1 / 0)
        print("goes on")
    assert trial.state == "completed"
    assert capsys.readouterr().out == "goes on\n"


KILLED = """
import sys, os, signal, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("victim").start()
trial.experiment.record()
for number in range(1000):
    print("line", number, flush=True)
    if number == 500:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_nothing_printed_is_lost_to_sigkill(studio, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    trial = studio.find_trial("victim")
    assert texts(trial) == done.stdout.splitlines() == [f"line {number}" for number in range(501)]


@pytest.mark.slow
def test_a_forked_child_prints_into_the_trial_of_its_parent(experiment):
    with experiment.trial("a") as trial:
        print("parent")
        child = os.fork()
        if not child:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent again")
    assert texts(trial) == ["parent", "child", "parent again"]
