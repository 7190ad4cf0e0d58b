"""Tensors: every type and layout comes back as it was, written at once or in the background."""

from __future__ import annotations

import os
import resource
import stat
import threading
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from labdeck.errors import InvalidName, NotFound, StoreFull, TrialClosed, UsageError
from labdeck.store import tensors as module
from labdeck.store.ids import new_id
from labdeck.store.tensors import TensorFiles, TensorWriter
from labdeck.testing.catalog_contract import HOSTILE_NAMES


@pytest.fixture
def files(tmp_path):
    return TensorFiles(tmp_path / "tensors")


@pytest.fixture
def trial_id():
    return new_id()


dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    hnp.complex_number_dtypes(sizes=(64,), endianness="?"),
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0, max_side=5))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "b.weight", "ключ/../<x>"]), arrays, min_size=1))
def test_numpy_arrays_come_back_bit_by_bit(tmp_path_factory, given_arrays):
    files, trial_id = TensorFiles(tmp_path_factory.mktemp("tensors")), new_id()
    files.write(trial_id, 0, given_arrays)
    assert files.names(trial_id, 0) == tuple(sorted(given_arrays))
    for name, array in given_arrays.items():
        found = files.read(trial_id, name, 0)
        assert found.dtype == array.dtype.newbyteorder("=")
        assert found.shape == array.shape
        assert found.tobytes() == array.astype(found.dtype).tobytes()


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int64, torch.bool]
)
def test_torch_tensors_come_back(files, trial_id, dtype):
    base = torch.arange(-12, 12).reshape(2, 3, 4)
    made = {
        "plain": base.to(dtype),
        "transposed": base.to(dtype).permute(2, 0, 1),
        "strided": base.to(dtype)[:, ::2, 1::2],
        "empty": torch.zeros(0, 3, dtype=dtype),
        "scalar": torch.tensor(1, dtype=dtype),
    }
    if dtype.is_floating_point:
        made["extremes"] = torch.tensor([float("nan"), float("inf"), -float("inf"), 1e-40, -0.0], dtype=dtype)
        made["grad"] = torch.ones(2, dtype=dtype, requires_grad=True)
    files.write(trial_id, 0, made)
    for name, tensor in made.items():
        found = files.read(trial_id, name, 0)
        expected = tensor.detach().float() if dtype == torch.bfloat16 else tensor.detach()
        assert found.dtype == expected.numpy().dtype
        assert found.shape == tuple(tensor.shape)
        np.testing.assert_array_equal(found, expected.numpy())
        assert np.signbit(found).tolist() == torch.signbit(expected).tolist()


def test_layouts_that_are_not_row_by_row(files, trial_id):
    base = np.arange(24.0).reshape(4, 6)
    made = {"fortran": np.asfortranarray(base), "reversed": base[::-1, ::-2], "one": np.broadcast_to(1.0, (3, 2))}
    files.write(trial_id, 0, made)
    for name, array in made.items():
        np.testing.assert_array_equal(files.read(trial_id, name, 0), array)


def test_steps_and_components_are_kept_apart(files, trial_id):
    for step in (10, 2, -3, 2**62):
        files.write(trial_id, step, {"w": np.array([step])})
    files.write(trial_id, 2, {"w": np.array([7])}, "train/../x")
    assert files.steps(trial_id) == (-3, 2, 10, 2**62)
    assert files.steps(trial_id, "train/../x") == (2,)
    assert files.steps(trial_id, "other") == files.steps(new_id()) == ()
    assert files.read(trial_id, "w", 2).tolist() == [2]
    assert files.read(trial_id, "w", 2, "train/../x").tolist() == [7]
    assert files.trial_ids() == {trial_id}
    files.remove([trial_id, new_id(), "../x"])
    assert files.trial_ids() == frozenset()


def test_a_later_batch_of_a_step_adds_and_replaces(files, trial_id):
    files.write(trial_id, 1, {"a": np.array([1]), "b": np.array([1])})
    for value in range(2, 20):
        files.write(trial_id, 1, {"b": np.array([value]), "c": np.array([value])})
        assert files.names(trial_id, 1) == ("a", "b", "c")
        assert [files.read(trial_id, name, 1).tolist() for name in "abc"] == [[1], [value], [value]]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_names_are_data(files, trial_id, name):
    files.write(trial_id, 0, {name: np.ones(1)}, name)
    assert files.names(trial_id, 0, name) == (name,)
    assert files.read(trial_id, name, 0, name).tolist() == [1.0]
    assert len(list(files._folder.rglob("*"))) == 2


def test_what_cannot_be_kept_is_refused_whole(files, trial_id):
    for bad in (object(), "text", np.array(["text"]), np.zeros(1, complex), np.datetime64("2026-01-01")):
        with pytest.raises(UsageError):
            files.write(trial_id, 0, {"good": np.ones(1), "bad": bad})
    for name in ("", "__metadata__", "a\0b"):
        with pytest.raises(InvalidName):
            files.write(trial_id, 0, {name: np.ones(1)})
    with pytest.raises(NotFound):
        files.write("../x", 0, {"a": np.ones(1)})
    assert files.steps(trial_id) == ()
    with pytest.raises(NotFound):
        files.read(trial_id, "good", 0)


def test_other_tools_read_the_files_and_they_are_private(files, trial_id):
    files.write(trial_id, 5, {"w": np.arange(3)})
    (path,) = (files._folder / trial_id).iterdir()
    assert load_file(path)["w"].tolist() == [0, 1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name.startswith("5.")


def test_one_tensor_is_read_without_the_others(files, trial_id):
    """A process that may hold far less than the file still reads one tensor of it."""
    files.write(trial_id, 0, {"big": np.zeros(64 << 20, np.uint8), "small": torch.arange(4).to(torch.bfloat16)})
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()  # noqa: PTH123, SIM115
            resource.setrlimit(resource.RLIMIT_DATA, (used + (32 << 20), used + (32 << 20)))
            os.write(writer, repr(files.read(trial_id, "small", 0).tolist()).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"[0.0, 1.0, 2.0, 3.0]"


def test_damage_is_named_and_the_other_steps_are_read(files, trial_id):
    files.write(trial_id, 0, {"w": np.arange(100)})
    files.write(trial_id, 1, {"w": np.arange(100)})
    assert files.check(trial_id) == ()
    path = next(path for path in (files._folder / trial_id).iterdir() if path.name.startswith("0."))
    path.write_bytes(path.read_bytes()[:-5])
    (defect,) = files.check(trial_id)
    assert (defect.severity, defect.path) == ("error", f"tensors/{trial_id}/{path.name}")
    with pytest.raises(NotFound):
        files.read(trial_id, "w", 0)
    assert files.read(trial_id, "w", 1).tolist() == list(range(100))


def test_the_background_writer_keeps_what_it_was_given_not_what_it_became(files, trial_id):
    writer = TensorWriter(files, trial_id)
    array, tensor = np.zeros(1000), torch.zeros(1000)
    for step in range(50):
        array[:] = step
        tensor.fill_(step)
        writer.put(step, {"array": array, "tensor": tensor})
    array[:] = -1
    tensor.fill_(-1)
    writer.flush()
    assert files.steps(trial_id) == tuple(range(50))
    writer.close()
    writer.close()
    for step in range(50):
        for name in ("array", "tensor"):
            assert set(files.read(trial_id, name, step).tolist()) == {step}
    with pytest.raises(TrialClosed):
        writer.put(50, {"array": array})
    assert writer.dropped == 0


def test_putting_waits_when_the_disk_is_slow(files, trial_id, monkeypatch):
    gate, most = threading.Event(), []
    write = TensorFiles.write_copied

    def slow(self, *arguments):
        gate.wait(30)
        most.append(writer._queue.qsize())
        write(self, *arguments)

    monkeypatch.setattr(TensorFiles, "write_copied", slow)
    writer = TensorWriter(files, trial_id, waiting=3)
    feeder = threading.Thread(target=lambda: [writer.put(step, {"w": np.ones(1)}) for step in range(20)])
    feeder.start()
    while not writer._queue.full():
        feeder.join(0.01)
    assert feeder.is_alive()
    gate.set()
    feeder.join()
    writer.close()
    assert max(most) <= 3
    assert files.steps(trial_id) == tuple(range(20))


def test_what_the_disk_refuses_is_dropped_counted_and_said_once(files, trial_id, monkeypatch):
    def refuse(*_, **__):
        raise module.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    writer = TensorWriter(files, trial_id)
    writer.put(0, {"w": np.ones(1)})
    writer.flush()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with monkeypatch.context() as patch:
            patch.setattr(module, "serialize_file", refuse)
            with pytest.raises(StoreFull):
                files.write(trial_id, 9, {"w": np.ones(1)})
            writer.put(1, {"w": np.ones(1), "v": np.ones(1)})
            writer.put(2, {"w": np.ones(1)})
            writer.flush()
    writer.put(3, {"w": np.ones(1)})
    writer.close()
    assert writer.dropped == 3
    assert [str(one.message).partition(";")[2] for one in heard] == [" training goes on, tensors are dropped"]
    assert files.steps(trial_id) == (0, 3)
    assert files.check(trial_id) == ()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_writes_without_the_thread(files, trial_id):
    writer = TensorWriter(files, trial_id)
    writer.put(0, {"w": np.ones(1)})
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            writer.put(1, {"w": np.ones(1)})
            writer.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    writer.close()
    assert files.steps(trial_id) == (0, 1)
