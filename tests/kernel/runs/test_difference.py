"""Differences of environments, parameters and metrics."""

from __future__ import annotations

import pytest

from labdeck.errors import NotFound
from labdeck.runs.difference import compare_environments
from labdeck.wire.records import Capture, TrialDetail, TrialRecord


def detail(number, *captures):
    trial = TrialRecord(
        id=f"{number:032x}", experiment_id="e" * 32, experiment="e", name=f"t{number}", number=number,
        state="completed", started=0.0,
    )  # fmt: skip
    return TrialDetail(trial=trial, captures=captures)


def packages(**versions):
    return Capture(kind="packages", body={"python": "3.12.1", "executable": "/bin/python", "packages": versions})


def machine(**facts):
    return Capture(kind="machine", body={"host": "a", "cores": 2, "accelerators": [], **facts})


def test_packages_python_and_machine():
    before = detail(1, packages(numpy="1", torch="2"), machine(memory=8 << 30))
    after = detail(2, packages(numpy="2", pandas="3"), machine(memory=16 << 30, accelerators=["H200"]))
    found = compare_environments(before, after)
    assert [(row.kind, row.name, row.before, row.after) for row in found.rows] == [
        ("package", "numpy", "1", "2"),
        ("package", "pandas", None, "3"),
        ("package", "torch", "2", None),
        ("machine", "accelerators", "none", "H200"),
        ("machine", "memory", "8.0 GiB", "16.0 GiB"),
    ]
    assert (found.status, found.equal) == ("different", 4)
    assert len(compare_environments(before, after, equal=True).rows) == 9


def test_the_same_and_what_was_not_recorded():
    one = detail(1, packages(numpy="1"), machine())
    assert compare_environments(one, one).status == "same"
    found = compare_environments(one, detail(2))
    assert (found.status, found.missing, found.rows) == ("unrecorded", (f"{2:032x}",), ())


def test_a_damaged_record_is_no_harm():
    odd = detail(1, Capture(kind="packages", body={"packages": [1]}), Capture(kind="machine", body={"memory": "x"}))
    assert compare_environments(odd, detail(2, packages(numpy="1"), machine())).status == "different"


def test_between_two_trials_of_a_store(studio, experiment):
    trials = []
    for lr, note in ((0.1, "x"), (0.2, "x")):
        with experiment.trial(params={"lr": lr, "note": note, "flag": lr > 0.1}) as trial:
            trial.log(loss=lr)
        trials.append(trial)
    found = trials[0].difference(trials[1])
    assert [(row.name, row.before, row.after) for row in found.params] == [
        ("lr", "0.1", "0.2"), ("flag", "false", "true"),
    ]  # fmt: skip
    assert [(row.name, row.before, row.after) for row in found.metrics] == [("loss", "0.1", "0.2")]
    assert found.environment.status == "same"
    assert found == studio.comparing.difference(trials[0].id, trials[1].id)
    assert trials[0].difference(trials[0]).params == ()
    with pytest.raises(NotFound):
        studio.comparing.difference(trials[0].id, "0" * 32)
