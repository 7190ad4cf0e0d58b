"""What rules find, for stories of the browser."""

from __future__ import annotations

import time
from collections.abc import Iterator

from playwright.sync_api import Locator
from tests.e2e import seeds
from tests.e2e.lab_page import LabPage

from labdeck import Studio, Trial
from labdeck.store.ids import new_id
from labdeck.wire.commands import PutFinding, PutRules, PutWatch
from labdeck.wire.debugging import FindingRecord, RuleRecord, WatchRecord


def finding(trial: Trial, step: int, rule: str = "VanishingGradient", **more: object) -> FindingRecord:
    """A finding as a rule would make it."""
    now = time.time()
    values: dict[str, object] = {
        "id": new_id(),
        "trial_id": trial.id,
        "rule": rule,
        "severity": "warning",
        "mode": "TRAIN",
        "step": step,
        "last_step": step,
        "time": now,
        "last_time": now,
        "tensor": "gradient/conv1.weight",
        "value": 3e-9,
        "threshold": 1e-7,
        "message": "the mean size of the gradient is below the threshold",
        "remedy": "use ReLU in place of sigmoid, or normalise the inputs",
    }
    return FindingRecord(**(values | more))  # type: ignore[arg-type]


def put(studio: Studio, *records: FindingRecord) -> None:
    studio.session.catalog.apply([PutFinding(finding=record) for record in records])


def watched(studio: Studio, trial: Trial) -> None:
    """Record what a debugger tells of itself."""
    rules = (
        RuleRecord(
            name="VanishingGradient",
            rule="VanishingGradient",
            state="firing",
            findings=7,
            params={"threshold": 1e-7, "tensor_regex": None},
        ),
        RuleRecord(name="DeadRelu", rule="DeadRelu", missing="it needs relu_outputs, and no tensor is among them"),
        RuleRecord(name="Mine", rule="Mine", state="failed", error="ZeroDivisionError: division by zero"),
    )
    watch = WatchRecord(name="Net", framework="torch", steps=60, recorded=60, tensors=6, step_time=10.4, cost=0.21)
    studio.session.catalog.apply([PutRules(trial_id=trial.id, rules=rules), PutWatch(trial_id=trial.id, watch=watch)])


def running_trial(studio: Studio) -> Iterator[Trial]:
    """A trial that runs, beside two that are over."""
    seeds.digits(studio, 2, 5)
    trial = studio.experiment("digits").trial("cnn-deep").start()
    for step in range(60):
        trial.log({"train:loss": 2.3 - step / 1000}, step=step)
    studio.session.flush()
    yield trial
    trial.finish()


def rows(lab: LabPage) -> Locator:
    return lab.sidebar.get_by_role("option")


def badge(lab: LabPage) -> Locator:
    return lab.sidebar.locator(".jp-Labdeck-badge")
