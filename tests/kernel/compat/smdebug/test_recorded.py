"""What stands in Labdeck's store is read with smdebug's API."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from labdeck.compat.smdebug import news
from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.exceptions import (
    MissingCollectionFiles,
    NoMoreData,
    SMDebugNotImplementedError,
    SMDebugValueError,
    TensorUnavailableForStep,
)
from labdeck.compat.smdebug.mode_keys import modes
from labdeck.compat.smdebug.reduction_config import ReductionConfig
from labdeck.compat.smdebug.save_config import SaveConfig
from labdeck.compat.smdebug.sheet import Pointer, read_pointers, to_sheet, write_pointer, write_sheet
from labdeck.compat.smdebug.trials import create_trial
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo, make_layout

WEIGHT = TensorInfo("Net_fc.weight", ("weights",), shape=(2, 2))
LAYOUT = make_layout([(WEIGHT, ("mean", "abs_max", "histogram")), (TensorInfo("loss", ("losses",)), ("value",))])


class Training:
    """A trial that is recorded by hand."""

    def __init__(self, studio, name="net"):
        self.trial = studio.experiment("digits").trial(name).start()
        self.writer = studio.session.tensors.writer(self.trial.id)

    def step(self, step, mode="TRAIN", mode_step=None, arrays=None):
        moment = Moment(mode, step if mode_step is None else mode_step, step, float(step))
        self.writer.row(LAYOUT, moment, np.array([step + 0.5, step + 1.0, *np.zeros(97), 1 / (step + 1)]))
        if arrays:
            self.writer.arrays(moment, {name: to_block(array) for name, array in arrays.items()})
        news.announce()

    def end(self):
        self.writer.close()
        self.trial.finish()


@pytest.fixture
def training(local):
    made = Training(local)
    yield made
    made.end()


def test_what_labdeck_recorded_is_read(training):
    training.step(0, arrays={"Net_fc.weight": np.eye(2, dtype=np.float32)})
    training.step(1, "EVAL", 0)
    training.step(2, "TRAIN", 1)
    training.end()
    trial = create_trial(training.trial)
    assert trial.tensor_names() == ["Net_fc.weight", "loss"]
    assert (trial.steps(), trial.steps(mode=modes.TRAIN), trial.steps(mode=modes.EVAL)) == ([0, 1, 2], [0, 1], [0])
    assert trial.modes() == [modes.TRAIN, modes.EVAL]
    assert trial.tensor("loss").values(mode=modes.TRAIN) == {0: 1, 1: pytest.approx(1 / 3)}
    weight = trial.tensor("Net_fc.weight")
    assert weight.reduction_values(2) == {("mean", False): 2.5, ("max", True): 3}
    np.testing.assert_array_equal(weight.value(0), np.eye(2))
    assert weight.reduction_value(0, "l2") == pytest.approx(2**0.5)
    assert weight.shape(2) == (2, 2)
    with pytest.raises(TensorUnavailableForStep, match="reductions"):
        weight.value(2)
    assert trial.tensor_names(collection="weights") == ["Net_fc.weight"]
    assert trial.loaded_all_steps
    assert trial.workers() == ["worker_0"]


def test_a_folder_leads_to_the_trial(training, tmp_path):
    out = tmp_path / "out"
    write_pointer(out, Pointer(training.trial.id, trial="net", experiment="digits"))
    training.step(0)
    trial = create_trial(out)
    assert (trial.name, trial.steps()) == ("out", [0])
    assert create_trial(f"labdeck://trials/{training.trial.id}").steps() == [0]


@pytest.mark.usefixtures("local")
def test_a_trial_of_another_store_is_named(tmp_path):
    write_pointer(tmp_path / "out", Pointer("0" * 32, trial="net", experiment="digits"))
    with pytest.raises(SMDebugValueError, match=r"digits/net.*LABDECK_STORE"):
        create_trial(tmp_path / "out")
    with pytest.raises(SMDebugNotImplementedError):
        create_trial(tmp_path, profiler=True)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"trial_id": "../../x"}', b'{"trial_id": 3}', b"x" * 100_000])
@pytest.mark.usefixtures("local")
def test_a_damaged_word_leads_nowhere(tmp_path, content):
    (tmp_path / "out/labdeck").mkdir(parents=True)
    (tmp_path / "out/labdeck/worker_0.json").write_bytes(content)
    assert read_pointers(tmp_path / "out") == []
    with pytest.raises(MissingCollectionFiles):
        create_trial(tmp_path / "out")


def test_workers_of_one_training(local, tmp_path):
    trainings = [Training(local, f"rank {rank}") for rank in range(2)]
    for rank, one in enumerate(trainings):
        write_pointer(tmp_path / "out", Pointer(one.trial.id, f"worker_{rank}", 2))
    trainings[0].step(0)
    trial = create_trial(tmp_path / "out")
    assert trial.steps() == []
    trainings[1].step(0)
    assert trial.steps() == [0]
    assert trial.tensor("loss").workers(0) == ["worker_0", "worker_1"]
    for one in trainings:
        one.end()


def test_collections_of_the_hook_come_first(training, local):
    mine = Collection("mine", ["^Net"])
    write_sheet(local.session, training.trial.id, to_sheet({"mine": mine}, ended=False))
    training.step(0)
    trial = create_trial(training.trial)
    assert trial.tensor_names(collection="mine") == ["Net_fc.weight"]
    assert set(trial.collections()) == {"mine", "weights", "losses"}


def test_a_wait_ends_when_a_step_is_saved(training):
    training.step(0)
    trial = create_trial(training.trial)
    waiting = threading.Thread(target=trial.wait_for_steps, args=([1],))
    waiting.start()
    training.step(1)
    waiting.join(30)
    assert not waiting.is_alive()
    assert not trial.loaded_all_steps


def test_a_hook_that_was_closed_ends_the_data_before_the_trial_ends(training, local):
    training.step(0)
    write_sheet(local.session, training.trial.id, to_sheet({}, ended=True))
    with pytest.raises(NoMoreData):
        create_trial(training.trial).wait_for_steps([1])
    assert training.trial.record().state == "running"


def test_a_step_is_there_when_its_arrays_are(training, local):
    weights = Collection(
        "weights", reduction_config=ReductionConfig(save_raw_tensor=True), save_config=SaveConfig(save_interval=2)
    )
    write_sheet(local.session, training.trial.id, to_sheet({"weights": weights}, ended=False))
    trial = create_trial(training.trial)
    training.step(0)
    assert trial.steps() == []
    array = {"Net_fc.weight": to_block(np.eye(2, dtype=np.float32))}
    training.writer.arrays(Moment("TRAIN", 0, 0, 0.0), array)
    assert trial.steps() == [0]
    assert trial.tensor("Net_fc.weight").value(0).shape == (2, 2)
    training.step(1)
    training.step(2)
    assert trial.steps() == [0, 1]
    training.end()
    assert trial.steps() == [0, 1, 2]


def test_samples_of_the_machine_are_no_steps(training):
    layout = make_layout([(TensorInfo("cpu", ("system",)), ("value",))])
    training.writer.row(layout, Moment("GLOBAL", 0, 0, 0.0), np.array([50.0]))
    training.step(0)
    trial = create_trial(training.trial)
    assert (trial.modes(), trial.tensor_names()) == ([modes.TRAIN], ["Net_fc.weight", "loss"])


def test_a_deleted_trial_ends_the_data(training, local):
    training.step(0)
    trial = create_trial(training.trial)
    training.end()
    local.experiment("digits").delete()
    assert trial.steps() == [0]
    assert trial.loaded_all_steps
