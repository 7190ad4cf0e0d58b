"""Rules for the tests of what runs rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue


@dataclass
class Above(Rule):
    """A number is too large.

    Args:
        limit: The largest that is fine.
        collection: Whose tensors are judged.
    """

    limit: float = 1.0
    collection: str = "losses"
    remedy = "make it smaller"

    def needs(self) -> tuple[Need, ...]:
        """Need the scalars of a collection."""
        return (Need(collection=self.collection),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Find those above the limit."""
        for name in window.select(self.collection):
            value = window.value(name)
            if value > self.limit:
                yield Finding(f"{name} is {value}", name, value, self.limit)


@dataclass
class Total(Rule):
    """The sum of all losses so far exceeds a limit: a rule with a state."""

    limit: float = 10.0
    total: float = field(default=0.0, init=False)

    def needs(self) -> tuple[Need, ...]:
        """Need the losses."""
        return (Need(collection="losses"),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Add up."""
        self.total += sum(window.value(name) for name in window.select("losses"))
        if self.total > self.limit:
            yield Finding("the losses add up", "", self.total, self.limit, severity="error")

    def conclude(self) -> Iterator[Finding]:
        """Tell the sum."""
        yield Finding("the sum", "total", self.total, severity="info")

    def report(self) -> dict[str, ParamValue]:
        """Tell the sum."""
        return {"total": self.total}
