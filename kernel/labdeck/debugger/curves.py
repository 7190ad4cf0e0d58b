"""Losses and learning rates of a watched training as metrics of its trial, where the trial has none of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from labdeck.debugger.collections import TRAINING
from labdeck.runs.autolog import loops, patching
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.locks import hold
from labdeck.store.objective import SYSTEM
from labdeck.store.tensors.given import given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from labdeck.runs.autolog.place import Place
    from labdeck.store.session import Session
    from labdeck.store.tensors.reader import TensorReader, TensorSeries
    from labdeck.wire.debugging import Mode

_MEASURED = np.float64(given(float("nan"))).view(np.uint64)
_LOCK = "curves.lock"
_PATIENCE = 10.0
"""Seconds to wait for another process that logs curves."""
_COLLECTIONS = ("losses", "metrics", "learning_rates")


class LiveCurves:
    """Logs the losses and the learning rates of a training step by step, in a trial that was started to watch it.

    Args:
        place: That trial, or a component of it for one of several models.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._step = 0
        self._evaluated: dict[str, list[float]] = {}

    def log(self, mode: Mode, step: int, losses: Mapping[str, float], rates: Mapping[str, float]) -> None:
        """Take in a step; of an evaluation the means are logged, at the step of training before it."""
        if mode == "EVAL":
            for name, value in losses.items():
                self._evaluated.setdefault(_name(name, (), "eval"), []).append(value)
        elif mode in TRAINING:
            self.flush()
            self._step = step
            values = {name.replace("/", ":"): value for name, value in rates.items()}
            self._place.log({**values, **{_name(name, (), "train"): value for name, value in losses.items()}}, step)

    def flush(self) -> None:
        """Log the means of the evaluation that has ended."""
        found, self._evaluated = self._evaluated, {}
        if found:
            self._place.log({name: sum(values) / len(values) for name, values in found.items()}, self._step)


def live_curves(place: Place, framework: str) -> LiveCurves | None:
    """Return what logs the curves of a training, None where the user or autolog does."""
    return LiveCurves(place) if loops.is_own(place.trial) and not patching.is_on(framework) else None


def keep_curves(session: Session, trial_id: str) -> None:
    """Log what a watch recorded as metrics of a trial that is written no more; never raises.

    What the user or autolog logs is never doubled: a trial that has metrics gets nothing, unless all of them are what
    was recorded up to some step, by an earlier run of the trial for example; then the rest is added.
    """
    with contextlib.suppress(Exception):  # a trial ends, whatever happens here
        if all(map(_may_be_ours, session.columns.keys(trial_id))) and trial_id in session.tensors.trial_ids():
            with hold(session.location.folder / "outbox" / _LOCK, _PATIENCE) as held:
                if held:  # of several processes that notice a dead one the second finds what the first has logged
                    _add_curves(session, trial_id)


def _add_curves(session: Session, trial_id: str) -> None:
    found = curves_of(session.tensors.reader(trial_id))
    there = {key: series for key, series in session.columns.all_series(trial_id).items() if key.component != SYSTEM}
    if not all(key.name in found and _is_beginning(series, found[key.name]) for key, series in there.items()):
        return
    writer = session.columns.writer(trial_id)
    try:
        for name, series in found.items():
            key = SeriesKey("", name)
            rest = np.arange(len(series.steps)) >= (len(there[key].steps) if key in there else 0)
            if rest.any():
                writer.extend(key, Series(series.steps[rest], series.times[rest], series.values[rest]))
    finally:
        writer.close()


def _may_be_ours(key: SeriesKey) -> bool:
    """Say, before anything is read, whether a series could be one of `curves_of`, or is the system's."""
    return key.component == SYSTEM or (not key.component and (":" in key.name or key.name == "lr"))


def _is_beginning(some: Series, series: Series) -> bool:
    count = len(some.steps)
    return np.array_equal(some.steps, series.steps[:count]) and np.array_equal(
        some.values, series.values[:count], equal_nan=True
    )


def curves_of(reader: TensorReader) -> dict[str, Series]:
    """Return losses, metrics and learning rates that were recorded, as metrics by name.

    "train:loss" has a point for each step; "eval:loss" one for each evaluation, its mean, at the step of training
    before it. Of a booster "train-rmse" is called "train:rmse".
    """
    infos = [info for info in reader.tensors().values() if not set(_COLLECTIONS).isdisjoint(info.collections)]
    trained = [moment for moment in reader.moments() if moment.mode in TRAINING]
    marks = np.array([moment.global_step for moment in trained], np.int64)
    steps = np.array([moment.step for moment in trained], np.int64)
    found: dict[str, Series] = {}
    for info in infos:
        series = reader.series(info.name, "value")
        modes = np.array(series.modes, dtype=object)
        there = ~np.isnan(series.values) | (np.ascontiguousarray(series.values).view(np.uint64) == _MEASURED)
        train = there & np.isin(modes, list(TRAINING))
        if train.any():
            found[_name(info.name, info.collections, "train")] = _part(series, series.steps, train)
        evaluated = there & (modes == "EVAL")
        if evaluated.any():
            at = np.searchsorted(marks, series.global_steps) - 1
            before = np.where(at >= 0, steps[np.maximum(at, 0)], 0) if len(steps) else np.zeros(len(series), np.int64)
            found[_name(info.name, info.collections, "eval")] = _means(_part(series, before, evaluated))
    return found


def _name(tensor: str, collections: tuple[str, ...], prefix: str) -> str:
    if "learning_rates" in collections:
        return tensor.replace("/", ":")
    dataset, dash, metric = tensor.partition("-")
    return f"{dataset}:{metric}" if dash and metric else f"{prefix}:{tensor.replace('/', ':')}"


def _part(series: TensorSeries, steps: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Series:
    return Series(steps[chosen], series.times[chosen], series.values[chosen])


def _means(series: Series) -> Series:
    """Return the mean of the points that follow each other at the same step."""
    firsts = np.flatnonzero(np.r_[True, np.diff(series.steps) != 0])
    counts = np.diff(np.r_[firsts, len(series.steps)])
    return Series(series.steps[firsts], series.times[firsts], np.add.reduceat(series.values, firsts) / counts)
