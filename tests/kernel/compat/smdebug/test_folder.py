"""Folders that smdebug wrote are read as smdebug reads them; hostile ones lead nowhere."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.kernel.compat.smdebug.writing import Writer

from labdeck.compat.smdebug.exceptions import (
    InvalidWorker,
    MissingCollectionFiles,
    NoMoreData,
    ShapeUnavailableForStep,
    SMDebugNotImplementedError,
    SMDebugValueError,
    StepNotYetAvailable,
    StepUnavailable,
    TensorUnavailable,
    TensorUnavailableForStep,
)
from labdeck.compat.smdebug.mode_keys import modes
from labdeck.compat.smdebug.refreshing import no_refresh, refresh
from labdeck.compat.smdebug.tensor import StepState
from labdeck.compat.smdebug.trials import LocalTrial, S3Trial, create_trial

FIXTURES = Path(__file__).parent / "fixtures"
OLD = FIXTURES / "smdebug-pytorch"


@pytest.fixture
def expected():
    return json.loads((FIXTURES / "smdebug-pytorch.expected.json").read_text())


@pytest.fixture
def old():
    return create_trial(str(OLD))


def test_what_smdebug_wrote_is_read_as_smdebug_reads_it(old, expected):
    assert old.tensor_names() == expected["names"]
    assert old.steps() == expected["global_steps"]
    assert [mode.name for mode in old.modes()] == expected["modes"]
    assert {mode: old.steps(mode=modes[mode]) for mode in expected["steps"]} == expected["steps"]
    members = {name: old.tensor_names(collection=name) for name in expected["collections"]}
    assert members == expected["collections"]
    assert old.source.doubts == []


def test_every_value_is_what_smdebug_reads(old, expected):
    for name, by_mode in expected["values"].items():
        for mode, by_step in by_mode.items():
            tensor = old.tensor(name)
            assert tensor.steps(mode=modes[mode]) == [int(step) for step in by_step]
            for step, told in by_step.items():
                value = tensor.value(int(step), mode=modes[mode])
                assert list(value.shape) == told["shape"]
                assert float(value.ravel()[0]) == told["first"]
                assert float(value.astype(np.float64).sum()) == told["sum"]


def test_every_stored_reduction_is_what_smdebug_reads(old, expected):
    for name, by_step in expected["reductions"].items():
        for step, told in by_step.items():
            found = old.tensor(name).reduction_values(int(step))
            assert {("abs_" if of_abs else "") + key: float(value) for (key, of_abs), value in found.items()} == told


def test_steps_and_modes_belong_together(old):
    for step in old.steps():
        assert old.global_step(old.mode(step), old.mode_step(step)) == step
    assert old.mode(5) is modes.TRAIN
    assert old.mode_step(5) == 4
    assert (old.mode(1), old.mode_step(1)) == (None, None)
    assert old.workers() == ["worker_0"]
    assert old.loaded_all_steps


def test_a_reduction_that_was_not_stored_is_computed(old):
    weight = old.tensor("Sequential_0.weight")
    value = weight.value(0)
    assert weight.reduction_value(0, "min") == value.min()
    assert weight.reduction_value(0, "median", abs=True) == pytest.approx(np.median(np.abs(value)))
    assert weight.reduction_value(0, "l2") == weight.reduction_values(0)["l2", False]
    with pytest.raises(SMDebugValueError, match="no reduction"):
        weight.reduction_value(0, "mode")


def test_what_is_missing_says_why(old):
    weight = old.tensor("Sequential_0.weight")
    with pytest.raises(TensorUnavailable):
        old.tensor("nothing")
    with pytest.raises(StepUnavailable):
        weight.value(1)
    with pytest.raises(StepUnavailable):
        weight.value(3, mode=modes.TRAIN)
    with pytest.raises(NoMoreData):
        weight.value(99)
    with pytest.raises(TensorUnavailableForStep):
        old.tensor("gradient/Sequential_0.weight").value(0, mode=modes.EVAL)
    with pytest.raises(InvalidWorker):
        weight.value(0, worker="worker_7")
    assert not old.has_tensor("nothing")


def test_names_can_be_asked_for_by_step_mode_and_expression(old):
    assert old.tensor_names(step=0, mode=modes.EVAL, regex="^gradient") == []
    assert len(old.tensor_names(step=0, mode=modes.TRAIN, regex=["^gradient", "lr$"])) == 5
    assert old.tensors(collection="losses") == ["CrossEntropyLoss_output_0"]
    assert old.tensor_names(step=1) == []
    with pytest.raises(SMDebugValueError, match="no collection"):
        old.tensor_names(collection="nothing")
    with pytest.raises(SMDebugValueError, match="no regular expression"):
        old.tensor_names(regex="(")


def test_previous_steps(old):
    weight = old.tensor("Sequential_0.weight")
    assert weight.prev_steps(6, 2, mode=modes.TRAIN) == [4, 6]
    assert weight.prev_steps(5, mode=modes.TRAIN) == [0, 2, 4]
    assert weight.prev_steps(5, 0) == []
    assert set(weight.values(mode=modes.EVAL)) == {0, 1, 2}
    assert set(weight.shapes(mode=modes.EVAL).values()) == {(8, 4)}


def test_a_range_of_steps(old):
    part = create_trial(OLD, range_steps=(4, 10))
    assert part.steps() == [step for step in old.steps() if 4 <= step < 10]
    with pytest.raises(SMDebugValueError, match="range_steps"):
        create_trial(OLD, range_steps=(10, 4))


def test_there_must_be_something(tmp_path):
    with pytest.raises(MissingCollectionFiles):
        create_trial(tmp_path)
    with pytest.raises(MissingCollectionFiles):
        create_trial(tmp_path / "nowhere")
    for remote in (lambda: create_trial("s3://bucket/prefix"), lambda: S3Trial("mine", "bucket", "prefix")):
        with pytest.raises(SMDebugNotImplementedError, match="s3://bucket/prefix"):
            remote()
    assert LocalTrial("mine", str(OLD)).name == "mine"


def test_shapes_that_were_saved_alone(tmp_path):
    writer = Writer(tmp_path)
    writer.step(0, {"loss": np.float32(1)}, shapes={"weight": (3, 4)})
    trial = create_trial(tmp_path)
    assert trial.tensor("weight").shape(0) == (3, 4)
    with pytest.raises(TensorUnavailableForStep):
        trial.tensor("weight").value(0)
    writer.step(1, {"smdebug/reductions/mean/weight": np.float32(1)})
    with pytest.raises(ShapeUnavailableForStep):
        trial.tensor("weight").shape(1)
    with pytest.raises(TensorUnavailableForStep, match="reductions"):
        trial.tensor("weight").value(1)


def test_a_training_that_goes_on_is_followed(tmp_path):
    writer = Writer(tmp_path, collections={"losses": ["loss"]})
    writer.step(0, {"loss": np.float32(3)})
    trial = create_trial(tmp_path)
    assert trial.has_passed_step(2) is StepState.NOT_YET_AVAILABLE
    with pytest.raises(StepNotYetAvailable):
        trial.tensor("loss").value(2)
    with no_refresh(trial):
        writer.step(2, {"loss": np.float32(2)})
        assert trial.steps() == [0]
        with refresh([trial]):
            assert trial.steps() == [0, 2]
    assert trial.has_passed_step(1) is StepState.UNAVAILABLE
    with pytest.raises(StepUnavailable):
        trial.wait_for_steps([1])
    waiting = threading.Thread(target=trial.wait_for_steps, args=([3],))
    waiting.start()
    writer.step(3, {"loss": np.float32(1)})
    waiting.join(30)
    assert not waiting.is_alive()
    writer.end()
    with pytest.raises(NoMoreData):
        trial.wait_for_steps([4])


def test_a_step_is_there_when_all_workers_have_written_it(tmp_path):
    first, second = (Writer(tmp_path, f"worker_{rank}", 2) for rank in range(2))
    first.step(0, {"loss": np.float32(1)})
    trial = create_trial(tmp_path)
    assert trial.steps() == []
    assert trial.steps(show_incomplete_steps=True) == [0]
    assert trial.has_passed_step(0) is StepState.NOT_YET_AVAILABLE
    second.step(0, {"loss": np.float32(2)})
    assert trial.steps() == [0]
    assert trial.tensor("loss").workers(0) == ["worker_0", "worker_1"]
    assert trial.tensor("loss").value(0, worker="worker_1") == 2


def test_steps_that_one_worker_never_finishes_are_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("SMDEBUG_INCOMPLETE_STEP_WAIT_WINDOW", "4")
    writer = Writer(tmp_path, workers=2)
    for step in range(6):
        writer.step(step, {"loss": np.float32(step)})
    assert create_trial(tmp_path).steps() == [0, 1, 2]


def test_names_of_devices(tmp_path):
    Writer(tmp_path, "_job-worker_replica-0_task-1_device-GPU-0").step(0, {"loss": np.float32(1)})
    assert create_trial(tmp_path).workers() == ["/job:worker/replica:0/task:1/device:GPU:0"]


HOSTILE = [
    "../outside.tfevents",
    "events/../../outside.tfevents",
    "/etc/passwd",
    "events/000000000001/../../../outside.tfevents",
    "events/link/file.tfevents",
    "events/000000000001/linked.tfevents",
    "events/000000000001/pipe.tfevents",
    "events/000000000001/\0.tfevents",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_outside_of_the_folder_is_read(tmp_path, name):
    folder, outside = tmp_path / "out", tmp_path / "outside.tfevents"
    writer = Writer(folder)
    writer.step(0, {"loss": np.float32(1)})
    good = folder / "events/000000000000/000000000000_worker_0.tfevents"
    outside.write_bytes(good.read_bytes())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file.tfevents").write_bytes(good.read_bytes())
    (folder / "events/link").symlink_to(tmp_path / "elsewhere")
    (folder / "events/000000000001").mkdir()
    (folder / "events/000000000001/linked.tfevents").symlink_to(outside)
    os.mkfifo(folder / "events/000000000001/pipe.tfevents")
    size = good.stat().st_size
    entry = {"tensorname": "loss", "start_idx": 0, "length": size}
    meta = {"mode": "GLOBAL", "mode_step": 1, "event_file_name": name}
    writer.index(1, {"meta": meta, "tensor_payload": [entry]})
    trial = create_trial(folder)
    assert trial.tensor("loss").value(0) == 1
    with pytest.raises((TensorUnavailableForStep, StepUnavailable, StepNotYetAvailable)):
        trial.tensor("loss").value(1)
    assert trial.source.doubts


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"meta": {}, "tensor_payload": []}',
        b'{"meta": {"mode": "TRAIN", "mode_step": -1, "event_file_name": "events/0/0"}, "tensor_payload": []}',
        b'{"meta": {"mode": "TRAIN", "mode_step": true, "event_file_name": "events/0/0"}, "tensor_payload": []}',
        b'{"meta": {"mode": "WRONG", "mode_step": 1, "event_file_name": "events/0/0"}, "tensor_payload": []}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_index_is_left_out_and_named(tmp_path, content):
    writer = Writer(tmp_path)
    writer.step(0, {"loss": np.float32(1)})
    writer.index(1, content)
    trial = create_trial(tmp_path)
    assert trial.tensor("loss").steps() == [0]
    assert len(trial.source.doubts) >= 1
    writer.step(1, {"loss": np.float32(2)})  # it was only half written
    assert trial.tensor("loss").value(1) == 2


def test_damaged_entries_of_an_index_are_left_out_and_named(tmp_path):
    writer = Writer(tmp_path)
    writer.step(0, {"loss": np.float32(1)})
    path = tmp_path / "index/000000000/000000000000_worker_0.json"
    content = json.loads(path.read_text())
    odd = {"tensorname": "smdebug/reductions/mean", "start_idx": 0, "length": 1}
    content["tensor_payload"] += [1, {}, odd]
    content["shape_payload"] = [{"tensorname": "loss", "shape": [-1]}]
    writer.index(0, content)
    trial = create_trial(tmp_path)
    assert trial.tensor_names() == ["loss"]
    assert len(trial.source.doubts) == 4


@pytest.mark.parametrize(("start", "length"), [(0, 2**62), (2**62, 10), (5, 20), (0, 3), (0, 2**64)])
def test_a_place_that_holds_no_tensor_is_refused_without_reading_it(tmp_path, start, length):
    writer = Writer(tmp_path)
    writer.step(0, {"loss": np.float32(1), "other": np.float32(1)})
    path = tmp_path / "index/000000000/000000000000_worker_0.json"
    content = json.loads(path.read_text())
    content["tensor_payload"][0].update(start_idx=start, length=length)
    writer.index(0, content)
    trial = create_trial(tmp_path)
    with pytest.raises((TensorUnavailableForStep, TensorUnavailable)):
        trial.tensor("loss").value(0)
    assert trial.tensor("other").value(0) == 1


def test_another_tensor_in_its_place_is_not_passed_off_as_it(tmp_path):
    writer = Writer(tmp_path)
    writer.step(0, {"loss": np.float32(1), "other": np.float32(5)})
    path = tmp_path / "index/000000000/000000000000_worker_0.json"
    content = json.loads(path.read_text())
    content["tensor_payload"][0].update({key: content["tensor_payload"][1][key] for key in ("start_idx", "length")})
    writer.index(0, content)
    with pytest.raises(TensorUnavailableForStep):
        create_trial(tmp_path).tensor("loss").value(0)


def test_collections_cannot_keep_a_reader_busy_for_ever(tmp_path):
    name = "a" * 60 + "!"
    Writer(tmp_path, collections={"slow": ["(a+)+$"], "fine": ["^a+!"], "broken": ["("]}).step(0, {name: np.ones(1)})
    trial = create_trial(tmp_path)
    assert trial.tensor_names(collection="slow") == []
    assert trial.tensor_names(collection="fine") == [name]
    assert trial.tensor_names(collection="broken") == []


def test_damaged_collections_are_left_out_and_named(tmp_path):
    writer = Writer(tmp_path, collections={"losses": ["loss"]})
    content = {
        "collections": {"losses": {"name": "losses"}, "odd": {"name": 3}, "bad": []},
        "_meta": {"num_workers": -4},
    }
    writer.put("collections/000000000/worker_0_collections.json", json.dumps(content).encode())
    writer.step(0, {"loss": np.float32(1)})
    trial = create_trial(tmp_path)
    assert list(trial.collections()) == ["losses"]
    assert len(trial.source.doubts) == 2
    assert trial.steps() == [0]
