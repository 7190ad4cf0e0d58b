"""Rows are written at once and arrays soon: a slow or full disk costs what it must, and what is lost is counted."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from labdeck.debugger import writing
from labdeck.debugger.writing import Keeper
from labdeck.errors import StoreFull
from labdeck.store.ids import new_id
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout


def at(step):
    return Moment("TRAIN", step, step, float(step))


class Disk:
    """A real writer whose disk can be held up, or refuse."""

    def __init__(self, files, trial_id):
        self._writer = files.writer(trial_id)
        self.gate = threading.Event()
        self.gate.set()
        self.is_full = False
        self.row, self.recording, self.close = self._writer.row, self._writer.recording, self._writer.close

    def arrays(self, moment, blocks):
        assert self.gate.wait(30)
        if self.is_full:
            raise StoreFull("the tensors cannot be kept: the disk is full", "free some space and try again")
        self._writer.arrays(moment, blocks)


@pytest.fixture
def files(tmp_path):
    return TensorFiles(tmp_path / "tensors")


@pytest.fixture
def trial_id():
    return new_id()


@pytest.fixture
def lost():
    return []


@pytest.fixture
def disk(files, trial_id):
    return Disk(files, trial_id)


@pytest.fixture
def keeper(disk, lost, monkeypatch):
    monkeypatch.setattr(writing, "_SMALL", -1)
    keeper = Keeper(disk, lambda count, error: lost.append((count, error)))
    yield keeper
    disk.gate.set()
    keeper.close()


def test_arrays_are_what_they_were_when_they_were_given(keeper, files, trial_id, disk):
    disk.gate.clear()
    array = np.zeros(1000)
    for step in range(30):
        array[:] = step
        keeper.arrays(at(step), {"w": array, "odd" if step % 2 else "even": array[: step + 1]})
    array[:] = -1
    disk.gate.set()
    assert keeper.flush()
    reader = files.reader(trial_id)
    for step in range(30):
        assert set(reader.array("w", "TRAIN", step).tolist()) == {step}
        assert reader.array("odd" if step % 2 else "even", "TRAIN", step).tolist() == [step] * (step + 1)


def test_small_arrays_are_in_the_file_when_the_step_ends(keeper, files, trial_id, disk, lost, monkeypatch):
    monkeypatch.setattr(writing, "_SMALL", 1000)
    monkeypatch.setattr(writing, "_AT_ONCE", float("inf"))  # a crowded machine must not hand it to the thread
    strided = np.arange(20.0)[::2]
    for step in range(3):
        keeper.arrays(at(step), {"w": strided + step, "odd": np.asfortranarray(np.arange(6).reshape(2, 3))})
        assert files.reader(trial_id).array("w", "TRAIN", step).tolist() == (strided + step).tolist()
    assert files.reader(trial_id).array("odd", "TRAIN", 2).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert keeper._thread is None
    disk.is_full = True
    keeper.arrays(at(3), {"w": np.zeros(3), "v": np.zeros(3)})
    disk.is_full = False
    assert [count for count, _ in lost] == [2]
    keeper.arrays(at(4), {"w": np.array(["text"])})
    assert [count for count, _ in lost] == [2, 1]


def test_where_writing_at_once_takes_long_the_thread_does_it(keeper, files, trial_id, monkeypatch):
    monkeypatch.setattr(writing, "_SMALL", 1000)
    monkeypatch.setattr(writing, "_AT_ONCE", 0.0)
    monkeypatch.setattr(writing, "_HURRIED", 3)
    for step in range(8):
        keeper.arrays(at(step), {"w": np.full(3, step)})
        assert keeper.flush()
    assert keeper._thread is not None
    assert [files.reader(trial_id).array("w", "TRAIN", step)[0] for step in range(8)] == list(range(8))


def test_memory_is_used_again(keeper):
    for step in range(20):
        keeper.arrays(at(step), {"w": np.full(1000, float(step))})
        assert keeper.flush()
    (kept,) = keeper._shelf._sets
    before = kept["w"].array
    keeper.arrays(at(20), {"w": np.zeros(1000)})
    assert keeper.flush()
    assert keeper._shelf._sets[0]["w"].array is before


def test_a_step_waits_for_a_slow_disk_but_not_for_long(keeper, files, trial_id, disk, lost, monkeypatch):
    monkeypatch.setattr(writing, "WAITING", 20_000)
    monkeypatch.setattr(writing, "PATIENCE", 0.05)
    disk.gate.clear()
    for step in range(5):
        keeper.arrays(at(step), {"w": np.zeros(1000), "v": np.zeros(10)})
    assert lost == [(2, None)] * 3, "two steps fit, the others were given up"
    disk.gate.set()
    assert keeper.flush()
    keeper.arrays(at(5), {"w": np.zeros(100_000)})
    assert keeper.flush(), "what is larger than all room goes alone"
    assert [moment.step for moment in files.reader(trial_id).array_moments()] == [0, 1, 5]


def test_what_waits_is_written_when_there_is_room_again(keeper, files, trial_id, disk, lost, monkeypatch):
    monkeypatch.setattr(writing, "WAITING", 20_000)
    monkeypatch.setattr(writing, "PATIENCE", 30.0)
    disk.gate.clear()
    feeder = threading.Thread(target=lambda: [keeper.arrays(at(step), {"w": np.zeros(1000)}) for step in range(20)])
    feeder.start()
    while keeper._bytes < 16_000:
        feeder.join(0.01)
    assert feeder.is_alive()
    disk.gate.set()
    feeder.join(30)
    assert keeper.flush()
    assert lost == []
    assert len(files.reader(trial_id).array_moments()) == 20


def test_what_a_full_disk_refuses_is_counted_and_later_steps_are_kept(keeper, files, trial_id, disk, lost):
    keeper.arrays(at(0), {"w": np.zeros(3)})
    assert keeper.flush()
    disk.is_full = True
    keeper.arrays(at(1), {"w": np.zeros(3), "v": np.zeros(3)})
    assert keeper.flush()
    disk.is_full = False
    keeper.arrays(at(2), {"w": np.zeros(3)})
    assert keeper.flush()
    assert [(count, type(error)) for count, error in lost] == [(2, StoreFull)]
    assert [moment.step for moment in files.reader(trial_id).array_moments()] == [0, 2]


def test_what_cannot_be_kept_is_counted(keeper, lost):
    keeper.arrays(at(0), {"w": np.array(["text"])})
    keeper.arrays(at(0), {})
    assert [count for count, _ in lost] == [1]


def test_closing_waits_for_the_disk_for_a_bounded_time_and_counts_what_is_left(keeper, disk, lost, files, trial_id):
    layout = make_layout([(TensorInfo("w"), ("mean",))])
    assert keeper.row(layout, at(0), np.zeros(1))
    disk.gate.clear()
    for step in range(3):
        keeper.arrays(at(step), {"w": np.zeros(3)})
    keeper.close(timeout=0.05)
    assert sum(count for count, _ in lost) == 2
    disk.gate.set()
    keeper.arrays(at(9), {"w": np.zeros(3)})
    assert len(files.reader(trial_id).series("w", "mean")) == 1
