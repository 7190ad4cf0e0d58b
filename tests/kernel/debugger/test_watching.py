"""What the doors ask of the debugger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from labdeck.debugger import ArraysHook, Finding, Need, Rule, Window, paused, rules
from labdeck.debugger.pausing import forget
from labdeck.debugger.watching import describe, make
from labdeck.errors import Conflict, NotFound, TrainingStopped, UsageError
from labdeck.runs.trial import Trial
from labdeck.studio import Studio


@dataclass
class Small(Rule):
    """A loss is small: a rule of one's own."""

    limit: float = 0.3

    def needs(self) -> tuple[Need, ...]:
        """Need the losses."""
        return (Need(collection="losses"),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find small ones."""
        for name in window.select("losses"):
            if window.value(name) < self.limit:
                yield Finding("small", name, window.value(name), self.limit, severity="info")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio(tmp_path / "store") as opened:
        yield opened


def train(hook: ArraysHook, steps: int = 6) -> None:
    """Record a loss that falls and a gradient that vanishes."""
    for step in range(steps):
        hook.save_tensor("gradient/w", np.full(3, 10.0 ** -(2 * step)))
        hook.save_scalar("loss", 1.0 / (step + 1), "losses")
        hook.step()


@pytest.fixture
def trial(studio: Studio) -> Trial:
    watching = [rules.VanishingGradient(threshold=1e-5), Small()]
    with studio.experiment("digits").trial("linear") as trial, ArraysHook(name="linear", rules=watching) as hook:
        train(hook)
    return trial


def test_how_the_watching_of_a_trial_went(studio: Studio, trial: Trial) -> None:
    debugger = studio.debugger
    report = debugger.status(trial.id, note="ended")
    assert [(watch.name, watch.state, watch.steps) for watch in report.detail.watches] == [("linear", "off", 6)]
    assert {found.rule: (found.step, found.last_step) for found in report.findings} == {
        "VanishingGradient": (3, 5),
        "Small": (3, 5),
    }
    assert (report.total, report.note) == (2, "ended")
    assert debugger.findings(trial_id=trial.id, limit=1).total == 2
    debugger.dismiss(report.findings[0].id)
    assert debugger.findings(trial_id=trial.id).total == 1
    debugger.dismiss(report.findings[0].id, dismissed=False)
    assert debugger.findings(trial_id=trial.id).total == 2
    with pytest.raises(NotFound):
        debugger.status("0" * 32)


def test_a_recorded_trial_is_judged_by_its_own_rules_or_by_others(studio: Studio, trial: Trial) -> None:
    debugger = studio.debugger
    again = debugger.judge(trial.id)
    assert [(rule.rule, rule.params["threshold"]) for rule in again.rules] == [("VanishingGradient", 1e-5)]
    assert [(found.rule, found.step, found.count) for found in again.findings] == [("VanishingGradient", 3, 3)]
    (found,) = debugger.judge(trial.id, [Small(limit=0.21)]).findings
    assert (found.step, found.last_step, found.trial_id) == (4, 5, trial.id)
    assert debugger.judge(trial.id, ["vanishinggradient"]).findings[0].threshold == 1e-7
    assert debugger.findings(trial_id=trial.id).total == 2, "nothing is stored"
    with studio.experiment("digits").trial("empty") as empty:
        pass
    with pytest.raises(NotFound, match="no tensors were recorded"):
        debugger.judge(empty.id)


def test_only_what_runs_can_be_asked(studio: Studio, trial: Trial) -> None:
    debugger = studio.debugger
    with pytest.raises(Conflict, match="does not run"):
        debugger.ask(trial.id, "stop")
    with studio.experiment("digits").trial("running") as running:
        with pytest.raises(UsageError, match="choose from stop, pause"):
            debugger.ask(running.id, "dance")  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="no rule 'Overfit'"):
            debugger.ask(running.id, "rule-off", "Overfit")
        asked = debugger.ask(running.id, "pause")
        assert studio.session.catalog.requests(running.id) == (asked,)


def test_rules_are_added_to_and_taken_from_what_is_watched_here(studio: Studio) -> None:
    debugger = studio.debugger
    with studio.experiment("digits").trial("running"), ArraysHook(name="linear", rules=()) as hook:
        assert [hub.name for hub in debugger.hubs()] == ["linear"]
        assert debugger.add(Small(limit=2.0).then("stop")) == ("Small",)
        hook.save_scalar("loss", 5.0, "losses")
        hook.step()
        hook.save_scalar("loss", 1.0, "losses")
        with pytest.raises(TrainingStopped, match="Small at step 1"):
            hook.step()
        assert debugger.remove("small") == 1
        hook.save_scalar("loss", 1.0, "losses")
        hook.step()
        assert debugger.remove("small") == 0
    assert debugger.hubs() == ()


def test_reports_are_kept_with_the_trial(studio: Studio, trial: Trial) -> None:
    kept = studio.debugger.report(trial.id)
    assert (kept.kind, kept.trial.id) == ("training", trial.id)
    names = {artifact.name for artifact in studio.trial_detail(trial.id).artifacts}
    assert {kept.page.name, kept.notebook.name} <= names
    with pytest.raises(UsageError):
        studio.debugger.report(trial.id, "poem")


def test_what_can_be_said_of_a_rule() -> None:
    kind = describe(Small)
    assert (kind.name, kind.params, kind.needs) == ("Small", {"limit": 0.3}, ("losses",))
    assert all(describe(rule).description for rule in rules.all())


def test_rules_are_made_of_what_people_write() -> None:
    assert make("vanishinggradient", {"threshold": "1e-4"}).params() == {"threshold": 1e-4}
    assert make(Small, {"limit": "2"}).params() == {"limit": 2.0}
    given = Small()
    assert make(given) is given
    with pytest.raises(UsageError, match="takes no parameters"):
        make(given, {"limit": 1})
    with pytest.raises(UsageError, match="no rule"):
        make(dict)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="did you mean"):
        make("VanishingGradiant")


def test_nothing_is_paused_before_something_is() -> None:
    forget()
    with pytest.raises(NotFound, match="no training of this process is paused"):
        paused()
