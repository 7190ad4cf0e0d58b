"""What hooks have in common: steps, schedules, scalars, where it goes; and that they never harm a training."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tests.kernel.compat.smdebug.trainings import EVERY, Training, train

from labdeck.compat.smdebug.exceptions import (
    InvalidCollectionConfiguration,
    MissingCollectionFiles,
    SMDebugTypeError,
    SMDebugValueError,
)
from labdeck.compat.smdebug.mode_keys import modes
from labdeck.compat.smdebug.pytorch import Hook, del_hook, get_hook, set_hook
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
from labdeck.compat.smdebug.trials import create_trial

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("local")]


@pytest.fixture(autouse=True)
def _no_hook():
    yield
    del_hook()


def test_each_mode_has_its_own_steps_and_schedule():
    schedule = SaveConfig({modes.TRAIN: SaveConfigMode(2), modes.EVAL: SaveConfigMode(1)})
    hook = Hook(save_config=schedule, include_collections=["weights", "gradients"])
    training = Training(hook)
    for _ in range(2):
        hook.set_mode(modes.TRAIN)
        for _ in range(3):
            training.step()
        hook.set_mode(modes.EVAL)
        training.evaluate()
    assert (hook.step, hook.mode_steps) == (7, {modes.GLOBAL: 7, modes.TRAIN: 5, modes.EVAL: 1})
    hook.close()
    trial = create_trial(hook.out_dir)
    assert (trial.steps(), trial.steps(mode=modes.TRAIN), trial.steps(mode=modes.EVAL)) == (
        [0, 2, 3, 5, 7],
        [0, 2, 4],
        [0, 1],
    )
    assert trial.tensor("gradient/Net_fc1.weight").steps() == [0, 2, 5]
    assert trial.tensor("Net_fc1.weight").steps(mode=modes.EVAL) == [0, 1]
    with pytest.raises(SMDebugValueError):
        hook.set_mode("TRAIN")


def test_a_collection_that_can_match_nothing_is_told_at_the_first_step():
    hook = Hook()
    hook.get_collection("empty")
    training = Training(hook)
    with pytest.raises(InvalidCollectionConfiguration, match="empty"):
        training.step()


def test_an_included_collection_that_nobody_described_is_told_at_the_first_step():
    hook = Hook(include_collections=["weights", "average_shap", "custom"])
    training = Training(hook)
    with pytest.raises(InvalidCollectionConfiguration, match="custom"):
        training.step()
    del_hook()
    hook = Hook(include_collections=["custom"])
    hook.get_collection("custom").include("weight")
    Training(hook).step()


def test_numbers_and_arrays_by_hand():
    hook = Hook(save_config=SaveConfig(save_interval=2))
    training = Training(hook)
    hook.save_scalar("before", 1)
    for step in range(3):
        training.step()
        hook.save_scalar("lr", torch.tensor([0.5]), sm_metric=True)
        hook.save_tensor("labels", training.y, "labels")
        hook.save_tensor("count", np.array([step]))
        hook.record_tensor_value("mse_loss", torch.tensor(float(step)))
    with pytest.raises(SMDebugTypeError):
        hook.save_scalar("two", [1, 2])
    with pytest.raises(SMDebugTypeError):
        hook.record_tensor_value("loss", 0.5)
    hook.close()
    trial = create_trial(hook.out_dir)
    assert trial.tensor("scalar/before").steps() == [0]
    assert trial.tensor("scalar/lr").values() == {0: 0.5, 1: 0.5, 2: 0.5}
    assert trial.tensor("labels").steps() == [0, 2]
    assert trial.tensor_names(collection="labels") == ["labels"]
    assert trial.tensor("count").value(2).tolist() == [2]
    assert trial.tensor("mse_loss_output_0").values() == {0: 0, 2: 2}


def test_scalars_and_losses_are_metrics_of_the_trial(local):
    with local.experiment("digits").trial("net") as run:
        hook = Hook(save_config=EVERY)
        hook.set_mode(modes.TRAIN)
        training = Training(hook)
        for _ in range(2):
            training.step()
            hook.save_scalar("lr", 0.5)
    assert set(run.metrics) == {"train:lr", "train:CrossEntropyLoss_output_0"}
    assert run.history("train:lr").steps.tolist() == [0, 1]
    assert create_trial(hook.out_dir).loaded_all_steps
    assert run.state == "completed"


def test_without_a_trial_the_hook_has_one_of_its_own(local, tmp_path):
    for name in ("first", "second"):
        Training(Hook(tmp_path / name)).step()
    del_hook()
    (experiment,) = local.experiments()
    assert {trial.name: trial.state for trial in experiment.trials()} == {"first": "completed", "second": "completed"}


def test_a_folder_is_used_once(tmp_path):
    hook = Hook(tmp_path / "out")
    with pytest.raises(MissingCollectionFiles):
        create_trial(tmp_path / "out")
    Training(hook).step()
    with pytest.raises(SMDebugValueError, match="earlier training"):
        Hook(tmp_path / "out")


def test_what_fails_switches_the_hook_off_and_the_training_goes_on():
    hook = Hook(save_config=EVERY, include_collections=["weights"])
    training = Training(hook)
    training.step()
    hook.get_collection("weights").include("(")
    with pytest.warns(RuntimeWarning, match="switched itself off") as told:
        train(training, 3)
    assert len(told) == 1
    assert len(training.seen) == 4


@pytest.mark.parametrize("switch", [{"USE_SMDEBUG": "0"}, {"LABDECK_DEBUGGER": "0"}])
def test_one_variable_switches_everything_off(switch, monkeypatch, local):
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    hook = Hook(save_config=EVERY)
    training = Training(hook)
    hook.save_scalar("lr", 1)
    training.step()
    hook.close()
    assert local.experiments() == []
    assert not training.net._forward_pre_hooks


def test_a_dry_run_saves_nothing(local):
    hook = Hook(dry_run=True)
    Training(hook).step()
    hook.close()
    assert local.experiments() == []
    assert hook.out_dir is None


def test_a_hook_from_json(tmp_path, monkeypatch):
    config = {
        "LocalPath": str(tmp_path / "out"),
        "HookParameters": {"train.save_interval": "2", "reductions": "l1,median"},
        "CollectionConfigurations": [
            {"CollectionName": "relu", "CollectionParameters": {"include_regex": "relu_output"}}
        ],
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    monkeypatch.setenv("SMDEBUG_CONFIG_FILE_PATH", str(path))
    hook = get_hook(create_if_not_exists=True)
    assert get_hook() is hook
    hook.set_mode(modes.TRAIN)
    training = Training(hook)
    for _ in range(3):
        training.step()
    hook.close()
    trial = create_trial(tmp_path / "out")
    assert trial.steps(mode=modes.TRAIN) == [0, 2]
    assert set(trial.tensor("relu_output_0").reduction_values(0)) == {("l1", False), ("median", False)}
    assert trial.tensor_names(collection="relu") == ["relu_output_0"]


def test_without_json_the_hook_has_its_defaults():
    assert get_hook() is None
    hook = Hook.create_from_json_file()
    assert hook.has_default_hook_configuration()
    assert get_hook() is hook
    other = Hook()
    assert get_hook() is other
    set_hook(other)
    with pytest.raises(FileNotFoundError):
        Hook.create_from_json_file("nowhere.json")


def test_a_trial_that_ends_first_takes_the_hook_along(local):
    with local.experiment("digits").trial("net"):
        hook = Hook(save_config=EVERY)
        training = Training(hook)
        train(training, 2)
    train(training, 2)
    hook.save_scalar("late", 1)
    assert create_trial(hook.out_dir).steps() == [0, 1]
    assert not training.net._forward_pre_hooks
