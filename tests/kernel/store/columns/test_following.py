"""Following a trial while it is written: every point once, whatever the reader's moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from labdeck.store.columns.files import FileColumns
from labdeck.store.columns.segment import HEADER_SIZE, RECORD_SIZE
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.testing.columns_contract import LOSS, points, writing

NAMES = [f"m{number}" for number in range(10)]

DENSE = """
import sys
from pathlib import Path
from labdeck.store.columns.files import FileColumns
writer = FileColumns(Path(sys.argv[1])).writer(sys.argv[2])
names = [f"m{number}" for number in range(10)]
for step in range(int(sys.argv[3])):
    writer.log(dict.fromkeys(names, step + 0.5), step + 1)
writer.close()
"""


@pytest.fixture
def columns(tmp_path):
    return FileColumns(tmp_path / "columns")


@pytest.fixture
def trial_id():
    return new_id()


def segment(columns, trial_id):
    [path] = (columns._folder / trial_id).glob("*.seg")
    return path


@pytest.mark.parametrize("count", [50_000])
def test_a_writer_at_full_speed_is_followed_point_by_point(columns, trial_id, count):
    follower = columns.follow(trial_id)
    reached = Counter()
    with subprocess.Popen([sys.executable, "-c", DENSE, str(columns._folder), trial_id, str(count)]) as child:
        while True:
            ended = child.poll() is not None
            for key, series in follower.read().items():
                first = reached[key.name]
                expected = np.arange(first, first + len(series))
                assert np.array_equal(series.steps, expected + 1)
                assert np.array_equal(series.values, expected + 0.5)
                assert series.times.min() > 0
                reached[key.name] += len(series)
            if ended:
                break
    assert child.returncode == 0
    assert reached == dict.fromkeys(NAMES, count)
    assert not follower.unsure()


@pytest.mark.parametrize("count", [50_000])
def test_a_reader_of_a_trial_at_full_speed_sees_no_holes(columns, trial_id, count):
    key = SeriesKey("", "m9")
    with subprocess.Popen([sys.executable, "-c", DENSE, str(columns._folder), trial_id, str(count)]) as child:
        while child.poll() is None:
            series = columns.series(trial_id, key)
            expected = np.arange(len(series))
            assert np.array_equal(series.steps, expected + 1)
            assert np.array_equal(series.values, expected + 0.5)
    assert len(columns.series(trial_id, key)) == count


def test_a_hole_is_waited_for_once_and_then_left_behind(columns, trial_id):
    follower = columns.follow(trial_id)
    with writing(columns, trial_id) as writer:
        for step in range(10):
            writer.log({"loss": float(step)}, step)
        path = segment(columns, trial_id)
        with path.open("r+b") as file:
            file.seek(HEADER_SIZE + 4 * RECORD_SIZE)
            kept = file.read(RECORD_SIZE)
            os.pwrite(file.fileno(), bytes(RECORD_SIZE), HEADER_SIZE + 4 * RECORD_SIZE)
            assert follower.read()[LOSS].steps.tolist() == [0, 1, 2, 3]
            os.pwrite(file.fileno(), kept, HEADER_SIZE + 4 * RECORD_SIZE)
            assert follower.read()[LOSS].steps.tolist() == [4, 5, 6, 7, 8, 9]
            assert not follower.unsure()
            for step in range(10, 13):
                writer.log({"loss": float(step)}, step)
            os.pwrite(file.fileno(), bytes(RECORD_SIZE), HEADER_SIZE + 11 * RECORD_SIZE)
        assert follower.read()[LOSS].steps.tolist() == [10]
        assert follower.read()[LOSS].steps.tolist() == [12]
        assert follower.read() == {}
        assert follower.unsure()


def test_what_lies_behind_a_long_hole_is_doubted(columns, trial_id):
    with writing(columns, trial_id) as writer:
        for step in range(5000):
            writer.log({"loss": float(step)}, step)
    with segment(columns, trial_id).open("r+b") as file:
        os.pwrite(file.fileno(), bytes(3000 * RECORD_SIZE), HEADER_SIZE + 1000 * RECORD_SIZE)
    follower = columns.follow(trial_id)
    assert points(follower.read()[LOSS])[-1] == (999, 999.0)
    assert follower.unsure()


def test_a_segment_that_cannot_be_read_now_is_read_later(columns, trial_id):
    follower = columns.follow(trial_id)
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 0.0}, 0)
    first = segment(columns, trial_id)
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 1.0}, 1)
    [second] = set(first.parent.glob("*.seg")) - {first}
    names = second.with_suffix(".names")
    hidden = names.rename(names.with_suffix(".hidden"))
    names.mkdir()
    assert follower.read()[LOSS].values.tolist() == [0.0]
    names.rmdir()
    hidden.rename(names)
    assert follower.read()[LOSS].values.tolist() == [1.0]


def test_a_segment_that_is_read_to_its_end_is_not_opened_again(columns, trial_id, monkeypatch):
    follower = columns.follow(trial_id)
    opened = []
    really_open = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *rest, **more: opened.append(path) or really_open(path, *rest, **more)
    )
    with writing(columns, trial_id) as writer:
        writer.log({"loss": 0.5}, 0)
        assert points(follower.read()[LOSS]) == [(0, 0.5)]
    path = segment(columns, trial_id)
    assert path in opened
    opened.clear()
    assert follower.read() == {}
    assert opened == []
