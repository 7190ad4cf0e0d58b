"""Rules run over steps: what they find is kept, and nothing they do reaches the training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from tests.kernel.findings.rules import Above, Total
from tests.kernel.findings.told import TRIAL, Told, run

from labdeck.errors import NotFound, TrainingStopped, UsageError
from labdeck.findings.actions.on_training import Checkpoint, StopTraining
from labdeck.findings.episodes import MOST
from labdeck.findings.rule import Finding, Need, Rule, Surroundings
from labdeck.findings.runner import Runner
from labdeck.findings.window import Window, window_of
from labdeck.wire.commands import AnyCommand, PutFinding, PutRules


def test_the_same_found_again_extends_the_finding_until_it_was_quiet() -> None:
    told = Told()
    run(told, Above(), losses=[0, 2, 0, 4, 0, 0, 0, 5]).conclude()
    first, second = told.findings
    assert (first.step, first.last_step, first.count, first.value) == (1, 3, 2, 2.0)
    assert (second.step, second.last_step, second.count, second.value) == (7, 7, 1, 5.0)
    assert (first.rule, first.tensor, first.threshold, first.remedy) == ("Above", "loss", 1.0, "make it smaller")
    (record,) = told.rules
    assert (record.state, record.findings, record.evaluations) == ("firing", 2, 8)
    assert record.params == {"limit": 1.0, "collection": "losses"}
    assert record.description == "A number is too large."


def test_what_is_new_is_told_in_the_same_step_and_what_goes_on_at_most_once_a_second() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above())
    begun = time.monotonic()
    for step in range(200):
        before = len(told.commands)
        runner.judge(window_of({"loss": float(step)}, step))
        if step == 2:
            assert [each.finding.step for each in told.commands[before:] if isinstance(each, PutFinding)] == [2]
    seconds = int(time.monotonic() - begun) + 1
    assert sum(isinstance(each, PutFinding) for each in told.commands) <= 1 + seconds
    assert sum(isinstance(each, PutRules) for each in told.commands) <= 1 + seconds
    runner.conclude()
    assert told.findings[0].count == 198


def test_a_rule_that_finds_every_tenth_step_goes_on_finding_the_same() -> None:
    @dataclass
    class Tenth(Above):
        """Looks at every tenth step."""

        def rhythm(self) -> int:
            return 10

        def judge(self, window: Window) -> Iterator[Finding]:
            return super().judge(window) if window.step % 10 == 0 else iter(())

    told = Told()
    run(told, Tenth(), losses=[2.0] * 31 + [0.0] * 30 + [2.0] * 10).conclude()
    assert [(each.step, each.last_step, each.count) for each in told.findings] == [(0, 30, 4), (70, 70, 1)]


def test_a_rule_that_raises_is_switched_off_and_the_others_go_on() -> None:
    @dataclass
    class Broken(Above):
        """Breaks at the third step."""

        def judge(self, window: Window) -> Iterator[Finding]:
            if window.step == 2:
                raise ZeroDivisionError("by zero")
            return super().judge(window)

    told = Told()
    runner = run(told, Broken(), Above(), losses=[2.0] * 5)
    runner.conclude()
    broken, sound = told.rules
    assert (broken.state, broken.error, broken.evaluations) == ("failed", "ZeroDivisionError: by zero", 3)
    assert (sound.state, sound.evaluations) == ("firing", 5)
    assert {each.rule: each.count for each in told.findings} == {"Broken": 2, "Above": 5}


@pytest.mark.parametrize("wrong", ["text", None, 3])
def test_a_judgement_that_is_no_finding_fails_the_rule_alone(wrong: object) -> None:
    class Odd(Above):
        """Yields what is no finding."""

        def judge(self, window: Window) -> Iterator[Finding]:
            del window
            yield wrong  # type: ignore[misc]

    told = Told()
    run(told, Odd(), losses=[1.0]).conclude()
    assert told.rules[0].state == "failed"
    assert "yielded" in told.rules[0].error


def test_a_rule_that_returns_nothing_finds_nothing() -> None:
    class Silent(Above):
        """Forgets to yield."""

        def judge(self, window: Window) -> Iterator[Finding]:
            del window
            return None  # type: ignore[return-value]

    told = Told()
    run(told, Silent(), losses=[1.0]).conclude()
    assert (told.rules[0].state, told.findings) == ("watching", [])


def test_a_rule_that_finds_without_end_is_bounded() -> None:
    class Endless(Above):
        """Never stops."""

        def judge(self, window: Window) -> Iterator[Finding]:
            number = window.step * 1_000_000
            while True:
                number += 1
                yield Finding("again", f"tensor-{number}")

    told = Told()
    run(told, Endless(), losses=[1.0, 1.0]).conclude()
    assert len(told.findings) == MOST + 1
    assert [each.severity for each in told.findings][-1] == "info"
    assert "further ones are not kept" in told.findings[-1].message
    assert told.rules[0].state == "firing"


def test_what_a_rule_needs_and_no_step_had_is_said() -> None:
    told = Told()
    runner = run(told, Above(collection="relu_outputs"), Above(), losses=[0.5])
    lacking, fine = runner.records()
    assert "no tensor is in the collection 'relu_outputs'" in lacking.missing
    assert "save={'relu_outputs'" in lacking.missing
    assert (lacking.evaluations, fine.missing, fine.evaluations) == (0, "", 1)


@dataclass
class Whole(Rule):
    """Needs a reduction and, at evaluation, whole arrays."""

    def needs(self) -> tuple[Need, ...]:
        """Need both."""
        return (
            Need(collection="weights", reductions=("l2",), modes=("TRAIN",)),
            Need(collection="labels", arrays=True, modes=("EVAL",)),
            Need(regex="^never$", optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find nothing."""
        del window
        return iter(())


class Patterned(Above):
    """Needs tensors by patterns, and knows what it means that one finds none."""

    def needs(self) -> tuple[Need, ...]:
        return (Need(regex=r"^layer\d+\.out$"), Need(regex=r"gpu/\d$", otherwise="there is no GPU"))


def test_a_pattern_is_shown_as_it_was_written() -> None:
    runner = Runner(TRIAL, Told())
    runner.add(Patterned())
    runner.judge(window_of({"loss": 1.0}))
    assert runner.records()[0].missing == (
        r"no tensor is called like '^layer\d+\.out$' (labdeck.debugger.tree(model) shows the names there are)"
        "; there is no GPU"
    )


def test_missing_reductions_and_arrays_and_modes_are_told_apart() -> None:
    runner = Runner(TRIAL, Told())
    runner.add(Whole())
    assert runner.records()[0].missing == "", "nothing came yet"
    runner.judge(window_of({"w.weight": 0.5, "loss": 1.0}))
    assert "'l2' of the collection 'weights' is not recorded" in runner.records()[0].missing
    assert "no EVAL step" in runner.records()[0].missing
    runner.judge(window_of({"w.weight": np.ones(3)}))
    assert runner.records()[0].missing == "no EVAL step was recorded so far"
    runner.judge(window_of({"labels": 0.0}, mode="EVAL", collections={"labels": ("labels",)}))
    assert "the whole arrays of the collection 'labels' are not kept" in runner.records()[0].missing
    runner.judge(window_of({"labels": np.ones(3)}, mode="EVAL", collections={"labels": ("labels",)}))
    assert runner.records()[0].missing == ""


def test_needs_and_version_follow_the_rules_that_are_on() -> None:
    runner = Runner(TRIAL, Told())
    assert (runner.add(Above()), runner.add(Above), runner.add(Total())) == ("Above", "Above-2", "Total")
    assert runner.needs == (Need(collection="losses"),)
    version = runner.version
    runner.switch("Above", False)
    runner.switch("Above-2", False)
    runner.remove("Total")
    assert runner.version == version + 3
    assert runner.needs == ()
    runner.judge(window_of({"loss": 9.0}))
    assert [each.evaluations for each in runner.records()] == [0, 0]
    runner.switch("Above", True)
    runner.judge(window_of({"loss": 9.0}, 1))
    assert [(each.state, each.evaluations) for each in runner.records()] == [("firing", 1), ("off", 0)]
    with pytest.raises(NotFound, match="no rule is called 'Total'"):
        runner.switch("Total", True)


def test_a_rule_that_cannot_begin_is_one_line_for_the_user() -> None:
    class Demanding(Above):
        """Wants another trial."""

        def begin(self, surroundings: Surroundings) -> None:
            surroundings.other_trial("cnn-1")

    with pytest.raises(UsageError, match="Demanding cannot begin: there is no trial 'cnn-1'"):
        Runner(TRIAL, Told()).add(Demanding())


def test_replacing_a_rule_begins_its_state_anew_and_keeps_its_actions() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Total(limit=100), [StopTraining()], name="mine")
    runner.judge(window_of({"loss": 60.0}))
    runner.replace("mine", Total(limit=50))
    runner.judge(window_of({"loss": 40.0}, 1))
    with pytest.raises(TrainingStopped):
        runner.judge(window_of({"loss": 40.0}, 2))
    assert told.rules[0].name == "mine"


def test_the_end_tells_everything_and_actions_that_fail_are_told() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Total(limit=1), [Checkpoint()])
    runner.judge(window_of({"loss": 2.0}))
    runner.conclude()
    fired, summed = told.findings
    (outcome,) = fired.actions
    assert (outcome.name, outcome.done) == ("Checkpoint", False)
    assert "labdeck.watch" in outcome.message
    assert (summed.tensor, summed.value, summed.severity) == ("total", 2.0, "info")
    assert told.rules[0].report == {"total": 2.0}


def test_what_cannot_be_stored_warns_once_and_the_training_goes_on() -> None:
    def refuse(*_: AnyCommand) -> None:
        raise OSError("no space left")

    runner = Runner(TRIAL, refuse)
    runner.add(Above())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(5):
            runner.judge(window_of({"loss": 2.0 if step % 2 else 0.0}, step))
        runner.conclude()
    assert [str(each.message) for each in caught] == ["labdeck: findings cannot be stored: no space left"]


def test_the_flight_recording_is_kept_once_a_step_for_what_is_worse_than_info() -> None:
    kept = []

    def keep() -> str:
        kept.append(len(kept))
        return f"recording-{len(kept)}"

    told = Told()
    runner = Runner(TRIAL, told, recorder=keep)
    runner.add(Above())
    runner.add(Total(limit=1))
    for step, loss in enumerate([0.5, 3.0, 4.0]):
        runner.judge(window_of({"loss": loss}, step))
    runner.conclude()
    assert len(kept) == 1, "both found it in the same step, and went on finding it"
    assert {each.recording for each in told.findings if each.severity != "info"} == {"recording-1"}


def test_names_and_texts_that_no_store_holds_do_no_harm() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above())
    runner.judge(window_of({"loss\ud800\0": float("inf")}))
    runner.conclude()
    (found,) = told.findings
    found.message.encode()
    assert (found.value, found.tensor) == ("Infinity", "loss?\ufffd")


def test_one_rule_given_to_two_trainings_has_a_state_in_each() -> None:
    rule = Total(limit=5)
    first, second = Told(), Told()
    run(first, rule, losses=[3.0, 3.0]).conclude()
    run(second, rule, losses=[3.0]).conclude()
    assert [each.value for each in first.findings] == [6.0, 6.0]
    assert [each.value for each in second.findings] == [3.0]
    assert second.rules[0].params == {"limit": 5}


def test_a_finding_that_the_store_refuses_does_not_take_the_others_along() -> None:
    kept: list[str] = []

    def choosy(*commands: AnyCommand) -> None:
        if any(isinstance(each, PutFinding) and each.finding.rule == "Total" for each in commands):
            raise ValueError("not this one")
        kept.extend(each.finding.rule for each in commands if isinstance(each, PutFinding))

    runner = Runner(TRIAL, choosy)
    runner.add(Total(limit=1))
    runner.add(Above())
    with pytest.warns(RuntimeWarning, match="not this one"):
        runner.judge(window_of({"loss": 2.0}))
    assert kept == ["Above"]


def test_recordings_are_kept_for_errors_and_once_for_the_warnings_of_a_rule() -> None:
    kept: list[int] = []

    def keep() -> str:
        kept.append(len(kept))
        return f"recording-{len(kept)}"

    alarms: list[bool] = []
    told = Told()
    runner = Runner(TRIAL, told, recorder=keep, alarm=alarms.append)
    for number in range(12):
        runner.add(Above(limit=number), name=f"warning-{number}")
    runner.add(Total(limit=1000), name="error")
    losses = [0.5 + number for number in range(12)] + [0.0] * 5 + [50.0, 1000.0]
    for step, loss in enumerate(losses):
        runner.judge(window_of({"loss": loss}, step))
    runner.conclude()
    assert len(kept) == 11, "ten for warnings, one for the error"
    assert next(each for each in told.findings if each.rule == "error").recording == "recording-11"
    assert sum(bool(each.recording) for each in told.findings if each.rule == "warning-0") == 1
    assert alarms.count(True) == 1
    assert alarms[-1] is True


def test_a_slow_rule_judges_less_often_to_keep_its_share_and_says_so() -> None:
    @dataclass
    class Slow(Above):
        """It computes much."""

        def judge(self, window: Window) -> Iterator[Finding]:
            end = time.perf_counter() + 0.005
            while time.perf_counter() < end:
                pass
            return super().judge(window)

    for share, often in ((0.01, False), (None, True)):
        told = Told()
        runner = Runner(TRIAL, told, share=share)
        runner.add(Slow())
        runner.add(Above())
        for step in range(40):
            runner.judge(window_of({"loss": 0.0}, step))
        runner.conclude()
        slow, quick = told.rules
        assert quick.evaluations == 40
        assert quick.report == {}
        assert slow.evaluations == (40 if often else 3), "it rests for half a second: the others go on meanwhile"
        assert ("judged every (steps)" in slow.report) != often


def test_what_is_found_at_the_end_is_of_the_latest_step_not_of_the_machines_latest_sample() -> None:
    told = Told()
    runner = run(told, Total(), losses=[1.0, 1.0, 1.0])
    runner.judge(window_of({"system/cpu": 20.0}, 70, "GLOBAL", collections={"system/cpu": ("system",)}))
    runner.conclude()
    (finding,) = told.findings
    assert (finding.mode, finding.step) == ("TRAIN", 2)
