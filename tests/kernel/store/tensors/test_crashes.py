"""SIGKILL, several processes, forks: what was written is there, and nothing else."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest

from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

WRITING = """
import os, sys
from pathlib import Path
import numpy as np
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
writer = TensorFiles(Path(sys.argv[1])).writer(sys.argv[2])
layouts = [make_layout([(TensorInfo(f"t{n}"), ("mean", "l2")) for n in range(width)]) for width in (3, 40)]
step = 0
while True:
    layout = layouts[step % 7 == 0]
    moment = Moment("TRAIN", step, step, float(step))
    writer.row(layout, moment, np.full(layout.width, float(step)))
    if step % 5 == 0:
        writer.arrays(moment, {"w": to_block(np.full(30_000, step)), "b": to_block(np.full(3, step))})
    if step % 50 == 0:
        writer.recording(new_id(), [(moment, {"w": to_block(np.full(1000, step))})] * 3)
    step += 1
    os.write(1, step.to_bytes(8, "little"))
"""


@pytest.fixture
def files(tmp_path):
    return TensorFiles(tmp_path / "tensors")


def start(files, trial_id, script=WRITING):
    command = [sys.executable, "-c", script, str(files._folder), trial_id]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)


def check_steps(files, trial_id, acknowledged):
    """Hold what is there to be all that was acknowledged, at most one step more, and nothing torn."""
    reader = files.reader(trial_id)
    found = reader.series("t2", "l2").values.tolist()
    assert found == [float(step) for step in range(len(found))]
    assert acknowledged <= len(found) <= acknowledged + 1
    kept = [moment.step for moment in reader.array_moments("w")]
    assert kept == list(range(0, len(kept) * 5, 5))
    assert len(kept) >= (acknowledged + 4) // 5
    for step in kept[-3:]:
        assert set(reader.array("w", "TRAIN", step).tolist()) == {step}
        assert reader.array("b", "TRAIN", step).tolist() == [step] * 3
    for recording in files.recordings(trial_id):
        assert len(files.recording(trial_id, recording).array_moments()) == 3
    assert [defect for defect in files.check(trial_id) if defect.severity == "error"] == []


@pytest.mark.slow
def test_sigkill_loses_nothing_that_was_written(tmp_path_factory):
    chance = random.Random(5)
    for _ in range(6):
        files, trial_id = TensorFiles(tmp_path_factory.mktemp("tensors")), new_id()
        child = start(files, trial_id)
        said = b"".join(child.stdout.read(8) for _ in range(chance.choice([1, 3, 60, 700])))
        child.kill()
        said += child.stdout.read()
        child.wait()
        child.stdout.close()
        child.stdin.close()
        acknowledged = int.from_bytes(said[len(said) // 8 * 8 - 8 : len(said) // 8 * 8], "little")
        check_steps(files, trial_id, acknowledged)
        # a training that goes on writes files of its own
        writer = files.writer(trial_id)
        layout = make_layout([(TensorInfo("t2"), ("l2",))])
        writer.row(layout, Moment("TRAIN", 10**6, 10**6, 1e9), np.array([-1.0]))
        writer.close()
        assert files.reader(trial_id).series("t2", "l2").values[-1] == -1.0


@pytest.mark.slow
def test_a_reader_beside_the_writer_never_sees_half_a_step(files):
    trial_id = new_id()
    child = start(files, trial_id)
    child.stdout.read(8)
    reader, seen = files.reader(trial_id), 0
    while seen < 800:
        reader.refresh()
        values = reader.series("t2", "l2").values
        assert values.tolist() == [float(step) for step in range(len(values))]
        assert len(values) >= seen
        seen = len(values)
        for step in [moment.step for moment in reader.array_moments("w")][-2:]:
            assert set(reader.array("w", "TRAIN", step).tolist()) == {step}
        child.stdout.read(8)
    child.kill()
    child.communicate()


@pytest.mark.slow
def test_two_processes_write_the_same_trial(files):
    trial_id = new_id()
    script = WRITING.replace("while True", "while step < 200")
    children = [start(files, trial_id, script) for _ in range(2)]
    assert [child.communicate(timeout=60) and child.returncode for child in children] == [0, 0]
    reader = files.reader(trial_id)
    assert sorted(reader.series("t2", "l2").values.tolist()) == [float(step // 2) for step in range(400)]
    assert len(reader.array_moments("w")) == 80
    assert len(list((files._folder / trial_id).iterdir())) == 4 + 8
    assert files.check(trial_id) == ()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_writes_files_of_its_own(files):
    trial_id, layout = new_id(), make_layout([(TensorInfo("w"), ("mean",))])
    writer = files.writer(trial_id)
    writer.row(layout, Moment("TRAIN", 0, 0, 0.0), np.array([0.0]))
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            own = files.writer(trial_id)
            own.row(layout, Moment("TRAIN", 1, 1, 1.0), np.array([1.0]))
            own.arrays(Moment("TRAIN", 1, 1, 1.0), {"w": to_block(np.ones(3))})
            own.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    writer.row(layout, Moment("TRAIN", 2, 2, 2.0), np.array([2.0]))
    writer.close()
    reader = files.reader(trial_id)
    assert reader.series("w", "mean").values.tolist() == [0.0, 1.0, 2.0]
    assert reader.array("w", "TRAIN", 1).tolist() == [1.0] * 3
    assert files.check(trial_id) == ()
