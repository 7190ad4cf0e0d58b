"""Noticing that a writer is dead."""

import signal
import subprocess
import sys
import time

import msgspec
import pytest

from labdeck.runs import liveness
from labdeck.runs.liveness import mark_crashed
from labdeck.store.ids import new_id
from labdeck.store.process import this_process
from labdeck.wire.commands import Beat, StartTrial

pytestmark = pytest.mark.slow  # each test starts processes of its own

WRITING = """
import os, signal, sys, labdeck
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("victim").start()
trial.log({"loss": 1.0}, step=0)
trial.experiment.record()
print("ready", flush=True)
step = 0
while True:
    step += 1
    trial.log({"loss": float(step)}, step=step)
    print(step, flush=True)
"""


def start(session, writer, heartbeat):
    command = StartTrial(
        id=new_id(), experiment="digits", new_experiment_id=new_id(), name="t", started=heartbeat, writer=writer
    )
    session.catalog.apply([command])
    return command.id


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_writer_leaves_a_crashed_trial_with_every_point(studio, tmp_path, round_):
    if round_:
        studio.status()
    child = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path / "store")], stdout=subprocess.PIPE, text=True
    )
    acknowledged = 0
    for line in child.stdout:
        if line.strip().isdigit():
            acknowledged = int(line)
        if acknowledged >= 700 * (round_ + 1):
            break
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    child.stdout.close()
    acknowledged = int(rest[-1]) if rest and rest[-1].isdigit() else acknowledged
    if round_ == 0:  # whoever opens the store notices; further on, whoever keeps house
        assert studio.find_trial("victim").state == "crashed"
    studio.housekeep()
    trial = studio.find_trial("victim")
    assert trial.state == "crashed"
    steps = trial.history("loss").steps.tolist()
    assert steps == list(range(len(steps)))
    assert len(steps) > acknowledged
    assert trial.metrics["loss"].count == len(steps)
    record = trial.record()
    assert record.started <= record.ended <= time.time()


def test_the_living_are_left_alone(studio):
    trial_id = start(studio.session, this_process(), heartbeat=1.0)
    assert mark_crashed(studio.session) == 0
    assert studio.find_trial(trial_id).state == "running"


def test_silence_on_another_machine_is_taken_for_death_until_it_speaks(studio):
    elsewhere = msgspec.structs.replace(this_process(), host="elsewhere")
    recent = start(studio.session, elsewhere, heartbeat=time.time())
    silent = start(studio.session, elsewhere, heartbeat=time.time() - liveness.SILENCE - 1)
    assert mark_crashed(studio.session) == 1
    assert studio.find_trial(recent).state == "running"
    assert studio.find_trial(silent).state == "crashed"
    studio.session.catalog.apply([Beat(trial_ids=(silent,), time=time.time())])
    assert studio.find_trial(silent).state == "running"


def test_a_trial_that_another_process_still_writes_lives(studio):
    dead = msgspec.structs.replace(this_process(), pid=2**22 + 1)
    trial_id = start(studio.session, dead, heartbeat=1.0)
    writer = studio.session.columns.writer(trial_id)
    writer.log({"loss": 1.0}, 0)
    assert mark_crashed(studio.session) == 0
    writer.close()
    assert mark_crashed(studio.session) == 1
    assert studio.find_trial(trial_id).metrics["loss"].count == 1
