"""A full disk: a step is there or not, never half of it, and when there is space again it goes on."""

from __future__ import annotations

import json
import sys

import pytest
from tests.kernel.store.columns.test_full_disk import in_own_mount

TINY_DISK = """
import json, sys
from pathlib import Path
import numpy as np
from labdeck.errors import StoreFull
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout
root, trial_id = Path(sys.argv[1]), new_id()
files = TensorFiles(root / "tensors")
ballast = root / "ballast"
ballast.write_bytes(bytes(400_000))
writer, layout = files.writer(trial_id), make_layout([(TensorInfo(f"t{n}"), ("mean",)) for n in range(50)])
kept, whole, refused = [], [], 0
def write(step):
    global refused
    moment = Moment("TRAIN", step, step, float(step))
    try:
        writer.row(layout, moment, np.full(50, float(step)))
        kept.append(step)
    except StoreFull:
        refused += 1
    if step % 10 == 0:
        try:
            writer.arrays(moment, {"w": to_block(np.full(2500, step)), "v": to_block(np.full(100, step))})
            whole.append(step)
        except StoreFull:
            refused += 1
for step in range(4000):
    write(step)
full = refused
try:
    writer.recording(new_id(), [(Moment("TRAIN", 0, 0, 0.0), {"w": to_block(np.zeros(100_000))})])
    recorded = "kept"
except StoreFull:
    recorded = "refused"
names = sorted(path.suffix for path in (root / "tensors" / trial_id).iterdir())
ballast.unlink()
for step in range(4000, 4100):
    write(step)
after = refused - full
late = make_layout([(TensorInfo("late"), ("mean",))])
writer.row(late, Moment("TRAIN", 5000, 5000, 5000.0), np.array([1.0]))
writer.close()
reader = files.reader(trial_id)
same = reader.series("t49", "mean").values.tolist() == kept
arrays = [moment.step for moment in reader.array_moments("w")] == whole
intact = all(set(reader.array("w", "TRAIN", step).tolist()) == {step} for step in whole)
print(json.dumps({
    "full": full, "after": after, "same": same, "arrays": arrays, "intact": intact, "recorded": recorded,
    "names": names, "late": reader.series("late", "mean").values.tolist(), "kept": len(kept),
    "defects": [defect.message for defect in files.check(trial_id)],
}))
"""


@pytest.mark.slow
def test_on_a_full_disk_steps_are_whole_or_not_there(tmp_path):
    script = 'mount -t tmpfs -o size=1500k tmpfs "$1" && "$2" -c "$3" "$1"'
    seen = json.loads(in_own_mount(script, tmp_path, sys.executable, TINY_DISK))
    assert seen["full"] > 100
    assert seen["kept"] > 100
    assert seen["after"] == 0, "it goes on when there is space again"
    assert seen["same"], "rows that were acknowledged, and no others"
    assert seen["arrays"]
    assert seen["intact"]
    assert seen["late"] == [1.0]
    assert seen["recorded"] == "refused"
    assert seen["names"] == [".arrays", ".rows"], "a recording that does not fit leaves nothing behind"
    assert seen["defects"] == []
