"""What a user wants recorded: read as it is meant, refused in one line where it has no sense."""

from __future__ import annotations

import pytest

from labdeck.debugger.collections import BUILT_IN, SCALARS, USUAL
from labdeck.debugger.saving import to_savings
from labdeck.debugger.schedules import EVERY, Schedule
from labdeck.errors import UsageError
from labdeck.store.tensors.layout import TensorInfo


def by_name(save):
    return {saving.collection: saving for saving in to_savings(save)}


def test_the_default_records_scalars_and_the_usual_reductions_of_what_is_trained():
    found = by_name(None)
    assert set(found) == {name for name, built_in in BUILT_IN.items() if built_in.saved}
    assert {"losses", "weights", "biases", "gradients", "updates", "learning_rates"} <= set(found)
    assert found["weights"].reductions == USUAL
    assert dict(found["weights"].schedules) == {"TRAIN": EVERY, "GLOBAL": EVERY}
    assert not any(saving.asked or saving.arrays for saving in found.values())
    assert by_name(True) == found


def test_false_records_nothing_and_an_empty_dict_scalars_alone():
    assert to_savings(False) == ()
    assert set(by_name({})) == {name for name in SCALARS if BUILT_IN[name].saved}
    assert "losses" not in by_name({"losses": False})


@pytest.mark.parametrize("save", ["weights, gradients", ["weights", "gradients"], {"weights": True, "gradients": {}}])
def test_names_alone_mean_the_usual_reductions(save):
    found = by_name(save)
    assert found["weights"].asked
    assert found["gradients"].reductions == USUAL
    assert "biases" not in found
    assert "losses" in found


def test_settings_are_taken_as_they_are_meant():
    found = by_name(
        {
            "gradients": {"interval": 5, "reductions": "mean, l2", "eval": {"steps": [3]}},
            "weights": {"arrays": True},
            "biases": {"arrays": True, "reductions": ["max"]},
            "mine": {"regex": ["^conv", "fc$"], "names": "odd"},
            "layers": {"modules": ["layer4.*"], "inputs": True},
            "outputs": ["mean"],
        }
    )
    assert found["gradients"].reductions == ("mean", "l2")
    assert found["gradients"].schedules["TRAIN"] == Schedule(5)
    assert found["gradients"].schedules["EVAL"] == Schedule(0, steps=frozenset({3}))
    assert (found["weights"].reductions, found["weights"].arrays) == ((), True)
    assert (found["biases"].reductions, found["biases"].arrays) == (("max",), True)
    assert found["outputs"].reductions == ("mean",)
    assert (found["layers"].modules, found["layers"].inputs, found["layers"].outputs) == (("layer4.*",), True, False)
    held = [name for name in ("conv1.weight", "2.conv", "fc", "odd", "b") if found["mine"].holds(TensorInfo(name))]
    assert held == ["conv1.weight", "fc", "odd"]


@pytest.mark.parametrize(
    "save",
    [
        7,
        {"gradients": 7},
        {"gradients": {"often": True}},
        {"gradients": {"reductions": "middle"}},
        {"gradients": {"interval": 0}},
        {"gradients": {"train": 3}},
        {"nothing like it": True},
        "nothing like it",
        {"mine": {"regex": "("}},
        {"": True},
    ],
)
def test_what_has_no_sense_is_refused_in_one_line(save):
    with pytest.raises(UsageError) as found:
        to_savings(save)
    assert "\n" not in str(found.value)
    assert found.value.remedy
