"""Trainings that wait for data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.sampled import known
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

_DATA, _STEP, _WORKERS = "timing/data", "timing/step", "timing/workers"


@dataclass
class SlowDataloader(Rule):
    """The training waits for its data: loading takes a large part of each step.

    While the training waits, processor and graphics card stand still for it, and everything that makes the model faster
    is lost. Loading in the training's own process (`num_workers=0`) is waiting in full; with loader processes a step
    waits only where they cannot keep up.

    What helps: more loader processes; `persistent_workers=True`, so that they are not started anew each epoch;
    `pin_memory=True` with a graphics card; preparing the data once instead of each time; whole batches in place of
    single rows (`batch_sampler`, `__getitems__`).

    Formula: over `num_steps` training steps, 100 * Σ seconds that data was waited for / Σ seconds of the steps exceeds
    threshold. The first `warmup` steps, in which loaders start, do not count, nor does a step that follows an
    evaluation, whose time it may hold. SageMaker has no such rule.

    Attributes:
        threshold: Percent of the time.
        num_steps: Steps that are judged together.
        warmup: First steps that do not count.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = SlowDataloader(num_steps=2, warmup=0)
        >>> windows = [window_of({"timing/data": 0.3, "timing/step": 0.4}, step) for step in range(2)]
        >>> [round(found.value) for window in windows for found in rule.judge(window)]
        [75]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "give the DataLoader more processes (num_workers, persistent_workers), or prepare the data once"
    )

    threshold: float = bounded(20.0, least=0, most=100)
    num_steps: int = bounded(50, least=1)
    warmup: int = bounded(5, least=0)
    _seen: int = field(init=False, repr=False, default=0)
    _count: int = field(init=False, repr=False, default=0)
    _data: float = field(init=False, repr=False, default=0.0)
    _whole: float = field(init=False, repr=False, default=0.0)
    _evaluated: bool = field(init=False, repr=False, default=False)
    _share: float | None = field(init=False, repr=False, default=None)

    def needs(self) -> tuple[Need, ...]:
        """Return how long training steps take, and how long they wait for data."""
        return (
            Need(regex=f"^{_DATA}$", modes=("TRAIN",)),
            Need(regex=f"^{_STEP}$", modes=("TRAIN", "EVAL")),
            Need(regex=f"^{_WORKERS}$", modes=("TRAIN",), optional=True),
        )

    def rhythm(self) -> int:
        """Return every how many steps it judges."""
        return self.num_steps

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield, every `num_steps` steps, that too much of their time was waiting."""
        if window.mode not in ("TRAIN", "EVAL"):
            return
        after, self._evaluated = self._evaluated, window.mode == "EVAL"
        data, whole = known(window, _DATA), known(window, _STEP)
        if data is None or whole is None or after or self._evaluated:
            return
        self._seen += 1
        if self._seen <= self.warmup:
            return
        self._count += 1
        self._data += data
        self._whole += whole
        if self._count < self.num_steps:
            return
        self._share = 100 * self._data / self._whole if self._whole > 0 else 0.0
        count, waited = self._count, self._data
        self._count, self._data, self._whole = 0, 0.0, 0.0
        if self._share > self.threshold:
            yield Finding(
                f"{self._share:.0f} % of the last {count} steps was waiting for data, {1000 * waited / count:.3g} ms a "
                f"step{_who(window)}",
                _DATA,
                self._share,
                self.threshold,
            )

    def report(self) -> dict[str, ParamValue]:
        """Return the latest share."""
        return {} if self._share is None else {"share": self._share}


def _who(window: Window) -> str:
    workers = known(window, _WORKERS)
    if workers is None:
        return ""
    return f", with {workers:.0f} loader processes" if workers else ", which is loaded by the training's own process"
