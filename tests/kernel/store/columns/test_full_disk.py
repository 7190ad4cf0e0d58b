"""A full disk drops and counts points, warns once, and never stops the training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from itertools import pairwise

import pytest

from labdeck.errors import StoreFull
from labdeck.store.columns import segment, writer
from labdeck.store.columns.files import FileColumns
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import LOSS, points, writing

TINY_DISK = """
import json, os, sys, time, warnings
from pathlib import Path
from labdeck.store.columns import writer as writing
from labdeck.store.columns.files import FileColumns
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
writing.RETRY = 0.0
root, trial_id = Path(sys.argv[1]), new_id()
columns = FileColumns(root / "columns")
ballast = root / "ballast"
ballast.write_bytes(bytes(300_000))
writer = columns.writer(trial_id)
kept = []
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    def log(step):
        before = writer.dropped
        writer.log({"loss": step / 2, "acc": -step / 2}, step)
        if writer.dropped == before:
            kept.append(step)
    for step in range(40_000):
        log(step)
    full = writer.dropped
    ballast.unlink()
    for step in range(40_000, 44_000):
        log(step)
    after = writer.dropped - full
    for step in range(44_000, 90_000):
        log(step)
    writer.log({"a new name " * 1000: 1.0}, 0)
writer.close()
series = columns.all_series(trial_id)
same = all(
    series[SeriesKey("", name)].steps.tolist() == kept
    and series[SeriesKey("", name)].values.tolist() == [sign * step / 2 for step in kept]
    for name, sign in (("loss", 1), ("acc", -1))
)
error = ""
try:
    columns.compact(trial_id)
except Exception as problem:
    error = type(problem).__name__
defects = [defect.message for defect in columns.check(trial_id)]
names = sorted(path.suffix for path in (root / "columns" / trial_id).iterdir())
still = columns.series(trial_id, SeriesKey("", "loss")).steps.tolist() == kept
print(json.dumps({
    "kept": len(kept), "full": full, "after": after, "dropped": writer.dropped, "same": same, "still": still,
    "warnings": [str(one.message) for one in heard], "error": error, "defects": defects, "names": names,
}))
"""


def in_own_mount(script, *arguments):
    """Run a shell script where it may mount; the mounts end with it."""
    command = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    done = subprocess.run(
        [*command, "sh", "-ec", script, "sh", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_on_a_full_disk_training_goes_on(tmp_path):
    script = 'mount -t tmpfs -o size=1500k tmpfs "$1" && "$2" -c "$3" "$1"'
    seen = json.loads(in_own_mount(script, tmp_path, sys.executable, TINY_DISK))
    assert seen["same"], "what was acknowledged is there, whatever was dropped in between"
    assert seen["full"] > 0
    assert seen["after"] == 0, "points are kept again when there is space"
    assert seen["dropped"] == 2 * (90_000 - seen["kept"]) + 1
    assert len(seen["warnings"]) == 1
    assert "dropped" in seen["warnings"][0]
    assert seen["still"]
    assert seen["defects"] == []
    assert seen["error"] in {"", "StoreFull"}
    if seen["error"]:
        assert ".tmp" not in seen["names"], "a failed packing leaves nothing behind"


FILE_LIMIT = """
import json, resource, sys, warnings
from pathlib import Path
from labdeck.store.columns.files import FileColumns
from labdeck.store.ids import new_id
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
columns, trial_id = FileColumns(Path(sys.argv[1])), new_id()
writer = columns.writer(trial_id)
warnings.simplefilter("error")
for step in range(20_000):
    writer.log({"loss": float(step)}, step)
writer.close()
values = columns.all_series(trial_id)
print(json.dumps([writer.dropped, [series.values.tolist() for series in values.values()]]))
"""


def test_a_limit_of_file_size_neither_kills_nor_raises(tmp_path):
    command = [sys.executable, "-c", FILE_LIMIT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    dropped, [values] = json.loads(done.stdout)
    assert values == [float(step) for step in range(len(values))]
    assert len(values) + dropped == 20_000
    assert len(values) * 32 + 64 > 200_000 - 4096 - 32, "the file is filled to its last page"


@pytest.fixture
def columns(tmp_path):
    return FileColumns(tmp_path / "columns")


@pytest.fixture
def trial_id():
    return new_id()


@pytest.mark.parametrize("refused", ["posix_fallocate", "open", "pwrite"])
def test_whatever_the_disk_refuses_nothing_raises_and_later_points_are_kept(
    columns, trial_id, monkeypatch, caplog, refused
):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "RETRY", 0.0)
    with writing(columns, trial_id) as log:
        with monkeypatch.context() as patch:
            patch.setattr(os, refused, refuse)
            with pytest.warns(UserWarning, match="points cannot be kept"):
                log.log({"loss": 1.0}, 0)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                log.log({"loss": 2.0, "acc": 1.0}, 1)
        assert log.dropped == 3
        assert caplog.records == [], "the warning is enough"
        log.log({"loss": 3.0, "acc": 3.0}, 2)
    assert points(columns.series(trial_id, LOSS)) == [(2, 3.0)]
    assert points(columns.series(trial_id, SeriesKey("", "acc"))) == [(2, 3.0)]
    assert columns.check(trial_id) == ()


def test_without_fallocate_pages_are_claimed_by_writing(columns, trial_id, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate")
    with writing(columns, trial_id) as log:
        for step in range(10_000):
            log.log({"loss": float(step)}, step)
        (path,) = (columns._folder / trial_id).glob("*.seg")
        assert path.stat().st_blocks * 512 >= path.stat().st_size
    assert len(columns.series(trial_id, LOSS)) == 10_000


def test_a_file_grows_by_doubling_up_to_eight_mebibytes(tmp_path):
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    sizes, size = [], 0
    while size < 40 << 20:
        size = segment.grow(fd, size, 32)
        sizes.append(size)
    assert [size >> 16 for size in sizes[:9]] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert [second - first for first, second in pairwise(sizes[8:])] == [8 << 20] * (len(sizes) - 9)
    assert segment.grow(fd, size, 20 << 20) == size + (20 << 20)
    os.close(fd)


def test_packing_on_a_full_disk_says_so_and_changes_nothing(columns, trial_id, monkeypatch):
    with writing(columns, trial_id) as log:
        log.log({"loss": 1.0}, 0)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(StoreFull):
            columns.compact(trial_id)
    assert sorted(path.suffix for path in (columns._folder / trial_id).iterdir()) == [".names", ".seals", ".seg"]
    assert columns.compact(trial_id) is True
