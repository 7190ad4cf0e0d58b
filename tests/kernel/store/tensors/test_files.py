"""Tensors of trials: every row, type and layout comes back as it was, whoever wrote it, also while it is written."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labdeck.errors import NotFound, TrialClosed, UsageError
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import Block, can_keep, item_size, to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import MODES, Moment, pack
from labdeck.store.tensors.layout import TensorInfo, make_layout
from labdeck.store.tensors.notes import Note
from labdeck.testing.catalog_contract import HOSTILE_NAMES

REDUCTIONS = ("mean", "l2", "quantiles", "histogram", "nan_count")


@pytest.fixture
def files(tmp_path):
    return TensorFiles(tmp_path / "tensors")


@pytest.fixture
def trial_id():
    return new_id()


def at(step, mode="TRAIN", time=None):
    return Moment(mode, step, step, float(step) if time is None else time)


dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    hnp.complex_number_dtypes(sizes=(64,), endianness="?"),
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0, max_side=5))
names = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda name: name != "__metadata__")


@given(st.lists(st.dictionaries(names, arrays, min_size=1), min_size=1, max_size=4))
def test_arrays_come_back_bit_by_bit(tmp_path_factory, steps):
    files, trial_id = TensorFiles(tmp_path_factory.mktemp("tensors")), new_id()
    writer = files.writer(trial_id)
    for step, given_arrays in enumerate(steps):
        writer.arrays(at(step), {name: to_block(array) for name, array in given_arrays.items()})
    writer.close()
    reader = files.reader(trial_id)
    assert [moment.step for moment in reader.array_moments()] == list(range(len(steps)))
    for step, given_arrays in enumerate(steps):
        assert reader.array_names("TRAIN", step) == tuple(given_arrays)
        for name, array in given_arrays.items():
            found = reader.array(name, "TRAIN", step)
            assert found.dtype == array.dtype.newbyteorder("=")
            assert found.shape == array.shape
            assert found.tobytes() == array.astype(found.dtype).tobytes()
    assert files.check(trial_id) == ()


rows = st.lists(
    st.tuples(
        st.sampled_from(MODES),
        st.integers(-(2**63), 2**63 - 1),
        st.lists(st.tuples(st.sampled_from("abcdé"), st.sets(st.sampled_from(REDUCTIONS), max_size=3)), max_size=4),
        st.floats(-1e300, 1e300),
    ),
    max_size=12,
)


@given(rows, st.randoms(use_true_random=False))
def test_rows_of_changing_layouts_come_back_as_the_numbers_they_were(tmp_path_factory, given_rows, chance):
    """The oracle keeps a dict of all numbers by (tensor, reduction) in the order in which they were written."""
    files, trial_id = TensorFiles(tmp_path_factory.mktemp("tensors")), new_id()
    writers = [files.writer(trial_id), files.writer(trial_id)]
    layouts, expected, moments = {}, {}, []
    for number, (mode, step, wanted, value) in enumerate(given_rows):
        key = tuple((name, tuple(sorted(reductions))) for name, reductions in dict(wanted).items())
        layout = layouts.setdefault(key, make_layout([(TensorInfo(name), reductions) for name, reductions in key]))
        values = value + np.arange(layout.width, dtype=float)
        writers[chance.randrange(2)].row(layout, Moment(mode, step, number, float(number)), values)
        moments.append((mode, step, number))
        start = 0
        for name, reductions in key:
            for reduction in reductions:
                width = {"quantiles": 5, "histogram": 97}.get(reduction, 1)
                kept = values[start : start + width].tolist()
                expected.setdefault((name, reduction), []).append((mode, step, number, kept))
                start += width
    for writer in writers:
        writer.close()
    reader = files.reader(trial_id)
    assert [(moment.mode, moment.step, moment.global_step) for moment in reader.moments()] == moments
    assert [row.values.tobytes() for row in reader.rows()] == [
        (value + np.arange(row.layout.width, dtype=float)).tobytes()
        for row, (*_, value) in zip(reader.rows(), given_rows, strict=True)
    ]
    for (name, reduction), kept in expected.items():
        series = reader.series(name, reduction)
        found = zip(series.modes, series.steps.tolist(), series.global_steps.tolist(), series.values, strict=True)
        assert [(mode, step, total, np.atleast_1d(value).tolist()) for mode, step, total, value in found] == kept
        for mode in MODES:
            only = reader.series(name, reduction, mode)
            assert only.steps.tolist() == [step for its, step, _, _ in kept if its == mode]
    assert files.check(trial_id) == ()


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int64, torch.bool]
)
def test_tensors_of_torch_come_back(files, trial_id, dtype):
    from labdeck.debugger.copying import Shelf, blocks_of

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
    writer = files.writer(trial_id)
    writer.arrays(at(0), blocks_of(Shelf(1).copy(made)))
    reader = files.reader(trial_id)
    for name, tensor in made.items():
        found = reader.array(name, "TRAIN", 0)
        expected = tensor.detach().float() if dtype == torch.bfloat16 else tensor.detach()
        assert found.dtype == expected.numpy().dtype
        assert found.shape == tuple(tensor.shape)
        np.testing.assert_array_equal(found, expected.numpy())
        assert np.signbit(found).tolist() == torch.signbit(expected).tolist()
    writer.close()


def test_other_tools_read_what_stands_behind_a_frames_header(files, trial_id):
    from safetensors.numpy import load

    writer = files.writer(trial_id)
    writer.arrays(at(0), {"w": to_block(np.arange(6.0).reshape(2, 3)), "b": to_block(np.array(True))})
    writer.close()
    (path,) = (files._folder / trial_id).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load(path.read_bytes()[48:])
    assert loaded["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["b"].tolist() is True


def test_what_several_names_have_is_written_once(files, trial_id):
    from safetensors.numpy import load

    from labdeck.debugger.copying import Shelf, blocks_at, blocks_of

    base = torch.arange(4096, dtype=torch.float32)
    given_arrays = {"out": base, "in": base, "half": base[:2048], "turned": base.reshape(64, 64).T, "b": torch.ones(2)}
    writer = files.writer(trial_id)
    shelf = Shelf(1)
    for step in range(4):
        base.fill_(step)
        named = given_arrays if step != 2 else {**given_arrays, "in": base + 1}
        copies = shelf.copy(named)
        writer.arrays(at(step), blocks_of(copies))
        writer.arrays(at(step, "EVAL"), blocks_at(named))
        shelf.give_back(copies)
    writer.close()
    reader = files.reader(trial_id)
    for mode in ("TRAIN", "EVAL"):
        for step in range(4):
            assert set(reader.array_names(mode, step)) == set(given_arrays)
            assert set(reader.array("in", mode, step).tolist()) == {step + (step == 2)}
            for name in ("out", "half", "turned"):
                assert set(reader.array(name, mode, step).ravel().tolist()) == {step}
                assert reader.array(name, mode, step).shape == tuple(given_arrays[name].shape)
    assert files.check(trial_id) == ()
    (path,) = (files._folder / trial_id).iterdir()
    assert path.stat().st_size < 8 * 4 * (4096 + 2048 + 4096) + 2 * 4 * 4096 + 8 * 1000
    first = next(iter(reader._arrays.values())).frames[0]
    loaded = load(bytes(next(iter(reader._arrays.values())).payload(first)))
    assert sorted(loaded) == ["b", "half", "out", "turned"], "other readers see it under its first name"


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_names_are_data(files, trial_id, name):
    layout = make_layout([(TensorInfo(name, (name,), module=name), ("mean",))])
    writer = files.writer(trial_id)
    writer.row(layout, at(0), np.array([2.0]))
    writer.arrays(at(0), {name: to_block(np.ones(1))})
    writer.recording(new_id(), [(at(0), {name: to_block(np.ones(1))})])
    writer.close()
    reader = files.reader(trial_id)
    assert list(reader.tensors()) == [name]
    assert reader.tensors()[name] == layout.tensors[0]
    assert reader.reductions(name) == ("mean",)
    assert reader.series(name, "mean").values.tolist() == [2.0]
    assert reader.array_names("TRAIN", 0) == (name,)
    assert reader.array(name, "TRAIN", 0).tolist() == [1.0]
    assert len(list((files._folder / trial_id).iterdir())) == 3, "names make no files"
    assert not (files._folder.parent.parent / "x").exists()


def test_what_is_no_id_names_no_folder(files, trial_id):
    for bad in ("../x", "", ".", "x" * 32, trial_id.upper() + "/..", "/etc"):
        for call in (files.writer, files.reader, files.recordings, files.check):
            with pytest.raises(NotFound):
                call(bad)
    for bad in ("../x", new_id(), "", trial_id + ".rows"):
        with pytest.raises(NotFound):
            files.recording(trial_id, bad)
    files.remove(["../x", "", new_id()])
    assert files.trial_ids() == frozenset()


@pytest.mark.parametrize("bad", [object(), "text", np.array(["text"]), np.zeros(1, "c16"), np.datetime64("2026-01-01")])
def test_what_cannot_be_kept_is_refused(bad):
    with pytest.raises(UsageError):
        to_block(bad)


def test_the_name_that_safetensors_keeps_for_itself_is_refused_before_anything_is_written(files, trial_id):
    writer = files.writer(trial_id)
    with pytest.raises(UsageError):
        writer.arrays(at(0), {"good": to_block(np.ones(1)), "__metadata__": to_block(np.ones(1))})
    assert files.reader(trial_id).array_moments() == []
    assert files.trial_ids() == frozenset()


def test_the_types_that_can_be_kept_have_the_sizes_they_have():
    for name in ("float16", "float32", "float64", "int8", "uint64", "bool", "complex64"):
        assert can_keep(name)
        assert item_size(name) == np.dtype(name).itemsize
        assert Block(name, (3, 0, 2), b"").size == 0
        assert Block(name, (3, 2), b"").size == 6 * np.dtype(name).itemsize
    assert can_keep("bfloat16")
    assert item_size("bfloat16") == 2
    assert not can_keep("object")


def test_a_reader_sees_what_comes_while_it_is_open(files, trial_id):
    reader = files.reader(trial_id)
    assert not reader.refresh()
    assert len(reader.series("w", "mean")) == 0
    writer = files.writer(trial_id)
    layout = make_layout([(TensorInfo("w"), ("mean",))])
    wider = make_layout([(TensorInfo("w"), ("l2", "mean")), (TensorInfo("v"), ())])
    for step in range(6):
        writer.row(layout if step % 2 else wider, at(step), np.arange(1.0 if step % 2 else 2.0) + step)
        assert reader.refresh()
        assert not reader.refresh()
        expected = [float(each) if each % 2 else each + 1.0 for each in range(step + 1)]
        assert reader.series("w", "mean").values.tolist() == expected
        writer.arrays(at(step), {"w": to_block(np.full(3, step))})
        assert reader.refresh()
        assert reader.array("w", "TRAIN", step).tolist() == [step] * 3
    writer.close()
    assert list(reader.tensors()) == ["w", "v"]


def test_of_a_step_written_twice_the_later_array_counts(files, trial_id):
    writer = files.writer(trial_id)
    writer.arrays(at(1), {"a": to_block(np.array([1])), "b": to_block(np.array([1]))})
    for value in range(2, 6):
        writer.arrays(at(1, time=float(value)), {"b": to_block(np.array([value])), "c": to_block(np.array([value]))})
        reader = files.reader(trial_id)
        assert reader.array_names("TRAIN", 1) == ("a", "b", "c")
        assert [reader.array(name, "TRAIN", 1).tolist() for name in "abc"] == [[1], [value], [value]]
    assert reader.array("a", "EVAL", 1) is None
    assert reader.array("d", "TRAIN", 1) is None


def test_to_read_an_array_the_steps_are_not_gone_through(files, trial_id):
    class Walked(list):
        def __iter__(self):
            raise AssertionError("as many steps as there are, for each array")

    writer, reader = files.writer(trial_id), files.reader(trial_id)
    for step in range(20):
        writer.arrays(at(step), {"w": to_block(np.full(2, step))})
        reader.refresh()
    writer.close()
    for file in reader._arrays.values():
        file.frames = Walked(file.frames)
    assert [reader.array("w", "TRAIN", step).tolist() for step in range(20)] == [[step, step] for step in range(20)]
    assert reader.array_names("TRAIN", 20) == ()


def test_a_recording_appears_whole_and_is_found_by_its_id(files, trial_id):
    writer, ids = files.writer(trial_id), [new_id() for _ in range(2)]
    steps = [(at(step), {"w": to_block(np.full(4, step)), "loss": to_block(np.float64(step))}) for step in range(5)]
    for recording_id in ids:
        writer.recording(recording_id, steps)
    writer.recording(new_id(), [])
    assert files.recordings(trial_id) == tuple(sorted(ids))
    reader = files.recording(trial_id, ids[0])
    assert [moment.step for moment in reader.moments()] == list(range(5))
    assert reader.array_names("TRAIN", 3) == ("w", "loss")
    assert reader.array("w", "TRAIN", 3).tolist() == [3] * 4
    assert files.reader(trial_id).moments() == [], "a recording is no part of what was recorded step by step"
    assert files.recordings(new_id()) == ()
    assert files.check(trial_id) == ()
    writer.close()


def test_a_closed_writer_writes_no_more_and_closing_twice_does_no_harm(files, trial_id):
    writer = files.writer(trial_id)
    writer.close()
    writer.close()
    layout = make_layout([(TensorInfo("w"), ("mean",))])
    with pytest.raises(TrialClosed):
        writer.row(layout, at(0), np.zeros(1))
    with pytest.raises(TrialClosed):
        writer.arrays(at(0), {"w": to_block(np.zeros(1))})
    assert files.trial_ids() == frozenset()


def test_removing_a_trial_leaves_the_others(files, trial_id):
    other = new_id()
    layout = make_layout([(TensorInfo("w"), ("mean",))])
    for each in (trial_id, other):
        writer = files.writer(each)
        writer.row(layout, at(0), np.zeros(1))
        writer.close()
    (files._folder / "stranger").mkdir()
    assert files.trial_ids() == {trial_id, other}
    files.remove([trial_id, trial_id, "stranger"])
    assert files.trial_ids() == {other}
    assert (files._folder / "stranger").is_dir()
    assert len(files.reader(other).series("w", "mean")) == 1


@settings(max_examples=20)
@given(st.integers(1, 2000), st.integers(1, 40))
def test_rows_written_by_one_thread_and_arrays_by_another_are_all_there(tmp_path_factory, width, count):
    files, trial_id = TensorFiles(tmp_path_factory.mktemp("tensors")), new_id()
    writer = files.writer(trial_id)
    layout = make_layout([(TensorInfo(f"t{number}"), ("mean",)) for number in range(width)])

    def write_arrays():
        for step in range(count):
            writer.arrays(at(step), {"w": to_block(np.full(width, step))})

    thread = threading.Thread(target=write_arrays)
    thread.start()
    for step in range(count):
        writer.row(layout, at(step), np.full(width, float(step)))
    thread.join()
    writer.close()
    reader = files.reader(trial_id)
    assert reader.series(f"t{width - 1}", "mean").values.tolist() == list(range(count))
    assert [reader.array("w", "TRAIN", step)[0] for step in range(count)] == list(range(count))
    assert len(list(Path(files._folder / trial_id).iterdir())) == 2, "two files, however many steps"


def test_notes_come_back_and_frames_of_other_kinds_are_passed_over(files, trial_id):
    layout = make_layout([(TensorInfo("w"), ("mean",))])
    notes = [(at(1), Note({"loss": "train.py:3"})), (at(2, "GLOBAL"), Note(rest=7.5))]
    writer = files.writer(trial_id)
    writer.row(layout, at(0), np.array([1.0]))
    for moment, note in notes:
        writer.note(moment, note)
    (path,) = (files._folder / trial_id).glob("*.rows")
    with path.open("ab") as file:
        file.write(pack(9, at(3), 0, 4, b"what") + b"what")
    writer.row(layout, at(4), np.array([2.0]))
    reader = files.reader(trial_id)
    assert reader.notes() == notes
    assert [moment.step for moment in reader.moments()] == [0, 4], "a note is no step"
    assert reader.series("w", "mean").values.tolist() == [1.0, 2.0]
