"""Truncated and corrupted files: what can be read is read, and `check` names the rest."""

from __future__ import annotations

import random

import numpy as np
import pytest

from labdeck.errors import StoreCorrupt
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.files import TensorFiles
from labdeck.store.tensors.frames import MAGIC, SIZE, Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

STEPS = 8


@pytest.fixture
def files(tmp_path):
    return TensorFiles(tmp_path / "tensors")


@pytest.fixture
def trial_id(files):
    trial_id = new_id()
    writer = files.writer(trial_id)
    layouts = [make_layout([(TensorInfo(name), ("mean", "l2"))]) for name in ("w", "w", "v")]
    for step in range(STEPS):
        moment = Moment("TRAIN", step, step, float(step))
        writer.row(layouts[step % 2], moment, np.array([step, -step], float))
        writer.row(layouts[2], moment, np.array([step, step], float))
        writer.arrays(moment, {"w": to_block(np.full(10, step)), "b": to_block(np.full(2, step))})
    writer.recording(new_id(), [(Moment("TRAIN", step, step, 0.0), {"w": to_block(np.ones(3))}) for step in range(3)])
    writer.close()
    return trial_id


def file_of(files, trial_id, suffix):
    (path,) = (files._folder / trial_id).glob("*" + suffix)
    return path


def errors(files, trial_id):
    return [defect for defect in files.check(trial_id) if defect.severity == "error"]


@pytest.mark.slow
def test_every_truncation_leaves_a_prefix(files, trial_id):
    assert files.check(trial_id) == ()
    for suffix in (".rows", ".arrays"):
        path = file_of(files, trial_id, suffix)
        raw = path.read_bytes()
        before = 0
        for end in range(len(raw)):
            path.write_bytes(raw[:end])
            reader = files.reader(trial_id)
            if suffix == ".rows":
                found = reader.series("w", "mean").values.tolist()
            else:
                found = [reader.array("b", "TRAIN", moment.step)[0] for moment in reader.array_moments()]
            assert found == list(range(len(found)))
            assert before <= len(found) <= before + 1
            before = len(found)
            defects = files.check(trial_id)
            assert all(defect.severity == "warning" for defect in defects), "its writer may just be at work"
        assert before >= STEPS - 1
        path.write_bytes(raw)
    assert files.check(trial_id) == ()


def test_a_flipped_bit_in_rows_costs_one_row_or_what_a_lost_layout_tells_of_and_is_reported(files, trial_id):
    path = file_of(files, trial_id, ".rows")
    raw = path.read_bytes()
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        reader = files.reader(trial_id)
        series = [reader.series(name, "mean") for name in "wv"]
        for one in series:
            assert one.values.tolist() == one.steps.tolist(), "no number that was not written"
        lost = sum(STEPS - len(one) for one in series)
        is_length = any(
            frame + 36 <= position < frame + 44 for frame in range(len(raw)) if raw[frame : frame + 4] == MAGIC
        )
        assert lost <= STEPS or is_length, "a length that reaches beyond the end hides what follows"
        assert errors(files, trial_id) or is_length
        assert files.check(trial_id)
    path.write_bytes(raw)
    assert files.check(trial_id) == ()


def test_rows_behind_a_damaged_stretch_are_read(files, trial_id):
    path = file_of(files, trial_id, ".rows")
    raw = bytearray(path.read_bytes())
    places = [place for place in range(len(raw)) if raw[place : place + 4] == MAGIC]
    raw[places[8] + 2 : places[11] - 3] = b"\xff" * (places[11] - places[8] - 5)
    path.write_bytes(raw)
    found = files.reader(trial_id).series("v", "mean").steps.tolist()
    assert found[-1] == STEPS - 1
    assert STEPS - 2 <= len(found) < STEPS
    assert len(errors(files, trial_id)) == 1


@pytest.mark.parametrize("suffix", [".rows", ".arrays", ".flight"])
def test_random_damage_never_raises_anything_else_and_makes_nothing_up(files, trial_id, suffix):
    path = file_of(files, trial_id, suffix)
    raw = path.read_bytes()
    chance = random.Random(3)
    (recording,) = files.recordings(trial_id)
    for _ in range(150):
        damaged = bytearray(raw)
        for _ in range(chance.choice([1, 3, 40])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.3:
            start = chance.randrange(len(damaged))
            damaged[start : start + chance.randrange(64)] = chance.randbytes(chance.randrange(64))
        path.write_bytes(damaged)
        reader = files.reader(trial_id)
        for name in ("w", "v"):
            series = reader.series(name, "mean")
            assert series.values.tolist() == series.steps.tolist()
        assert len(list(reader.rows())) <= 2 * STEPS
        for each in (reader, files.recording(trial_id, recording)):
            for moment in each.array_moments():
                try:
                    found = each.array("w", moment.mode, moment.step)
                except StoreCorrupt:
                    continue
                assert found is None or found.shape in {(10,), (3,)}
        files.check(trial_id)


def test_hostile_headers_of_arrays_are_refused_not_followed(files):
    from labdeck.store.tensors.frames import ARRAYS, pack

    moment = Moment("TRAIN", 0, 0, 0.0)
    for text in (
        b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,99999999]}}',
        b'{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,16]}}',
        b'{"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}',
        b'{"w":{"dtype":"PICKLE","shape":[4],"data_offsets":[0,16]}}',
        b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[8,0]}}',
        b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}',
        b'{"w":{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}}',
        b'{"w":7}',
        b'{"__metadata__":{"w":7},"v":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
        b'{"__metadata__":[],"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
        b"[" * 5000,
        b"\xff\xfe",
        b"",
    ):
        trial_id = new_id()
        payload = len(text).to_bytes(8, "little") + text + bytes(16)
        frame = pack(ARRAYS, moment, 0, len(payload), payload[: 8 + len(text)]) + payload
        folder = files._folder / trial_id
        folder.mkdir(parents=True)
        (folder / f"{new_id()}.arrays").write_bytes(frame)
        with pytest.raises(StoreCorrupt):
            files.reader(trial_id).array("w", "TRAIN", 0)


def test_a_length_beyond_all_memory_is_taken_for_a_frame_that_goes_on(files, trial_id):
    path = file_of(files, trial_id, ".rows")
    raw = bytearray(path.read_bytes())
    raw[36:44] = (2**63).to_bytes(8, "little")
    path.write_bytes(raw)
    assert files.reader(trial_id).moments() != [], "whole arrays are still read"
    assert list(files.reader(trial_id).rows()) == []
    assert [defect.severity for defect in files.check(trial_id)] == ["warning"]


def test_files_of_strangers_and_left_overs_are_told_and_left_alone(files, trial_id):
    folder = files._folder / trial_id
    (folder / f"{new_id()}.tmp").write_bytes(b"?")
    (folder / "empty.rows").write_bytes(b"")
    (folder / "short.rows").write_bytes(b"LD")
    assert len(files.reader(trial_id).series("w", "mean")) == STEPS
    assert [defect.severity for defect in files.check(trial_id)] == ["warning", "warning"]
    (folder / "odd.rows").write_bytes(bytes(SIZE))
    assert [defect.path for defect in errors(files, trial_id)] == [f"tensors/{trial_id}/odd.rows"]
