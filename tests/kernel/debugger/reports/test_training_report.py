"""The training report tells what is stored, and nothing else."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest
from tests.kernel.debugger.recorded import record
from tests.kernel.debugger.reports.test_frame import Reader
from tests.kernel.debugger.reports.trained import NASTY, watched

from labdeck.debugger.hub import Hub
from labdeck.debugger.reports import make_report
from labdeck.debugger.reports.drawing import label
from labdeck.debugger.reports.parts import Figure, Table, Text
from labdeck.debugger.reports.training_report import _judge_loss
from labdeck.store.ids import new_id
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.layout import TensorInfo
from labdeck.wire.commands import PutFinding
from labdeck.wire.debugging import FindingRecord

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
    assert table(report["recordings"]).rows == [(found.recording, "ExplodingTensor", "TRAIN 17 to 19", 3)]
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
        ([1.0, float("nan"), 0.5], [], "At 1 step of 3 the training loss is not a finite number"),
        ([2.0, 1.0, float("nan")], [], "It was none after 2 recorded steps, to the end"),
        ([2.0, 1.0, float("nan")], [], "Up to there the training loss had fallen from 2 to 1"),
        ([float("inf")] * 3, [], "It was none from the first step on"),
        ([4.0] * 10 + [2.0] * 10, [], "from 4 to 2 (means of the first and the last 2 steps), by 50 %"),
        ([2.0, 1.0, 0.5], [0.9], "fits the training data more than the rest"),
        ([2.0, 1.0, 0.5], [0.51], "+2 % against the training loss"),
    ],
)
def test_the_course_of_the_loss_is_judged(train, held, said):
    courses = {"TRAIN": np.array(train)} | ({"EVAL": np.array(held)} if held else {})
    assert said in " ".join(part.text for part in _judge_loss(courses))


def test_a_training_that_broke_gets_no_good_word():
    said = _judge_loss({"TRAIN": np.array([2.0, 1.0, 0.5, np.nan]), "EVAL": np.array([0.4])})
    assert [part.tone for part in said] == ["bad", "bad", "plain"]


def test_a_step_without_a_loss_is_no_broken_one(experiment):
    with experiment.trial("half") as trial:
        hub = Hub(trial, name="Net", framework="arrays", rules=(), budget=None)
        hub.describe([TensorInfo("loss", ("losses",))])
        for step in range(10):
            if step % 2:
                hub.scalar("loss", float("nan") if step == 3 else 1.0 / step)
            plan = hub.due("TRAIN")
            hub.take("TRAIN", plan, np.full(plan.layout.width, np.nan)) if plan else hub.skip("TRAIN")
        hub.close()
    said = texts(make_report(experiment.session, trial.id)["loss"])
    assert "At 1 step of 5 the training loss is not a finite number" in said


def test_what_evaluations_show_stands_at_the_training_step_before_them(experiment):
    with experiment.trial("cnn") as trial:
        watched(trial)
        found = FindingRecord(
            id=new_id(), trial_id=trial.id, rule="NaNOrigin", severity="error", mode="EVAL", step=2, last_step=2,
            time=time.time(), last_time=time.time(), message="NaN",
        )  # fmt: skip
        lost = msgspec.structs.replace(found, id=new_id(), rule="Lost", step=77)
        experiment.session.catalog.apply([PutFinding(finding=found), PutFinding(finding=lost)])
    parts = make_report(experiment.session, trial.id)["findings"].parts
    (figure,) = [part for part in parts if isinstance(part, Figure)]
    places = {y: x for trace in figure.data for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert places["NaNOrigin"] == 29
    assert places["Lost"] == 29, "one whose step was not recorded stands where its time is"


def test_a_recording_of_two_modes_tells_the_steps_of_each(experiment):
    blocks = {"w": to_block(np.zeros((2, 2), np.float32))}
    moments = [Moment("TRAIN", step, step, 1000.0 + step) for step in (12, 13)] + [Moment("EVAL", 0, 14, 1014.0)]
    with experiment.trial("cnn") as trial:
        record(experiment.session, trial.id)
        writer = experiment.session.tensors.writer(trial.id)
        writer.recording(new_id(), [(moment, blocks) for moment in moments])
        writer.close()
    rows = table(make_report(experiment.session, trial.id)["recordings"]).rows
    assert ("TRAIN 12 to 13, EVAL 0", 3) in [row[2:] for row in rows]
