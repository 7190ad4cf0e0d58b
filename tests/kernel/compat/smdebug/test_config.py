"""When and what a hook saves: schedules, reductions, collections, and the JSON that says so."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.compat.smdebug import exceptions
from labdeck.compat.smdebug.collection import Collection, CollectionManager
from labdeck.compat.smdebug.exceptions import SMDebugTypeError, SMDebugValueError
from labdeck.compat.smdebug.json_config import config_path, hook_arguments, read_config
from labdeck.compat.smdebug.mode_keys import ModeKeys, modes, str_to_mode_keys
from labdeck.compat.smdebug.patterns import is_harmless, matches, matches_harmlessly
from labdeck.compat.smdebug.reduction_config import ALLOWED_NORMS, ALLOWED_REDUCTIONS, ReductionConfig, to_bool
from labdeck.compat.smdebug.reductions import (
    get_numpy_reduction,
    get_reduction_tensor_name,
    reverse_reduction_tensor_name,
)
from labdeck.compat.smdebug.save_config import SaveConfig, SaveConfigMode
from labdeck.errors import LabdeckError

NAMES = [*ALLOWED_REDUCTIONS, *ALLOWED_NORMS]


@pytest.mark.parametrize(
    ("config", "saved"),
    [
        (SaveConfigMode(), [0, 500]),
        (SaveConfigMode(save_interval=250), [0, 250, 500]),
        (SaveConfigMode(save_interval="200", end_step="401"), [0, 200, 400]),
        (SaveConfigMode(save_interval=200, end_step=400), [0, 200]),
        (SaveConfigMode(save_interval=200, start_step=150), [200, 400]),
        (SaveConfigMode(save_steps=[3, 7]), [3, 7]),
        (SaveConfigMode(save_steps="3, 7"), [3, 7]),
        (SaveConfigMode(save_interval=400, save_steps=[3]), [0, 3, 400]),
        (SaveConfigMode(save_steps=[3], start_step=400), [3, 500]),
        (SaveConfigMode(end_step=0), []),
    ],
)
def test_which_steps_are_saved(config, saved):
    assert [step for step in range(501) if config.should_save_step(step)] == saved
    assert SaveConfigMode.from_dict(json.loads(json.dumps(config.to_json_dict()))) == config


@pytest.mark.parametrize("word", [{"save_interval": 0}, {"save_interval": "x"}, {"start_step": -1}, {"save_steps": 3}])
def test_a_schedule_that_cannot_be_is_refused(word):
    with pytest.raises(SMDebugValueError):
        SaveConfigMode(**word)


def test_schedules_of_modes():
    config = SaveConfig({modes.TRAIN: SaveConfigMode(save_interval=2)})
    with pytest.raises(SMDebugValueError, match="EVAL"):
        config.should_save_step(modes.EVAL, 0)
    config.merge_default_save_config(SaveConfig(save_interval=3))
    assert config.should_save_step(modes.TRAIN, 2)
    assert not config.should_save_step(modes.EVAL, 2)
    assert SaveConfig.from_json(config.to_json()) == config
    assert SaveConfig.parse({"TRAIN": {"save_interval": 2}}).should_save_step(modes.TRAIN, 4)
    assert SaveConfig.parse(SaveConfigMode(save_interval=7)).get_save_config(modes.EVAL).save_interval == 7
    for wrong in ({"TRAIN": SaveConfigMode()}, {modes.TRAIN: 3}):
        with pytest.raises(SMDebugValueError):
            SaveConfig(wrong)
    with pytest.raises(SMDebugTypeError):
        SaveConfig.parse(3)


def test_reductions_as_the_documentation_lists_them():
    config = ReductionConfig.from_dict(
        {"reductions": "min,median,l1,abs_l2_norm,abs_mean,l2_norm", "save_raw_tensor": "true"}
    )
    assert config == ReductionConfig(["min", "median"], ["mean"], ["l1", "l2"], ["l2"], save_raw_tensor=True)
    assert config.wanted() == [
        ("min", False),
        ("median", False),
        ("l1", False),
        ("l2", False),
        ("mean", True),
        ("l2", True),
    ]
    assert ReductionConfig.from_json(config.to_json()) == config
    for wrong in ({"reductions": ["mode"]}, {"norms": ["mean"]}, {"save_shape": "maybe"}):
        with pytest.raises(SMDebugValueError):
            ReductionConfig(**wrong)


@given(st.lists(st.sampled_from(NAMES)), st.lists(st.sampled_from(NAMES)), st.booleans(), st.booleans())
def test_reductions_come_back_from_json(plain, absolute, raw, shape):
    config = ReductionConfig(plain, absolute, save_raw_tensor=raw, save_shape=shape)
    assert ReductionConfig.from_json(config.to_json()) == config
    assert set(config.wanted()) == {(name, False) for name in plain} | {(name, True) for name in absolute}


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=12),
    absolute=st.booleans(),
    dtype=st.sampled_from(["float32", "float64", "int64"]),
)
def test_reductions_against_slow_code(values, absolute, dtype):
    array = np.array(values).astype(dtype)
    numbers = [abs(float(value)) if absolute else float(value) for value in array]
    mean = sum(numbers) / len(numbers)
    ordered = sorted(numbers)
    told = {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "median": (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2,
        "variance": sum((number - mean) ** 2 for number in numbers) / len(numbers),
        "std": (sum((number - mean) ** 2 for number in numbers) / len(numbers)) ** 0.5,
        "sum": sum(numbers),
        "l1": sum(map(abs, numbers)),
        "l2": sum(number**2 for number in numbers) ** 0.5,
    }
    scale = max(map(abs, numbers)) or 1.0
    for name, wanted in told.items():
        found = float(get_numpy_reduction(name, array, absolute))
        allowed = 1e-4 * scale * (scale if name == "variance" else 1) * len(numbers)
        assert abs(found - wanted) <= allowed, name


def test_reductions_of_what_is_special():
    assert get_numpy_reduction("prod", np.array([2.0, 3.0])) == 6
    assert get_numpy_reduction("sum", np.array([True, True])) == 2
    assert np.isnan(get_numpy_reduction("max", np.array([np.nan, 1])))
    assert get_numpy_reduction("sum", np.full(4000, 60, np.float16)) == 240_000
    assert get_numpy_reduction("sum", np.zeros(0)) == 0
    assert get_numpy_reduction("l2", np.array([[3.0, 0], [0, 4]])) == 5
    for wrong in (np.zeros(0), np.array(["a"])):
        with pytest.raises(SMDebugValueError):
            get_numpy_reduction("max", wrong)


@given(name=st.text(min_size=1), reduction=st.sampled_from(NAMES), absolute=st.booleans())
def test_names_of_reductions_lead_back(name, reduction, absolute):
    assert reverse_reduction_tensor_name(get_reduction_tensor_name(name, reduction, absolute)) == (
        name,
        reduction,
        absolute,
    )


def test_collections():
    relu = Collection("relu", ".*relu_output", ["a"], ReductionConfig(["mean"]), {modes.TRAIN: SaveConfigMode(2)})
    relu.include(["x", "y"])
    relu.add(["b", "c"])
    relu.remove_tensor_name("c")
    assert (relu.include_regex, relu.tensor_names) == ([".*relu_output", "x", "y"], {"a", "b"})
    assert Collection.from_json(relu.to_json()) == relu
    assert Collection.from_json(relu.to_json()) != Collection("relu")
    for wrong in (lambda: relu.include(3), lambda: relu.add(3), lambda: Collection("x", tensor_names="abc")):
        with pytest.raises(SMDebugTypeError):
            wrong()
    with pytest.raises(SMDebugTypeError):
        relu.reduction_config = "mean"
    for wrong in ({}, {"name": 1}, {"name": "a", "include_regex": [1]}):
        with pytest.raises(SMDebugValueError):
            Collection.from_dict(wrong)


def test_the_collections_of_a_hook():
    manager = CollectionManager({"losses": ["[Ll]oss"]})
    manager.add(Collection("mine"))
    manager.add("named")
    assert list(manager.get_collections()) == ["losses", "mine", "named"]
    assert manager.get("new") is manager.get("new")
    with pytest.raises(SMDebugValueError):
        manager.get("absent", create=False)
    with pytest.raises(SMDebugTypeError):
        manager.add(3)


CONFIG = {
    "LocalPath": "out",
    "HookParameters": {
        "save_interval": "10",
        "eval.save_interval": "1",
        "save_all": "False",
        "include_regex": "relu, tanh",
        "reductions": "mean,l1",
        "end_step": "100",
    },
    "CollectionConfigurations": [
        {"CollectionName": "gradients", "CollectionParameters": {"train.save_interval": "5", "save_shape": "true"}},
        {"CollectionName": "mine", "CollectionParameters": {"include_regex": "a,b", "save_histogram": "false"}},
        {"CollectionName": "losses", "CollectionParameters": None},
    ],
}


def test_a_hook_from_json(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    arguments, collections = hook_arguments(read_config(config_path(path)))
    assert arguments["out_dir"] == "out"
    assert arguments["include_regex"] == ["relu", "tanh"]
    assert arguments["include_collections"] == ["gradients", "mine", "losses"]
    assert arguments["reduction_config"] == ReductionConfig(["mean"], norms=["l1"])
    assert arguments["save_all"] is False
    config = arguments["save_config"]
    assert [config.get_save_config(mode).save_interval for mode in ModeKeys] == [10, 1, 10, 10]
    gradients, mine, losses = collections
    assert [gradients.save_config.get_save_config(mode).save_interval for mode in ModeKeys] == [5, 1, 10, 10]
    assert gradients.save_config.get_save_config(modes.TRAIN).end_step == 100
    assert gradients.reduction_config == ReductionConfig(save_shape=True)
    assert (mine.include_regex, mine.save_histogram) == (["a", "b"], False)
    assert losses.reduction_config is None


def test_configurations_that_cannot_be_are_refused(tmp_path, monkeypatch):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    listed = tmp_path / "list.json"
    listed.write_text("[]")
    for path in (broken, listed):
        with pytest.raises(SMDebugValueError):
            read_config(path)
    for wrong in (
        {"HookParameters": []},
        {"CollectionConfigurations": {"a": 1}},
        {"CollectionConfigurations": [{}]},
        {"HookParameters": {"save_interval": "often"}},
        {"HookParameters": {"reductions": "mode"}},
    ):
        with pytest.raises(SMDebugValueError):
            hook_arguments(wrong)
    with pytest.raises(FileNotFoundError):
        config_path(tmp_path / "nowhere.json")
    monkeypatch.setenv("SMDEBUG_CONFIG_FILE_PATH", str(broken))
    assert config_path() == broken
    monkeypatch.delenv("SMDEBUG_CONFIG_FILE_PATH")
    assert config_path() is None


def test_truth_values_that_are_written_out():
    assert [to_bool(value, "x") for value in (True, "TRUE", "1", "no", "", None)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(SMDebugValueError):
        to_bool("maybe", "x")


def test_expressions_that_may_take_for_ever_are_known():
    assert all(
        map(
            is_harmless,
            ["^(?!gradient).*weight", "[Ll]oss_(?!input).*output", ".*a|.*b.*c", "^[a-z]+-[a-z]+$", "(ab)?"],
        )
    )
    assert not any(map(is_harmless, ["(a+)+", "(a|a)*b*c*d*e", "((x*)*)*", "a*a*a*a*", "(", "x" * 2000, "(.*a){25}"]))
    assert matches("aab", ["b$"])
    assert not matches_harmlessly("a" * 301, ["a"])
    with pytest.raises(SMDebugValueError):
        matches("a", ["("])


def test_modes_by_name():
    assert str_to_mode_keys("train") is modes.TRAIN
    with pytest.raises(ValueError, match="no mode"):
        str_to_mode_keys("TRAIN")


def test_errors_are_one_line_and_go_through_processes():
    made = [
        exceptions.StepUnavailable(3, modes.TRAIN),
        exceptions.TensorUnavailableForStep("w", 3, modes.EVAL, has_reductions=True),
        exceptions.NoMoreData(3, modes.GLOBAL, 1),
        exceptions.RuleEvaluationConditionMet("Rule", 3),
        exceptions.InsufficientInformationForRuleInvocation("Rule", "why"),
        exceptions.InvalidCollectionConfiguration("mine"),
        exceptions.NoMoreProfilerData(4),
        exceptions.MissingCollectionFiles(),
        exceptions.InvalidWorker("w"),
    ]
    for error in made:
        assert isinstance(error, LabdeckError)
        assert "\n" not in str(error)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
