"""One apply(): what its transaction has changed so far, and the events that tell of it, each thing once."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from labdeck.errors import InvalidQuery
from labdeck.store.ids import is_id
from labdeck.store.sql import codec, findings, reads
from labdeck.store.sql.tables import event, experiment, log, trial
from labdeck.wire.events import (
    AnyEvent,
    DebuggerChanged,
    DetailChanged,
    ExperimentChanged,
    FindingChanged,
    LineageChanged,
    MetricsAdvanced,
    TrainingAsked,
    TrialChanged,
    ViewsChanged,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from labdeck.wire.records import MetricSummary

Detail = Literal["params", "components", "artifacts", "captures", "output"]

SHOWN_METRICS = 50
"""Summaries in one MetricsAdvanced event."""
SHOWN_NODES = 200
"""Ids in one LineageChanged event."""


class Unit:
    """The work of one transaction.

    Attributes:
        connection: Where it happens.
        newest: The newest seq before this transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.newest = reads.cursor(connection)
        self._homes: dict[str, str] = {}
        self._experiments: dict[str, None] = {}  # a dict keeps the order in which things were touched
        self._trials: dict[str, None] = {}
        self._details: dict[tuple[str, Detail], None] = {}
        self._metrics: dict[str, dict[tuple[str, str], MetricSummary]] = {}
        self._points: dict[str, int] = {}
        self._views = False
        self._lineage: dict[str, None] = {}
        self._findings: dict[str, None] = {}
        self._debugger: dict[str, None] = {}
        self._requests: dict[str, None] = {}

    def home(self, trial_id: str) -> str | None:
        """Return the experiment of a trial, None if there is no such trial."""
        if trial_id not in self._homes:
            query = select(trial.c.experiment_id).where(trial.c.id == trial_id)
            found = self.connection.execute(query).scalar()
            if found is None:
                return None
            self._homes[trial_id] = found
        return self._homes[trial_id]

    def touch_experiment(self, experiment_id: str) -> None:
        """Note that an experiment changed."""
        self._experiments[experiment_id] = None

    def touch_trial(self, trial_id: str) -> None:
        """Note that a trial changed."""
        self._trials[trial_id] = None

    def touch_detail(self, trial_id: str, what: Detail) -> None:
        """Note that facts of a trial changed."""
        self._details[trial_id, what] = None

    def touch_metrics(self, trial_id: str, points: int, metrics: Sequence[MetricSummary]) -> None:
        """Note that series of a trial have grown."""
        self._points[trial_id] = points
        grown = self._metrics.setdefault(trial_id, {})
        for summary in metrics:
            grown[summary.component, summary.name] = summary

    def touch_activity(self, experiment_id: str, when: float) -> None:
        """Note that a trial of an experiment started or ended."""
        self.change(experiment, experiment_id, updated=when, activity=self.newest + 1)
        self.touch_experiment(experiment_id)

    def touch_views(self) -> None:
        """Note that saved comparisons changed."""
        self._views = True

    def touch_lineage(self, *ids: str) -> None:
        """Note that nodes of the lineage or their associations changed."""
        self._lineage.update(dict.fromkeys(ids))

    def touch_finding(self, *ids: str) -> None:
        """Note that findings came or changed."""
        self._findings.update(dict.fromkeys(ids))

    def touch_debugger(self, trial_id: str) -> None:
        """Note that what watches a trial changed."""
        self._debugger[trial_id] = None

    def touch_request(self, trial_id: str) -> None:
        """Note that something is asked of a training."""
        self._requests[trial_id] = None

    def change(self, table: Table, identity: str, **values: Any) -> None:
        """Update one row by id."""
        self.connection.execute(update(table).where(table.c.id == identity).values(**values))

    def upsert(self, table: Table, key: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of a trial's facts, or replace those of the same key; new ones come last."""
        if not rows:
            return
        last = select(func.coalesce(func.max(table.c.position), -1)).where(table.c.trial_id == rows[0]["trial_id"])
        start = self.connection.execute(last).scalar_one() + 1
        placed = [{**row, "position": start + index} for index, row in enumerate(rows)]
        self.connection.execute(_upsert(self.connection.dialect.name, table, tuple(key)), placed)

    def put(self, table: Table, row: Mapping[str, Any], *, replace: bool = True) -> bool:
        """Insert a row, or replace the one of the same primary key unless `replace` is False; say if it changed."""
        key = tuple(column.name for column in table.primary_key)
        statement = _put(self.connection.dialect.name, table, key, replace)
        return self.connection.execute(statement, row).first() is not None

    def emit(self) -> int:
        """Append the events of this transaction; return the newest seq."""
        events = list(self._events())
        if not events:
            return self.newest
        rows = [{"seq": item.seq, "body": codec.encode(item)} for item in events]
        self.connection.execute(insert(event), rows)
        newest = self.newest + len(events)
        self.connection.execute(update(log).values(newest=newest))
        return newest

    def _events(self) -> Iterator[AnyEvent]:
        now = time.time()
        seq = self.newest
        experiments = reads.experiments_by_id(self.connection, list(self._experiments))
        trials = reads.trials_by_id(self.connection, list({**self._trials, **dict.fromkeys(self._metrics)}))
        for experiment_id in self._experiments:
            seq += 1
            yield ExperimentChanged(seq=seq, time=now, experiment=experiments[experiment_id])
        for trial_id in self._trials:
            seq += 1
            yield TrialChanged(seq=seq, time=now, trial=trials[trial_id])
        for trial_id, what in self._details:
            seq += 1
            home = self.home(trial_id) or ""
            yield DetailChanged(seq=seq, time=now, trial_id=trial_id, experiment_id=home, what=what)
        for trial_id, metrics in self._metrics.items():
            seq += 1
            record = trials[trial_id]
            shown = tuple(msgspec.structs.replace(item, spark=()) for item in metrics.values())
            yield MetricsAdvanced(
                seq=seq,
                time=now,
                trial_id=trial_id,
                experiment_id=record.experiment_id,
                points=self._points[trial_id],
                objective=record.objective,
                goal=record.goal,
                metrics=shown[:SHOWN_METRICS],
                truncated=len(shown) > SHOWN_METRICS,
            )
        if self._views:
            seq += 1
            yield ViewsChanged(seq=seq, time=now)
        if self._lineage:
            seq += 1
            ids = tuple(self._lineage)
            yield LineageChanged(seq=seq, time=now, ids=ids[:SHOWN_NODES], truncated=len(ids) > SHOWN_NODES)
        yield from self._debugger_events(seq, now)

    def _debugger_events(self, seq: int, now: float) -> Iterator[AnyEvent]:
        for record in findings.by_id(self.connection, list(self._findings)):
            seq += 1
            home = self.home(record.trial_id) or ""
            yield FindingChanged(seq=seq, time=now, experiment_id=home, finding=record)
        for trial_id in self._debugger:
            seq += 1
            yield DebuggerChanged(seq=seq, time=now, trial_id=trial_id, experiment_id=self.home(trial_id) or "")
        for trial_id in self._requests:
            seq += 1
            yield TrainingAsked(seq=seq, time=now, trial_id=trial_id)


def require_id(text: str) -> str:
    """Return an id that a sender made; InvalidQuery if it has not the form of one."""
    if not is_id(text):
        raise InvalidQuery(f"{reads.shown(text)} is not an id", "make ids with labdeck.store.ids.new_id()")
    return text


def require_finite(record: msgspec.Struct) -> None:
    """Raise InvalidQuery if a time or number of a record is NaN or infinite: JSON would turn it into null.

    Values that may be NaN cross by name, see `labdeck.wire.numbers`.
    """
    for field in record.__struct_fields__:
        value = getattr(record, field)
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidQuery(f"{field} of {type(record).__name__} is {value}", "give a finite number")


@lru_cache(maxsize=64)
def _upsert(dialect: str, table: Table, key: tuple[str, ...]) -> Any:
    return _on_conflict(dialect, table, key, kept={*key, "position"})


@lru_cache(maxsize=64)
def _put(dialect: str, table: Table, key: tuple[str, ...], replace: bool) -> Any:
    statement = _on_conflict(dialect, table, key, kept=set(key) if replace else set(table.c.keys()))
    return statement.returning(table.c[key[0]])  # a row only where something changed


def _on_conflict(dialect: str, table: Table, key: tuple[str, ...], kept: set[str]) -> Any:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table)
    replaced = {column.name: statement.excluded[column.name] for column in table.c if column.name not in kept}
    if not replaced:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    return statement.on_conflict_do_update(index_elements=list(key), set_=replaced)
