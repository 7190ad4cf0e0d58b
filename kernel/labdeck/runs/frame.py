"""Trials as a table of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdeck.wire.numbers import to_float

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.records import TrialFacts


def to_frame(facts: Sequence[TrialFacts]) -> pd.DataFrame:
    """Return one row per trial in the order given; see `Experiment.frame` for the columns."""
    rows = len(facts)
    params: dict[str, list[Any]] = {}
    metrics: dict[str, np.ndarray] = {}
    for row, fact in enumerate(facts):
        for param in fact.params:
            column = _column("params", param.component, param.name)
            params.setdefault(column, [None] * rows)[row] = param.value
        for summary in fact.metrics:
            column = _column("metrics", summary.component, summary.name)
            metrics.setdefault(column, np.full(rows, np.nan))[row] = to_float(summary.last)
    started = np.array([fact.trial.started for fact in facts], dtype=np.float64)
    ended = np.array([np.nan if fact.trial.ended is None else fact.trial.ended for fact in facts], dtype=np.float64)
    columns: dict[str, Any] = {
        "state": [fact.trial.state for fact in facts],
        "started": pd.to_datetime(started, unit="s", utc=True),
        "ended": pd.to_datetime(ended, unit="s", utc=True),
        "seconds": ended - started,
        **{name: pd.Series(values).infer_objects() for name, values in params.items()},
        **metrics,
    }
    index = pd.Index([fact.trial.name for fact in facts], name="trial")
    frame: pd.DataFrame = pd.DataFrame(columns)
    frame.index = index
    return frame


def _column(kind: str, component: str, name: str) -> str:
    return f"{kind}.{component}/{name}" if component else f"{kind}.{name}"
