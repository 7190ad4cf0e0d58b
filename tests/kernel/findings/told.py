"""What a runner tells the store, in the order in which it is told."""

from __future__ import annotations

from labdeck.findings.rule import Rule
from labdeck.findings.runner import Runner
from labdeck.findings.window import window_of
from labdeck.wire.commands import AnyCommand, PutFinding, PutRules
from labdeck.wire.debugging import FindingRecord, RuleRecord

TRIAL = "0" * 32


class Told:
    """What was posted."""

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []

    def __call__(self, *commands: AnyCommand) -> None:
        self.commands += commands

    @property
    def findings(self) -> list[FindingRecord]:
        """Every finding as it was told last, in the order in which they were told first."""
        found = {each.finding.id: each.finding for each in self.commands if isinstance(each, PutFinding)}
        return list(found.values())

    @property
    def rules(self) -> tuple[RuleRecord, ...]:
        """The rules as they were told last."""
        return [each.rules for each in self.commands if isinstance(each, PutRules)][-1]


def run(told: Told, *rules: Rule, losses: list[float]) -> Runner:
    """Judge losses, one a step."""
    runner = Runner(TRIAL, told)
    for rule in rules:
        runner.add(rule)
    for step, loss in enumerate(losses):
        runner.judge(window_of({"loss": loss}, step))
    return runner
