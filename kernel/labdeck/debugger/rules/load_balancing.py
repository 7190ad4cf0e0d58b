"""Graphics cards that share their work unevenly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.sampled import CARDS, SampledRule, Spread, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue


@dataclass
class LoadBalancing(SampledRule):
    """The graphics cards of the machine share the work unevenly.

    Cards that train together go at the pace of the slowest: the others wait for its gradients. `DataParallel` gathers
    outputs and losses on the first card; a model that is cut into stages has stages of different length; a program that
    another person runs takes a part of one card.

    What helps: `DistributedDataParallel` in place of `DataParallel`; stages of like cost; batches sorted so that each
    card gets like lengths; `nvidia-smi` shows who else uses a card.

    Formula: for two cards, the distance ∫|F(u) - G(u)|du / 100 % between the distributions F and G of their use, which
    is 0 for like ones and 1 if one is always at 100 % and the other at 0 %, exceeds the threshold (the Wasserstein
    distance of order 1). SageMaker names no formula. `patience` is 10 as its documentation has it, where its code had
    1000.

    Attributes:
        threshold: Distance, 0 to 1.
        patience: Samples before the rule begins to look.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = LoadBalancing(patience=2)
        >>> for step in range(2):
        ...     _ = list(rule.judge(window_of({"system/gpu/0": 98.0, "system/gpu/1": 8.0}, step, "GLOBAL")))
        >>> [(found.tensor, round(found.value, 2)) for found in rule.conclude()]
        [('system/gpu/1', 0.9)]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "use DistributedDataParallel, cut the model into stages of like cost, and see who else is there"
    )

    threshold: float = bounded(0.5, least=0)
    patience: int = bounded(10, least=0)
    _spreads: dict[str, Spread] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the use of the cards."""
        return machine_needs(CARDS)

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self._seen += 1
        for name in window.select(regex=CARDS):
            self._spreads.setdefault(name, Spread()).add(window.value(name))

    def look(self) -> Iterator[Finding]:
        """Yield the two cards that differ most, if they differ too much."""
        worst = self._worst()
        if self._seen < self.patience or worst is None or worst[0] <= self.threshold:
            return
        distance, busy, idle = worst
        yield Finding(
            f"{number_of(idle)} has far less to do than {number_of(busy)}: their use lies {100 * distance:.0f} "
            "percentage points apart",
            idle,
            distance,
            self.threshold,
        )

    def report(self) -> dict[str, ParamValue]:
        """Return the largest distance between two cards."""
        worst = self._worst()
        return {} if worst is None else {"distance": worst[0]}

    def _worst(self) -> tuple[float, str, str] | None:
        """Return the largest distance, and the two cards, the busier one first."""
        curves = {name: spread.cumulative() for name, spread in self._spreads.items() if len(spread)}
        found = []
        for one, other in combinations(curves, 2):
            apart = curves[one] - curves[other]
            # The more of a distribution lies low, the less the card has to do.
            pair = (one, other) if apart.sum() <= 0 else (other, one)
            found.append((float(np.abs(apart).sum()) / 100, *pair))
        return max(found, default=None)
