"""The training report tells what is stored, and nothing else."""

from __future__ import annotations

import pytest
from tests.kernel.debugger.recorded import record
from tests.kernel.debugger.reports.test_frame import Reader
from tests.kernel.debugger.reports.trained import NASTY, watched

from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.drawing import label
from labdeck.debugger.reports.parts import Figure, Table, Text
from labdeck.debugger.reports.training_report import _judge_loss

EVERY = [
    "summary", "loss", "metrics", "findings", "rules", "gradients", "weights", "updates", "activations", "rates",
    "model", "recordings", "cost",
]  # fmt: skip


@pytest.fixture
def trial(experiment):
    with experiment.trial("cnn") as trial:
        trial.log_params(lr=0.1, name=NASTY)
        for step in range(10):
            trial.log({"accuracy": step / 10, NASTY: 1.0}, step=step)
        watched(trial)
    return trial


def texts(section):
    return " ".join(part.text for part in section.parts if isinstance(part, Text))


def table(section):
    return next(part for part in section.parts if isinstance(part, Table))


def test_it_has_every_section(experiment, trial):
    report = make_report(experiment.session, trial.id)
    assert [section.key for section in report.sections] == EVERY
    assert report.title == "Training of digits / cnn"


def test_it_tells_what_was_recorded(experiment, trial):
    report = make_report(experiment.session, trial.id)
    summary = {row[0]: row[1] for row in table(report["summary"]).rows}
    assert summary["steps of TRAIN"] == 30
    assert summary["steps of EVAL"] == 3
    assert summary["numbers in Net"] == 16
    assert summary["lr"] == 0.1
    names = [trace["name"] for part in report["loss"].parts if isinstance(part, Figure) for trace in part.data]
    assert names == ["loss (TRAIN)", "loss (EVAL)"]
    held = report["loss"].parts[0].data[1]
    assert held["x"].tolist() == [9, 19, 29], "over the training steps before each evaluation"
    assert held["y"].tolist() == pytest.approx([0.25, 0.125, 2.5 / 30])
    assert "fell from" in texts(report["loss"])
    assert [trace["name"] for trace in report["metrics"].parts[0].data] == ["accuracy", label(NASTY)]
    assert table(report["weights"]).rows[0][0] == "fc1.weight"
    assert table(report["model"]).rows[0] == ("fc1", "Linear", "fc1.weight 4×3", "float32", 12)
    assert "save=" in texts(report["activations"]), "what was not recorded says how to record it"


def test_it_tells_what_rules_found(experiment, trial):
    report = make_report(experiment.session, trial.id)
    found = {(row[0], row[6]) for row in table(report["findings"]).rows}
    assert ("VanishingGradient", f"gradient/{NASTY}.weight") in found
    assert ("ExplodingTensor", f"gradient/{NASTY}.weight") in found
    assert "VanishingGradient: use ReLU-like" in texts(report["findings"])
    rules = {row[0]: row for row in table(report["rules"]).rows}
    assert rules["VanishingGradient"][4] >= 1
    assert "threshold=1e-07" in rules["VanishingGradient"][3]
    cost = table(report["cost"]).rows[0]
    assert cost[0] == "Net"
    assert cost[4] > 0


def test_names_are_text_wherever_they_stand(experiment, trial):
    page = Reader(make_report(experiment.session, trial.id).html())
    assert page.elements.count("b") == 0
    assert page.elements.count("script") == len(page.plots) + 2
    assert all("<" not in str(trace.get("name", "")) for plot in page.plots for trace in plot["data"])
    rows = [
        name for plot in page.plots for trace in plot["data"] for name in trace.get("y", []) if isinstance(name, str)
    ]
    assert rows
    assert not any("<" in name for name in rows)


def test_flight_recordings_are_listed(experiment):
    with experiment.trial("cnn") as trial:
        found = record(experiment.session, trial.id)
    report = make_report(experiment.session, trial.id)
    assert table(report["recordings"]).rows == [(found.recording, "ExplodingTensor", 17, 19, 3)]
    assert len(table(report["gradients"]).rows) == 3


def test_a_trial_of_which_nothing_is_known_has_advice(experiment):
    with experiment.trial("empty") as trial:
        pass
    report = make_report(experiment.session, trial.id)
    assert "metrics" not in [section.key for section in report.sections]
    assert "labdeck.watch" in texts(report["loss"])
    assert "found nothing wrong" in texts(report["findings"])


def test_a_training_that_goes_on_has_a_report(experiment):
    with experiment.trial("now") as trial:
        watched(trial, steps=5)
        summary = {row[0]: row[1] for row in table(make_report(experiment.session, trial.id)["summary"]).rows}
        assert summary["took"] == "it goes on"


@pytest.mark.parametrize(
    ("train", "held", "said"),
    [
        ([2.0, 1.0, 0.5], [], "fell from 2 to 0.5"),
        ([1.0, 1.0, 1.0], [], "stood still"),
        ([1.0, 2.0, 3.0], [], "rose from 1 to 3"),
        ([1.0, 0.01, 0.9], [], "it diverged since"),
        ([1.0, float("nan"), 0.5], [], "At 1 steps the training loss is not a finite number"),
        ([2.0, 1.0, 0.5], [0.9], "fits the training data more than the rest"),
        ([2.0, 1.0, 0.5], [0.51], "+2 % against the training loss"),
    ],
)
def test_the_course_of_the_loss_is_judged(train, held, said):
    import numpy as np

    courses = {"TRAIN": np.array(train)} | ({"EVAL": np.array(held)} if held else {})
    assert said in " ".join(part.text for part in _judge_loss(courses))
