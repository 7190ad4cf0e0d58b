"""Trainings of which nothing is heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


@dataclass
class StalledTrainingRule(Rule):
    """Nothing was heard of the training for a long time.

    A training that stands still costs as much as one that runs. Data loaders wait for a lock or for the network,
    processes of a distributed training wait for one that died, a debugger waits for input, the disk is full.

    What helps: interrupt the kernel and read where it stands (`py-spy dump --pid …` shows it without interrupting); set
    `num_workers=0`; set time limits for the network.

    Formula: seconds since the latest step, or since the beginning, ≥ threshold; found once for each standstill. Time
    in which nobody trains is not counted: a pause, or a notebook that waits for its next cell. Of several models of one
    trial, or of one thread, a step of any is a sign of life. The rule and its parameters are SageMaker's.

    Attributes:
        threshold: Seconds of silence.
        stop_training_on_fire: Have the training stopped, as soon as it goes on.
        training_job_name_prefix: For scripts written for SageMaker; a training is watched from inside, so nothing needs
            to be searched for.

    Example:
        >>> rule = StalledTrainingRule(threshold=60)
        >>> [found.value for idle in (30.0, 61.0, 62.0) for found in rule.wait(idle, steps=7)]
        [61.0]
    """

    severity: ClassVar = "error"
    remedy: ClassVar[str] = (
        "interrupt the kernel to see where it stands; data loaders and the network are the usual causes"
    )

    threshold: float = bounded(1800.0, above=0)
    stop_training_on_fire: bool = False
    training_job_name_prefix: str | None = None
    _idle: float = field(init=False, repr=False, default=0.0)
    _told: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        """Have the training stopped, if that is wanted."""
        if self.stop_training_on_fire:
            self.then("stop")

    def needs(self) -> tuple[Need, ...]:
        """Return nothing: any step is a sign of life."""
        return ()

    def judge(self, window: Window) -> Iterator[Finding]:
        """Take any step for a sign of life; what the machine does, mode GLOBAL, may be none."""
        if window.mode != "GLOBAL":
            self._told = False
        return iter(())

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Yield, once, that nothing was heard for too long."""
        if idle < self.threshold or idle < self._idle:
            self._told = False
        self._idle = idle
        if idle >= self.threshold and not self._told:
            self._told = True
            when = f", after {steps} steps" if steps else ", not one step"
            yield Finding(f"nothing was heard of the training for {idle:.0f} s{when}", "", idle, self.threshold)
