"""Actions are done as often as they are meant to be, and nothing that they do reaches the training."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.kernel.findings.rules import Above, Total
from tests.kernel.findings.test_runner import TRIAL, Told

from labdeck.errors import TrainingEnded, TrainingPaused, TrainingStopped, UsageError
from labdeck.findings.actions import perform
from labdeck.findings.actions.base import Action
from labdeck.findings.actions.call import Call
from labdeck.findings.actions.choose import WORDS, to_actions, to_policy
from labdeck.findings.actions.on_training import LowerLearningRate, Notify, PauseTraining, StopTraining
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of
from labdeck.wire.commands import AnyCommand, PutFinding
from labdeck.wire.debugging import FindingRecord


class Training:
    """A training that keeps account of what is done to it."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.rate = 0.1
        self.thread = threading.get_ident()
        self.known_at_stop: list[FindingRecord] = []

    def stop(self, reason: str) -> None:
        """Stop, in the training's thread."""
        assert threading.get_ident() == self.thread
        self.known_at_stop = self.told.findings
        raise TrainingStopped(reason)

    def pause(self, finding: FindingRecord) -> None:
        """Pause."""
        raise TrainingPaused(finding.message)

    def checkpoint(self) -> str:
        """Keep nothing."""
        return "model-7.safetensors"

    def lower_learning_rate(self, factor: float) -> str:
        """Lower it."""
        self.rate *= factor
        return f"it is {self.rate:g} now"

    def record(self) -> str:
        """Keep nothing."""
        return ""


def judge(*actions: Action, losses: list[float], rule: Above | None = None) -> tuple[Told, Training]:
    """Train with these losses, one rule and some actions."""
    told = Told()
    training = Training(told)
    runner = Runner(TRIAL, told, training)
    runner.add(rule or Above(), actions)
    for step, loss in enumerate(losses):
        runner.judge(window_of({"loss": loss}, step))
    runner.conclude()
    return told, training


def done(told: Told) -> list[list[tuple[str, bool]]]:
    """Return what was done, finding by finding."""
    return [[(action.name, action.done) for action in finding.actions] for finding in told.findings]


THREE = [2.0, *[0.0] * 3, 2.0, 2.0, *[0.0] * 6, 2.0]
"""Three findings, at the steps 0, 4 and 12: each lasts until it was healthy for a while."""


def test_once_each_and_with_a_pause_between() -> None:
    calls: list[str] = []
    actions = [
        Call(lambda finding: calls.append(f"once {finding.step}")),
        Call(lambda finding: calls.append(f"each {finding.step}"), policy="each"),
        Call(lambda finding: calls.append(f"rarely {finding.step}"), cooldown=3600),
        Call(lambda finding: calls.append(f"often {finding.step}"), cooldown=1e-9),
        Call(lambda finding: calls.append(f"bad {finding.step}"), least="error"),
    ]
    judge(*actions, losses=THREE)
    assert sorted(calls) == sorted(
        ["once 0", "each 0", "each 4", "each 12", "rarely 0", "often 0", "often 4", "often 12"]
    )


def test_an_action_of_two_rules_is_done_once_for_each_rule() -> None:
    calls: list[str] = []
    action = Call(lambda finding: calls.append(finding.rule), wait=60)
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above(), [action])
    runner.add(Total(limit=1), [action])
    runner.judge(window_of({"loss": 2.0}))
    assert calls == ["Above", "Total"]


def test_outcomes_are_kept_with_the_finding() -> None:
    def broken() -> None:
        raise OSError("no such device")

    told, training = judge(LowerLearningRate(factor=0.5), Notify(), Call(broken), Call(lambda: 42), losses=[2.0, 2.0])
    (finding,) = told.findings
    assert [(each.name, each.done, each.message) for each in finding.actions] == [
        ("LowerLearningRate", True, "it is 0.05 now"),
        ("Notify", True, "shown in JupyterLab"),
        ("broken", False, "OSError: no such device"),
        ("<lambda>", True, "42"),
    ]
    assert training.rate == 0.05


def test_the_training_stops_after_everything_is_stored() -> None:
    told = Told()
    training = Training(told)
    runner = Runner(TRIAL, told, training)
    runner.add(Above(), [StopTraining()])
    runner.add(Total(limit=1), [LowerLearningRate()])
    runner.judge(window_of({"loss": 0.1}))
    with pytest.raises(TrainingStopped, match=r"Above at step 1 in loss: loss is 2\.0"):
        runner.judge(window_of({"loss": 2.0}, 1))
    assert {each.rule for each in training.known_at_stop} == {"Above", "Total"}
    assert done(told) == [[("StopTraining", True)], [("LowerLearningRate", True)]]
    for step in range(2, 5):
        runner.judge(window_of({"loss": 0.0}, step))
    with pytest.raises(TrainingStopped):
        runner.judge(window_of({"loss": 3.0}, 5))


def test_a_loop_that_survives_errors_does_not_survive_the_stop() -> None:
    def train() -> Iterator[int]:
        told = Told()
        runner = Runner(TRIAL, told)
        runner.add(Above(), [PauseTraining()])
        for step in range(10):
            with suppress(Exception):
                runner.judge(window_of({"loss": float(step)}, step))
            yield step

    steps = []
    with pytest.raises(TrainingEnded) as caught:
        steps += [steps.append(step) for step in train()]
    assert caught.value._render_traceback_() == ["TrainingPaused: Above at step 2"]


def test_a_function_may_end_the_training_from_its_own_thread() -> None:
    def decide(finding: FindingRecord) -> None:
        raise TrainingStopped(f"enough of {finding.tensor}")

    told = Told()
    runner = Runner(TRIAL, told, Training(told))
    runner.add(Above(), [Call(decide, wait=60)])
    with pytest.raises(TrainingStopped, match="enough of loss"):
        runner.judge(window_of({"loss": 2.0}))


def test_what_hangs_is_given_up_and_told_and_what_comes_late_is_told_too() -> None:
    free = threading.Event()
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above(), [Call(lambda: free.wait(60), wait=0, timeout=0.05)])
    runner.judge(window_of({"loss": 2.0}))
    assert done(told) == [[]]
    runner.conclude()
    (outcome,) = told.findings[0].actions
    assert (outcome.done, outcome.message) == (False, "no answer within 0.05 s")
    free.set()
    until = time.monotonic() + 10
    while not done(told)[0][0][1] and time.monotonic() < until:
        runner.conclude()
    assert done(told) == [[("<lambda>", True)]]


def test_the_end_of_a_training_does_not_wait_for_what_hangs() -> None:
    free = threading.Event()
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above(), [Call(lambda: str(free.wait(60)), wait=0, policy="each")])
    for step in range(2):
        runner.judge(window_of({f"loss_{step}": 2.0}, step))
    runner.conclude()
    assert not free.is_set()
    assert [each.message for finding in told.findings for each in finding.actions] == [perform.STILL] * 2
    told.commands.clear()
    free.set()  # what comes of it later is told, though the training is over
    until = time.monotonic() + 10
    while len(told.findings) < 2 and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert done(told) == [[("<lambda>", True)]] * 2


def test_a_message_that_takes_longer_than_the_training_is_waited_for_at_the_end_of_the_process(tmp_path: Path) -> None:
    script = f"""
import time, pathlib
from labdeck.findings.actions.call import Call
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of
from tests.kernel.findings.rules import Above

class Message(Call):
    must_arrive = True

def send():
    time.sleep({perform.PATIENCE} + 0.5)
    pathlib.Path("sent").touch()

runner = Runner("0" * 32, print)
runner.add(Above(), [Message(send, wait=0)])
runner.judge(window_of({{"loss": 2.0}}))
runner.conclude()
assert not pathlib.Path("sent").exists()
"""
    paths = {"PYTHONPATH": str(Path(__file__).resolve().parents[4])}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, **paths}, check=True, timeout=60)
    assert (tmp_path / "sent").exists()


def test_the_training_does_not_wait_again_for_what_hung_once() -> None:
    free = threading.Event()
    told = Told()
    ended: list[bool] = []
    hangs = Call(lambda: ended.append(free.wait(60)), policy="each", wait=0.01, timeout=3600)
    runner = Runner(TRIAL, told)
    runner.add(Above(), [hangs])
    runner.judge(window_of({"loss_0": 2.0}, 0))
    hangs.wait = 3600  # whoever waits now waits until it has ended
    runner.judge(window_of({"loss_1": 2.0}, 1))
    assert ended == []
    free.set()
    runner.conclude()


def test_a_function_that_leaves_the_process_is_a_failed_action() -> None:
    told, _ = judge(Call(lambda: sys.exit(3), wait=60), losses=[2.0])
    (outcome,) = told.findings[0].actions
    assert (outcome.done, outcome.message) == (False, "SystemExit: 3")


def test_the_training_goes_on_while_an_action_hangs_and_too_many_are_refused() -> None:
    free = threading.Event()
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above(), [Call(lambda: free.wait(60), policy="each", wait=0)])
    for step in range(perform.MOST_AT_ONCE + 2):
        runner.judge(window_of({f"loss_{step}": 2.0}, step))
    free.set()
    runner.conclude()
    outcomes = [finding.actions[0] for finding in told.findings]
    assert len(outcomes) == perform.MOST_AT_ONCE + 2
    assert [each.done for each in outcomes] == [True] * perform.MOST_AT_ONCE + [False] * 2
    assert "still under way" in outcomes[-1].message


def test_words_name_actions() -> None:
    made = to_actions(
        ["stop", "pause", "checkpoint", "record", "notify", "lower-learning-rate=0.5", "webhook=https://x"]
    )
    assert [action.name for action in made] == [
        "StopTraining", "PauseTraining", "Checkpoint", "RecordFlight", "Notify", "LowerLearningRate", "Webhook",
    ]  # fmt: skip
    assert made[5] == LowerLearningRate(factor=0.5)
    assert to_actions(None) == ()
    assert to_actions(StopTraining) == (StopTraining(),)
    assert to_policy(Notify(), "each") == Notify(policy="each")
    assert to_policy(Notify(), "60") == Notify(cooldown=60)
    assert {"stop", "email", "sms", "chat"} <= set(WORDS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("stopp", "did you mean 'stop'"),
        ("stop=now", "stop takes no value"),
        ("webhook", "webhook says not whereto"),
        ("webhook=ftp://x", "the webhook's address is none"),
        ("lower-learning-rate=much", "'much' is no factor"),
        ("lower-learning-rate=2", "does not lower"),
        (3, "3 is no action"),
        ([3], "3 is no action"),
    ],
)
def test_what_is_no_action_is_one_line(wrong: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        to_actions(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"policy": "always"}, {"least": "bad"}, {"cooldown": -1}, {"timeout": 0}])
def test_policies_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Notify(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        to_policy(Notify(), "sometimes")


def test_a_store_that_refuses_does_not_keep_the_training_from_being_stopped() -> None:
    def refuse(*commands: AnyCommand) -> None:
        if any(isinstance(each, PutFinding) for each in commands):
            raise OSError("the disk is full")

    runner = Runner(TRIAL, refuse)
    runner.add(Above(), [StopTraining()])
    with pytest.raises(TrainingStopped), pytest.warns(RuntimeWarning, match="the disk is full"):
        runner.judge(window_of({"loss": 2.0}))
