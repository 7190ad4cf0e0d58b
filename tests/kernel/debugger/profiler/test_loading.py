"""How long data loaders are waited for."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.data.dataloader import _BaseDataLoaderIter

from labdeck.debugger.profiler.loading import LoaderWatch


def batches(count, workers=0):
    return DataLoader(TensorDataset(torch.zeros(count)), batch_size=1, num_workers=workers)


class Slow(Dataset):
    """Rows that come when they are let through."""

    def __init__(self, gate):
        self.gate = gate

    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.gate.wait(0.05)
        return torch.zeros(1)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def watch(heard):
    watch = LoaderWatch(lambda seconds, workers: heard.append((seconds, workers)))
    yield watch
    watch.stop()


def test_each_batch_is_heard_of(watch, heard):
    assert watch.start()
    assert len(list(batches(3))) == 3
    assert [workers for _, workers in heard] == [0, 0, 0]
    list(DataLoader(Slow(threading.Event())))
    assert sum(seconds for seconds, _ in heard[3:]) >= 0.1


@pytest.mark.slow
def test_processes_that_load_are_counted(watch, heard):
    watch.start()
    list(batches(4, workers=2))
    assert [workers for _, workers in heard] == [2, 2, 2, 2]


def test_other_threads_are_not_heard_of(watch, heard):
    watch.start()
    other = threading.Thread(target=lambda: list(batches(3)))
    other.start()
    other.join()
    assert not heard


def test_no_trace_is_left(heard):
    original = _BaseDataLoaderIter.__next__
    watches = [LoaderWatch(lambda *_: heard.append(1)) for _ in range(2)]
    for watch in watches:
        watch.start()
        watch.start()
    assert _BaseDataLoaderIter.__next__ is not original
    watches[0].stop()
    list(batches(1))
    assert heard == [1]
    watches[1].stop()
    watches[1].stop()
    assert _BaseDataLoaderIter.__next__ is original
    list(batches(1))
    assert heard == [1]


def test_a_loader_that_fails_fails_as_it_would(watch):
    class Broken(Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            raise ZeroDivisionError("no such row")

    watch.start()
    with pytest.raises(ZeroDivisionError, match="no such row"):
        list(DataLoader(Broken()))


def test_without_pytorch_nothing_is_touched():
    code = (
        "from labdeck.debugger.profiler.loading import LoaderWatch; import sys\n"
        "assert not LoaderWatch(print).start() and 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
