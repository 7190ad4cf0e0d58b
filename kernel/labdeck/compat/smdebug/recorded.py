"""Reads what was recorded into Labdeck's store, by a hook of this package or by `labdeck.watch`."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from labdeck.compat.smdebug import news
from labdeck.compat.smdebug.collection import Collection, CollectionKeys
from labdeck.compat.smdebug.exceptions import TensorUnavailableForStep
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.sheet import Pointer, collections_in, read_sheet
from labdeck.compat.smdebug.source import Batch, Source
from labdeck.errors import NotFound, StoreCorrupt
from labdeck.store.tensors.layout import WIDTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from labdeck.store.session import Session
    from labdeck.store.tensors.frames import Moment
    from labdeck.store.tensors.layout import Layout
    from labdeck.store.tensors.reader import TensorReader

_VALUE = "value"
_LOOK_AGAIN = 0.05
"""Seconds between two looks into what another process records."""


class _Parts:
    """What a layout says, in smdebug's words; shared by the steps that have it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.is_of_model = any(info.collections != ("system",) for info in layout.tensors)
        self.names = frozenset(layout.tensors[column.tensor].name for column in layout.columns)
        self.reductions: dict[str, dict[tuple[str, bool], int]] = {}
        for column in layout.columns:
            if column.reduction != _VALUE and column.reduction not in WIDTHS:
                key = (column.reduction.removeprefix("abs_"), column.reduction.startswith("abs_"))
                self.reductions.setdefault(layout.tensors[column.tensor].name, {})[key] = column.start


class _RowBatch(Batch):
    """One row: the reductions of a step, and the tensors that are single numbers."""

    def __init__(self, parts: _Parts, values: NDArray[np.float64], moment: Moment, worker: str) -> None:
        super().__init__(ModeKeys[moment.mode], moment.step, moment.global_step, worker)
        self._parts = parts
        self._values = values

    @property
    def names(self) -> frozenset[str]:
        return self._parts.names

    def expects_arrays(self, collections: Mapping[str, Collection]) -> bool:
        """Tell whether whole arrays belong to this step, as far as a hook has said what it saves."""
        inside = {
            name
            for info in self._parts.layout.tensors
            if self._parts.layout.place(info.name, _VALUE) is None
            for name in info.collections
        }
        return any(
            one.reduction_config is not None
            and one.reduction_config.save_raw_tensor
            and one.save_config is not None
            and (schedule := one.save_config.mode_save_configs[self.mode]) is not None
            and schedule.should_save_step(self.mode_step)
            for one in map(collections.get, inside)
            if one is not None
        )

    def reductions(self, tensor: str) -> tuple[tuple[str, bool], ...]:
        return tuple(self._parts.reductions.get(tensor, ()))

    def shape(self, tensor: str) -> tuple[int, ...] | None:
        return None if self.has_value(tensor) else self._parts.layout.by_name[tensor].shape

    def has_value(self, tensor: str) -> bool:
        return self._parts.layout.place(tensor, _VALUE) is not None

    def value(self, tensor: str) -> NDArray[Any]:
        place = self._parts.layout.place(tensor, _VALUE)
        if place is None:
            raise TensorUnavailableForStep(tensor, self.mode_step, self.mode)
        collections = self._parts.layout.by_name[tensor].collections
        is_loss = CollectionKeys.LOSSES in collections and CollectionKeys.METRICS not in collections
        return np.array(self._values[place] if is_loss else [self._values[place]])  # as smdebug has numbers by hand

    def reduction(self, tensor: str, name: str, absolute: bool) -> Any:
        place = self._parts.reductions.get(tensor, {}).get((name, absolute))
        if place is None:
            raise TensorUnavailableForStep(tensor, self.mode_step, self.mode)
        return self._values[place]


class _ArrayBatch(Batch):
    """The whole arrays of a step."""

    def __init__(self, reader: TensorReader, moment: Moment, worker: str) -> None:
        super().__init__(ModeKeys[moment.mode], moment.step, moment.global_step, worker)
        self._reader = reader
        self._moment = moment

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self._reader.array_names(self._moment.mode, self._moment.step))

    def reductions(self, tensor: str) -> tuple[tuple[str, bool], ...]:  # noqa: ARG002 - arrays alone
        return ()

    def shape(self, tensor: str) -> tuple[int, ...] | None:  # noqa: ARG002 - the array has it
        return None

    def has_value(self, tensor: str) -> bool:
        return tensor in self.names

    def value(self, tensor: str) -> NDArray[Any]:
        try:
            found = self._reader.array(tensor, self._moment.mode, self._moment.step)
        except StoreCorrupt:
            found = None
        if found is None:
            raise TensorUnavailableForStep(tensor, self.mode_step, self.mode)
        return found

    def reduction(self, tensor: str, name: str, absolute: bool) -> Any:  # noqa: ARG002 - arrays alone
        raise TensorUnavailableForStep(tensor, self.mode_step, self.mode)


class _Worker:
    """What one worker has recorded."""

    def __init__(self, session: Session, pointer: Pointer) -> None:
        self.pointer = pointer
        self.reader = session.tensors.reader(pointer.trial_id)
        self._parts: dict[int, _Parts] = {}
        self._rows = 0
        self._arrays = 0
        self._waiting: list[_RowBatch] = []
        self._has_news = True

    def look(self) -> bool:
        """Look whether anything came since `news` was asked."""
        self._has_news = self.reader.refresh() or self._has_news
        return self._has_news

    def news(self, collections: Callable[[], Mapping[str, Collection]], *, live: bool) -> list[Batch]:
        """Return what came since the last call; numbers are copied while the file still grows.

        Whole arrays are written beside the training: a step whose arrays are still to come is held back.
        """
        if not self.look() and (live or not self._waiting):
            return []
        self._has_news = False
        rows = list(self.reader.rows())
        for row in rows[self._rows :]:
            parts = self._parts_of(row.layout)
            if parts.is_of_model:
                values = row.values.copy() if live else row.values
                self._waiting.append(_RowBatch(parts, values, row.moment, self.pointer.worker))
        arrays = self.reader.array_moments()
        found: list[Batch] = [_ArrayBatch(self.reader, one, self.pointer.worker) for one in arrays[self._arrays :]]
        self._rows, self._arrays = len(rows), len(arrays)
        latest = max((moment.global_step for moment in arrays), default=-1)
        due = collections() if live and any(batch.global_step > latest for batch in self._waiting) else {}
        held = [batch for batch in self._waiting if batch.global_step > latest and batch.expects_arrays(due)]
        found += [batch for batch in self._waiting if batch not in held]
        self._waiting = held
        return found

    def _parts_of(self, layout: Layout) -> _Parts:
        known = self._parts.get(id(layout))
        if known is None:
            known = self._parts[id(layout)] = _Parts(layout)
        return known


class RecordedSource(Source):
    """Trials of Labdeck's store, one a worker.

    Args:
        session: The store.
        pointers: The trials.
        path: What the source is called.

    Raises:
        NotFound: The store has no such trial.
    """

    def __init__(self, session: Session, pointers: Sequence[Pointer], path: str) -> None:
        self.path = path
        self._session = session
        for pointer in pointers:
            session.catalog.trial(pointer.trial_id)
        self._workers = [_Worker(session, pointer) for pointer in pointers]
        self._ended = False
        self._known: dict[str, Collection] | None = None

    @property
    def trial_id(self) -> str:
        """The trial of the first worker: findings and wishes go to it."""
        return self._workers[0].pointer.trial_id

    @property
    def session(self) -> Session:
        """The store."""
        return self._session

    def news(self) -> list[Batch]:
        """Return what was recorded since the last call."""
        found = [batch for worker in self._workers for batch in worker.news(self.collections, live=not self._ended)]
        if found:
            self._known = None
        return sorted(found, key=lambda batch: batch.global_step)

    def collections(self) -> dict[str, Collection]:
        """Return the collections of the hooks, and those that the tensors say they are in."""
        if self._known is not None:
            return self._known
        found = self._known = {}
        for worker in self._workers:
            for name, one in collections_in(self._sheet(worker)).items():
                found.setdefault(name, one).tensor_names |= one.tensor_names
        for worker in self._workers:
            for info in worker.reader.tensors().values():
                for name in info.collections:
                    found.setdefault(name, Collection(name)).add_tensor_name(info.name)
        return found

    def _sheet(self, worker: _Worker) -> dict[str, Any]:
        return read_sheet(self._session, worker.pointer.trial_id)

    def workers(self) -> list[str]:
        """Return the workers' names."""
        return [worker.pointer.worker for worker in self._workers]

    def worker_count(self) -> int:
        """Return how many workers save each step."""
        return max(worker.pointer.workers for worker in self._workers)

    def has_ended(self) -> bool:
        """Tell whether all hooks were closed, or their trials have ended."""
        if not self._ended:
            self._ended = all(self._has_ended(worker) for worker in self._workers)
            if self._ended:
                self._known = None
        return self._ended

    def _has_ended(self, worker: _Worker) -> bool:
        try:
            record = self._session.catalog.trial(worker.pointer.trial_id)
        except NotFound:  # it was deleted meanwhile
            return True
        return record.state != "running" or bool(self._sheet(worker).get("ended"))

    def wait(self, seconds: float) -> None:
        """Return at once when a hook of this process has saved something, soon when one of another has."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            news.wait(min(_LOOK_AGAIN, left))
            if any(worker.look() for worker in self._workers) or self.has_ended():
                return
