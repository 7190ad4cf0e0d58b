"""What was recorded of tensors, as the doors and figures ask for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from labdeck.debugger import recordings
from labdeck.debugger.folding import is_within
from labdeck.debugger.network import Wanted, health_of, read_network
from labdeck.debugger.readings import (
    TensorCurves,
    TensorGrid,
    TensorHistogram,
    TensorValues,
    fold_picture,
    thin,
)
from labdeck.debugger.spreads import read_spread
from labdeck.debugger.tables import read_table
from labdeck.errors import NotFound, UsageError
from labdeck.findings.reductions import check_reductions
from labdeck.store.tensors.layout import WIDTHS
from labdeck.wire.tensors import ModeSteps, TensorList, TensorRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from labdeck.store.session import Session
    from labdeck.store.tensors.reader import TensorReader
    from labdeck.wire.debugging import FindingRecord, Mode
    from labdeck.wire.tensors import Network, RecordedStep

_OPEN_READERS = 8
_QUANTILES = ("p5", "p25", "p50", "p75", "p95")
MOST_ROWS = 200
"""Tensors in one heat map."""


class _Opened:
    """What reads the tensors of one trial, once it is needed, and the lock of who does."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reader: TensorReader | None = None


class Tensors:
    """Recorded tensors of trials; made by `Studio.tensors`. Any thread may use it.

    Example:
        >>> import labdeck
        >>> labdeck.open().tensors.list_of("0" * 32).tensors
        ()
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._readers: OrderedDict[str, _Opened] = OrderedDict()

    def list_of(self, trial_id: str) -> TensorList:
        """Return every tensor of a trial, the steps and the flight recordings; a trial without any has none."""
        found = self._findings(trial_id)
        with self._reading(trial_id) as reader:
            kept = reader.array_counts()
            health = health_of(found)
            rows = tuple(
                TensorRow(
                    name=info.name,
                    collections=info.collections,
                    module=info.module,
                    module_type=info.module_type,
                    parameter=info.parameter,
                    shape=info.shape,
                    dtype=info.dtype,
                    reductions=reader.reductions(info.name),
                    arrays=kept.get(info.name, 0),
                    health=health.get(info.name, "ok"),
                )
                for info in reader.tensors().values()
            )
            modes = tuple(_mode_steps(reader))
        return TensorList(
            trial_id=trial_id,
            tensors=rows,
            modes=modes,
            recordings=recordings.summaries(self._session.tensors, trial_id, found),
        )

    def grid(  # noqa: PLR0913 - each narrows on its own, and all have defaults
        self,
        trial_id: str,
        reduction: str,
        mode: Mode = "TRAIN",
        *,
        collection: str = "",
        names: Sequence[str] = (),
        within: str = "",
        offset: int = 0,
        start: int | None = None,
        end: int | None = None,
    ) -> TensorGrid:
        """Return one reduction of tensors over the steps, of 200 of them at most.

        Args:
            trial_id: The trial.
            reduction: Which; "value" for scalars.
            mode: Of the steps.
            collection: Only tensors of that collection.
            names: Only these tensors.
            within: Only tensors of the module of this path and of those within it.
            offset: How many of these tensors are left out at the beginning.
            start: Only steps from here on.
            end: Only steps before this one.

        Raises:
            UsageError: There is no such reduction, or it is no single number.
        """
        _check_single(reduction)
        with self._reading(trial_id) as reader:
            there = [
                info.name
                for info in reader.tensors().values()
                if (not collection or collection in info.collections) and (not names or info.name in names)
                if is_within(info.module, within) and reduction in reader.reductions(info.name)
            ]
            chosen = there[offset : offset + MOST_ROWS]
            first, last, values, broken = read_table(reader, chosen, reduction, mode, start, end)
        shown = set(chosen)
        found = tuple(f for f in self._findings(trial_id) if f.tensor in shown and f.mode == mode)
        return TensorGrid(
            reduction, mode, tuple(chosen), first, last, values, broken, found, total=len(there), offset=offset
        )

    def curves(self, trial_id: str, name: str, mode: Mode = "TRAIN") -> TensorCurves:
        """Return every reduction of one tensor over the steps; NotFound.

        Of more than 2,000 steps about as many are left: those at which a reduction is smallest, largest or not finite.
        """
        with self._reading(trial_id) as reader:
            _require(reader, name)
            series = {
                reduction: reader.series(name, reduction, mode)
                for reduction in reader.reductions(name)
                if reduction != "histogram"
            }
        series = {reduction: one for reduction, one in series.items() if len(one)}
        steps = np.unique(np.concatenate([one.steps for one in series.values()])) if series else np.empty(0, np.int64)
        curves: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}
        for reduction, one in series.items():
            columns = one.values.reshape(len(one), -1)
            labels = _QUANTILES if reduction == "quantiles" else (reduction,)
            places = np.searchsorted(steps, one.steps)
            for label, column in zip(labels, columns.T, strict=False):
                values, known = np.full(len(steps), np.nan), np.zeros(len(steps), bool)
                values[places], known[places] = column, True
                curves[label] = values, known
        kept = thin(curves, len(steps))
        found = tuple(f for f in self._findings(trial_id) if f.tensor == name and f.mode == mode)
        return TensorCurves(
            name,
            mode,
            steps[kept],
            {label: values[kept] for label, (values, _) in curves.items()},
            found,
            {label: int((known & ~np.isfinite(values)).sum()) for label, (values, known) in curves.items()},
            len(steps),
        )

    def histogram(self, trial_id: str, name: str, mode: Mode = "TRAIN") -> TensorHistogram:
        """Return how the values of one tensor are spread over the steps: as recorded, else of the whole arrays kept.

        Of many steps 400 columns are made, each the sum of neighbouring ones; of whole arrays 10 to 100 are read,
        spread over all, of each of them at most about 65,000 values.

        Raises:
            NotFound: There is no such tensor, or neither histograms nor whole arrays of it were kept.
        """
        with self._reading(trial_id) as reader:
            _require(reader, name)
            return read_spread(reader, name, mode)

    def values(self, trial_id: str, name: str, mode: Mode, step: int, recording: str = "") -> TensorValues:
        """Return one whole tensor at one step as a picture, of a flight recording if one is named; NotFound."""
        if recording:
            array = self._session.tensors.recording(trial_id, recording).array(name, mode, step)
        else:
            with self._reading(trial_id) as reader:
                array = reader.array(name, mode, step)
        if array is None:
            raise NotFound(f"{name!r} was not kept whole at {mode} step {step}", "choose another step")
        plain = np.abs(array) if np.iscomplexobj(array) else array
        picture, fold = fold_picture(plain.astype(np.float64))
        return TensorValues(name, mode, step, array.shape, picture, fold)

    def recorded_step(self, trial_id: str, recording: str, mode: Mode, step: int) -> RecordedStep:
        """Return one step of a flight recording in figures; NotFound."""
        return recordings.step_of(self._session.tensors.recording(trial_id, recording), recording, mode, step)

    def network(
        self,
        trial_id: str,
        reduction: str,
        mode: Mode = "TRAIN",
        step: int | None = None,
        collection: str = "",
        within: str = "",
    ) -> Network:
        """Return the modules of the model at a step, the latest if none is named; NotFound.

        Their values are those of tensors of one collection, if it is named; only modules within one, if that is named.
        Of a large model, modules stand for all that lie within them.

        Raises:
            UsageError: There is no such reduction, or it is no single number.
        """
        _check_single(reduction)
        detail = self._session.catalog.detail(trial_id)
        captured = next((capture.body for capture in detail.captures if capture.kind == "network"), {})
        found = self._findings(trial_id)
        with self._reading(trial_id) as reader:
            wanted = Wanted(reduction, mode, step, collection, within)
            return read_network(reader, trial_id, captured, found, wanted)

    @contextmanager
    def _reading(self, trial_id: str) -> Iterator[TensorReader]:
        """Lend what reads the tensors of a trial, up to date; others wait for the same trial only."""
        with self._lock:
            opened = self._readers.pop(trial_id, None) or _Opened()
            self._readers[trial_id] = opened
            while len(self._readers) > _OPEN_READERS:
                self._readers.popitem(last=False)
        with opened.lock:
            if opened.reader is None:
                opened.reader = self._session.tensors.reader(trial_id)
            else:
                opened.reader.refresh()
            yield opened.reader

    def _findings(self, trial_id: str) -> tuple[FindingRecord, ...]:
        return self._session.catalog.findings(trial_id=trial_id, limit=1000).findings


def _mode_steps(reader: TensorReader) -> Iterator[ModeSteps]:
    steps: dict[Mode, list[int]] = {}
    for moment in reader.moments():
        steps.setdefault(moment.mode, []).append(moment.step)
    for mode, found in steps.items():
        yield ModeSteps(mode=mode, count=len(found), first=min(found), last=max(found))


def _check_single(reduction: str) -> None:
    if reduction != "value" and check_reductions([reduction])[0] in WIDTHS:
        raise UsageError(f"{reduction} is no single number", "choose a reduction that is")


def _require(reader: TensorReader, name: str) -> None:
    if name not in reader.tensors():
        raise NotFound(f"no tensor {name[:80]!r} was recorded", "list them with tensors()")
