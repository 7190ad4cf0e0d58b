"""Whatever rules do, and whoever asks meanwhile, the training goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.findings.rules import Above
from tests.kernel.findings.test_runner import TRIAL, Told

from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.runner import Runner
from labdeck.findings.window import Window, window_of
from labdeck.store.journal import check_command
from labdeck.wire.records import ParamValue


class Odd:
    """Something whose text form fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


ODDITIES: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "list": lambda: [Finding("fine", "loss")],
    "text": lambda: ["text"],
    "number": lambda: 3,
    "raises": lambda: 1 / 0,
    "memory": lambda: (_ for _ in ()).throw(MemoryError()),
    "leaves": lambda: (_ for _ in ()).throw(SystemExit(3)),
    "stops": lambda: (_ for _ in ()).throw(StopIteration()),
    "bad value": lambda: [Finding("x", "loss", "not a number")],  # type: ignore[arg-type]
    "bad step": lambda: [Finding("x", "loss", step="seven")],  # type: ignore[arg-type]
    "bad text": lambda: [Finding(Odd(), "loss")],  # type: ignore[arg-type]
    "bad tensor": lambda: [Finding("x", ["loss"])],  # type: ignore[arg-type]
    "bad severity": lambda: [Finding("x", severity="dreadful")],  # type: ignore[arg-type]
}


@dataclass
class Anything(Rule):
    """Does anything at all."""

    plan: list[str] = field(default_factory=list)
    odd: Any = None

    def needs(self) -> tuple[Need, ...]:
        """Need the losses."""
        return (Need(collection="losses"),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Do the next thing."""
        return ODDITIES[self.plan[window.step % len(self.plan)]]()  # type: ignore[no-any-return]

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Do the first thing."""
        del idle, steps
        return ODDITIES[self.plan[0]]()  # type: ignore[no-any-return]

    def conclude(self) -> Iterator[Finding]:
        """Do the last thing."""
        return ODDITIES[self.plan[-1]]()  # type: ignore[no-any-return]

    def report(self) -> dict[str, ParamValue]:
        """Tell what cannot be told."""
        return {"odd": Odd()}  # type: ignore[dict-item]


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(ODDITIES)), min_size=1, max_size=6))
def test_nothing_that_a_rule_does_reaches_the_training_or_another_rule(plan: list[str]) -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Anything(plan, Odd() if "text" in plan else None))
    runner.add(Above())
    for step in range(8):
        runner.judge(window_of({"loss": 2.0}, step))
        runner.wait(5.0, step)
    runner.conclude()
    assert runner.records()[1].evaluations == 8
    (above,) = [each for each in told.findings if each.rule == "Above"]
    assert above.count == 8
    for command in told.commands:
        check_command(command)


def test_a_rule_that_cannot_be_described_is_off_for_good() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Anything(["list"]))
    version = runner.version
    runner.judge(window_of({"loss": 2.0}))
    assert runner.version > version
    for step in range(1, 4):
        runner.judge(window_of({"loss": 2.0}, step))
    (record,) = runner.records()
    assert (record.state, record.evaluations, runner.needs) == ("failed", 1, ())
    assert "no text" in record.error


def test_people_and_other_threads_may_ask_while_the_training_is_judged() -> None:
    told = Told()
    runner = Runner(TRIAL, told)
    runner.add(Above())
    runner.add(Above(), name="switched")
    over = threading.Event()
    errors: list[Exception] = []

    def disturb(action: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                action()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    def add_and_remove() -> None:
        runner.remove(runner.add(Above(limit=99)))

    actions = [
        lambda: runner.switch("switched", False) or runner.switch("switched", True),
        add_and_remove,
        lambda: runner.wait(0.1, 1),
        lambda: runner.records() and runner.needs,
        lambda: runner.judge(window_of({"system/cpu": 5.0}, mode="GLOBAL")),
    ]
    threads = [threading.Thread(target=disturb, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for step in range(300):
        runner.judge(window_of({"loss": 2.0}, step))
    over.set()
    for thread in threads:
        thread.join()
    runner.conclude()
    assert errors == []
    assert next(each for each in runner.records() if each.name == "Above").evaluations == 300
    (first,) = [each for each in told.findings if each.rule == "Above"]
    assert first.count == 300
