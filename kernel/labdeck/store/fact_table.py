"""Many trials side by side, column by column: what a frame is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from labdeck.wire.records import ParamValue


@dataclass
class FactTable:
    """Trials with their parameters and the latest values of their metrics.

    All columns have one entry per trial. Parameters and metrics are in order of first appearance, their keys are
    (component, name), "" for the trial itself.

    Attributes:
        names, experiments, states: Text.
        started, ended: Seconds since 1970-01-01 UTC; None while a trial runs.
        params: None where a trial has no such parameter, too.
        metrics: float64, shape (trials,); NaN where a trial has no such metric.
    """

    names: list[str] = field(default_factory=list)
    experiments: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    ended: list[float | None] = field(default_factory=list)
    params: dict[tuple[str, str], list[ParamValue]] = field(default_factory=dict)
    metrics: dict[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self.names)
