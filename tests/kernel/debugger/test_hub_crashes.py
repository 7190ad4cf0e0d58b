"""A process that is killed and a disk that is full: the training's facts survive, the training itself goes on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.kernel.store.columns.test_full_disk import in_own_mount

import labdeck

KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
import labdeck
from tests.kernel.debugger.feeding import feed, make
from tests.kernel.debugger.test_hub import LossAbove
trial = labdeck.open(sys.argv[1]).experiment("digits").trial("killed").start()
hub = make(trial, rules=[LossAbove(limit=1.0)], save={"weights": {"reductions": ["mean"], "arrays": True}}, flight=3)
os.write(1, trial.id.encode())
step = 0
while True:
    feed(hub, loss=5.0 if step == 20 else 0.5)
    step += 1
    os.write(1, step.to_bytes(8, "little"))
"""

FULL = """
import json, sys, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import numpy as np
import labdeck
from tests.kernel.debugger.feeding import arrays_at, feed, make
from tests.kernel.debugger.test_hub import LossAbove
root = Path(sys.argv[1])
studio = labdeck.open(str(root / "store"))
trial = studio.experiment("digits").trial("full").start()
studio.session.flush()
save = {"weights": {"reductions": ["histogram"], "arrays": True}}
hub = make(trial, rules=[LossAbove(limit=1.0)], save=save, flight=3)
big = np.zeros(20_000)
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    for step in range(600):
        if step == 500:
            (root / "ballast").unlink()
        feed(hub, loss=5.0 if step == 550 else 0.5, arrays={**arrays_at(step), "fc.weight": big})
        if step % 50 == 0:
            hub._tape._keeper.flush()
    hub.close()
    trial.finish()
record = hub.watch_record()
reader = studio.session.tensors.reader(trial.id)
steps = reader.series("loss", "value").steps.tolist()
print(json.dumps({
    "steps": hub.steps["TRAIN"], "kept": len(steps), "last": steps[-60:], "dropped": record.dropped,
    "state": record.state, "warnings": [str(one.message) for one in heard],
    "findings": studio.session.catalog.findings(trial_id=trial.id).total,
    "incomplete": studio.session.catalog.trial(trial.id).incomplete,
    "defects": [defect.message for defect in studio.session.tensors.check(trial.id) if defect.severity == "error"],
}))
"""


@pytest.mark.slow
def test_sigkill_loses_no_row_and_no_finding(tmp_path, pytestconfig):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), str(pytestconfig.rootpath)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    trial_id = child.stdout.read(32).decode()
    said = b"".join(child.stdout.read(8) for _ in range(40))
    child.kill()
    said += child.stdout.read()
    child.wait()
    child.stdout.close()
    acknowledged = int.from_bytes(said[len(said) // 8 * 8 - 8 : len(said) // 8 * 8], "little")
    session = labdeck.open(str(tmp_path / "store")).session
    losses = session.tensors.reader(trial_id).series("loss", "value")
    assert losses.steps.tolist() == list(range(len(losses)))
    assert acknowledged <= len(losses) <= acknowledged + 1
    session.adopt_outboxes()
    (finding,) = session.catalog.findings(trial_id=trial_id).findings
    assert (finding.step, finding.value) == (20, 5.0)
    errors = [defect for defect in session.tensors.check(trial_id) if defect.severity == "error"]
    assert errors == []


@pytest.mark.slow
def test_on_a_full_disk_the_training_goes_on_and_what_is_lost_is_counted(tmp_path, pytestconfig):
    fill = 'head -c 9000000 /dev/zero > "$1/ballast"'
    script = f'mount -t tmpfs -o size=12m tmpfs "$1" && {fill} && "$2" -c "$3" "$1" "$4"'
    seen = json.loads(in_own_mount(script, tmp_path, sys.executable, FULL, pytestconfig.rootpath).splitlines()[-1])
    assert seen["steps"] == 600, "the training went on"
    assert seen["state"] == "off", "the debugger, too"
    assert seen["dropped"] > 0
    assert seen["kept"] < 600
    assert len(seen["last"]) == 60, "it is recorded again when there is space"
    assert seen["findings"] == 1
    assert "disk is full" in seen["incomplete"]
    assert ["disk is full" in text for text in seen["warnings"]].count(True) >= 1
    assert seen["defects"] == []
