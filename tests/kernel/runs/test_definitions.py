"""Metrics read off what is printed."""

# ruff: noqa: T201 - what is printed is what these tests are about
import re
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.errors import InvalidName, UsageError
from labdeck.runs.definitions import Definition, to_definitions

SAGEMAKER = [{"Name": "train:loss", "Regex": "Train Loss: (.*?);"}, {"Name": "test:acc", "Regex": r"acc=([0-9.]+)%"}]


def test_printed_metrics_are_logged(experiment):
    with experiment.trial("a", metric_definitions=SAGEMAKER) as trial:
        for epoch in range(3):
            print(f"Epoch {epoch}; Train Loss: {1 / (epoch + 1)}; acc={90 + epoch}%")
        print("nothing here")
        trial.define_metrics({"test:acc": "accuracy is (.*)", "lr": "lr (.*)"})
        print("accuracy is nan, lr 1e-3")
        print("accuracy is 7")
    assert trial.history("train:loss").values.tolist() == [1.0, 1 / 2, 1 / 3]
    assert trial.history("train:loss").steps.tolist() == [0, 1, 2]
    assert trial.history("test:acc").values.tolist() == [90.0, 91.0, 92.0, 7.0]
    assert trial.history("lr").values.tolist() == [0.001]


def test_what_is_no_number_is_told_once_and_the_rest_read(experiment):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with experiment.trial("a", metric_definitions={"loss": "loss=(.*)"}) as trial:
            for said in ("loss=high", "loss=0.5", "loss=low", "loss=0.25"):
                print(said)
    assert [str(warning.message) for warning in told] == ["Labdeck: the metric 'loss' is not read: 'high' is no number"]
    assert trial.history("loss").values.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("loss: (.*)", UsageError, "given as str"),
        (7, UsageError, "given as int"),
        ([{"Name": "loss"}], UsageError, "Regex"),
        ([{"Name": "loss", "Regex": "loss"}], UsageError, "no group"),
        ([{"Name": "loss", "Regex": "loss: (.*"}], UsageError, "is none"),
        ([{"Name": "loss", "Regex": 5}], UsageError, "given as int"),
        ([{"Name": "", "Regex": "(.*)"}], InvalidName, "empty"),
    ],
)
def test_mistakes_are_told_before_the_trial_begins(experiment, given, error, said):
    with pytest.raises(error, match=said):
        experiment.trial("a", metric_definitions=given)
    assert experiment.trials() == []


@pytest.mark.parametrize("regex", ["(a+)+b", "(a|a)*b", "(a+)+$", "(a*)*b", r"(a{1,30}){1,30}b", "(.*)(.*)(.*)(.*)b"])
def test_an_expression_that_would_take_for_ever_is_switched_off(regex):
    definition = Definition("loss", regex)
    finished = threading.Event()

    def read():
        definition.read("a" * 5000 + "!")
        finished.set()

    threading.Thread(target=read, daemon=True).start()
    assert finished.wait(60)
    assert definition.is_off
    assert "too long" in definition.trouble
    assert definition.read("aab") is None


@given(st.text(max_size=80), st.floats(allow_nan=False))
def test_a_value_is_what_re_finds(before, value):
    line = f"{before} loss: {value}; acc: 1"
    pattern = r"loss: (\S+);"
    (definition,) = to_definitions({"loss": pattern})
    found = re.search(pattern, line)
    assert (definition.read(line) is None) == (found is None)
    if found and "loss" not in before:
        assert definition.read(line) == value


def test_only_the_beginning_of_a_line_counts():
    (definition,) = to_definitions({"loss": "loss=([0-9]+)"})
    assert definition.read("x" * 1010 + "loss=1") == 1.0
    assert definition.read("x" * 1024 + "loss=1") is None
