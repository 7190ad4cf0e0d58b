"""What rules share that look for a graphics card that waits for something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labdeck.debugger.rules.sampled import CARDS, SampledRule, known
from labdeck.findings.parameters import bounded
from labdeck.findings.window import Window


@dataclass
class Bottleneck(SampledRule):
    """Counts for each card the samples at which it stands idle while something else is busy.

    Attributes:
        threshold: Percent of the samples.
        gpu_threshold: A card that is used less, in percent, stands idle.
    """

    threshold: float = bounded(50.0, least=0)
    gpu_threshold: float = bounded(10.0, least=0)
    _seen: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    _waiting: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def count(self, window: Window, *, busy: bool) -> None:
        """Take in one sample."""
        for name in window.select(regex=CARDS):
            used = known(window, name)
            if used is None:
                continue
            idle = used < self.gpu_threshold
            self._seen[name] = self._seen.get(name, 0) + 1
            self._waiting[name] = self._waiting.get(name, 0) + (busy and idle)

    def shares(self, patience: int) -> Iterator[tuple[str, float]]:
        """Yield the cards that waited too often, and in what percentage of the samples."""
        for name, seen in self._seen.items():
            share = 100 * self._waiting[name] / seen
            if seen >= patience and share > self.threshold:
                yield name, share
