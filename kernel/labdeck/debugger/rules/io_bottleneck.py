"""Graphics cards that wait for a disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labdeck.debugger.rules.bottleneck import Bottleneck
from labdeck.debugger.rules.sampled import CARDS, IO_WAIT, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue


@dataclass
class IOBottleneck(Bottleneck):
    """A graphics card stands idle while the machine waits for its disks.

    Many small files, a network file system or a slow disk deliver less than the card could use. It shows as time in
    which cores have nothing to do but to wait for a disk.

    What helps: pack small files into large ones (tar, Parquet, LMDB); copy the data to a local disk before the
    training; keep in memory what fits; read ahead in several loader processes; write checkpoints less often.

    Formula: the share of samples with I/O wait > io_threshold and card < gpu_threshold exceeds threshold. Judged for
    each card. The rule is SageMaker's; `gpu_threshold` is 70 as its documentation has it, where its code had 10.

    Attributes:
        threshold: Percent of the samples.
        gpu_threshold: A card that is used less, in percent, stands idle.
        io_threshold: A machine that waits more, in percent of its cores' time, waits for its disks.
        patience: Samples before the rule begins to look.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = IOBottleneck(patience=3)
        >>> sample = {"system/iowait": 80.0, "system/gpu/0": 4.0}
        >>> _ = [list(rule.judge(window_of(sample, step, "GLOBAL"))) for step in range(3)]
        >>> [found.tensor for found in rule.conclude()]
        ['system/gpu/0']
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "pack small files into large ones, copy the data to a local disk, or keep it in memory"

    gpu_threshold: float = bounded(70.0, least=0)
    io_threshold: float = bounded(50.0, least=0)
    patience: int = bounded(1000, least=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the I/O wait and the use of the cards."""
        return machine_needs(f"^{IO_WAIT}$", CARDS)

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self.count(window, busy=window.value(IO_WAIT) > self.io_threshold)

    def look(self) -> Iterator[Finding]:
        """Yield the cards that wait for a disk."""
        for name, share in self.shares(self.patience):
            yield Finding(
                f"{number_of(name)} stood idle while the machine waited for its disks in {share:.0f} % of the samples",
                name,
                share,
                self.threshold,
            )

    def report(self) -> dict[str, ParamValue]:
        """Return the percentage of the samples at which each card waited."""
        return {name: 100 * self._waiting[name] / seen for name, seen in self._seen.items()}
