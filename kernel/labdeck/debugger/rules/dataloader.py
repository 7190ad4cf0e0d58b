"""Loader processes, too few or too many for the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from labdeck.debugger.rules.sampled import known
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

if TYPE_CHECKING:
    from labdeck.findings.rule import Surroundings

_WORKERS, _CORES = "timing/workers", "system/cores"


@dataclass
class Dataloader(Rule):
    """The number of processes that load data does not fit the number of cores.

    With fewer loaders than cores, cores lie idle while the training may wait for data; with many more, they take time
    and memory from each other and from the training. PyTorch's default is none at all: the training loads for itself.

    What helps: about one process a core that is free (`num_workers`), with `persistent_workers=True` so that they are
    not started anew each epoch. If `SlowDataloader` is silent, too few do no harm.

    Formula: 100 * processes / cores is below min_threshold or above max_threshold; a training that loads for itself
    counts as one process. Cores are those that the process may use. The rule and its defaults are SageMaker's.

    Attributes:
        min_threshold: Percent of the cores.
        max_threshold: Percent of the cores.
        scan_interval_us: For scripts written for SageMaker, microseconds between two looks; it looks at every step.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = Dataloader()
        >>> _ = list(rule.judge(window_of({"system/cores": 8.0}, 0, "GLOBAL")))
        >>> [found.value for found in rule.judge(window_of({"timing/workers": 2.0}))]
        [25.0]
    """

    severity: ClassVar = "info"
    remedy: ClassVar[str] = "set num_workers of the DataLoader to about the number of cores that are free"

    min_threshold: float = bounded(70.0, least=0)
    max_threshold: float = bounded(200.0, least=0)
    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    _cores: float = field(init=False, repr=False, default=0.0)
    _workers: float | None = field(init=False, repr=False, default=None)

    def begin(self, surroundings: Surroundings) -> None:
        """Ask for the number of cores."""
        self._cores = float(surroundings.facts().get("cores", 0))

    def needs(self) -> tuple[Need, ...]:
        """Return the number of processes that load, and of cores."""
        return (
            Need(regex=f"^{_WORKERS}$", modes=("TRAIN", "EVAL")),
            Need(regex=f"^{_CORES}$", modes=("GLOBAL",), optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield that there are too few or too many."""
        self._cores = known(window, _CORES) or self._cores
        workers = known(window, _WORKERS)
        if workers is None or not self._cores:
            return
        self._workers = workers
        share = 100 * max(workers, 1.0) / self._cores
        if self.min_threshold <= share <= self.max_threshold:
            return
        few = share < self.min_threshold
        who = f"{workers:.0f} processes load data" if workers else "the training loads its data itself"
        yield Finding(
            f"{who}, on {self._cores:.0f} cores: too {'few' if few else 'many'}",
            _WORKERS,
            share,
            self.min_threshold if few else self.max_threshold,
        )

    def report(self) -> dict[str, ParamValue]:
        """Return what was counted."""
        return {} if self._workers is None else {"workers": self._workers, "cores": self._cores}
