"""Queries that turn rows into records: findings, rules, watches and requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Select, func, select

from labdeck.store.sql import reads
from labdeck.store.sql.codec import bodies, decode_readable
from labdeck.store.sql.tables import experiment, finding, request, rule, trial, watch
from labdeck.wire.debugging import DebuggerDetail, FindingPage, FindingRecord, RequestRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Wanted:
    """Which findings are asked for: of one trial, of one experiment, with those that were dismissed."""

    trial_id: str | None
    experiment_id: str | None
    dismissed: bool


def page(connection: Connection, wanted: Wanted, offset: int, limit: int | None) -> FindingPage:
    """Return findings of trials that are not deleted, newest first."""
    seq = reads.cursor(connection)
    query = _of(select(finding), wanted).order_by(finding.c.serial.desc()).offset(offset).limit(limit)
    found = _records(connection.execute(query).all())
    counted = _of(select(finding.c.dismissed, func.count().label("number")), wanted).group_by(finding.c.dismissed)
    counts = {bool(row.dismissed): int(row.number) for row in connection.execute(counted)}
    trials = reads.trials_by_id(connection, list(dict.fromkeys(record.trial_id for record in found)))
    return FindingPage(
        seq=seq,
        findings=found,
        total=sum(counts.values()),
        open=counts.get(False, 0),
        trials=tuple(trials.values()),
    )


def by_id(connection: Connection, ids: Sequence[str]) -> list[FindingRecord]:
    """Return findings in the order of the ids, unknown ones left out."""
    rows = {row.id: row for row in reads.in_chunks(connection, select(finding), finding.c.id, ids)}
    return list(_records([rows[identity] for identity in ids if identity in rows]))


def debugger(connection: Connection, trial_id: str) -> DebuggerDetail:
    """Return what watches a trial; NotFound."""
    record = reads.find_trial(connection, trial_id, None)
    watches = select(watch.c.body).where(watch.c.trial_id == record.id).order_by(watch.c.position)
    rules = select(rule.c.body).where(rule.c.trial_id == record.id).order_by(rule.c.position)
    return DebuggerDetail(
        trial=record,
        watches=decode_readable(bodies.watch, list(connection.execute(watches).scalars())),
        rules=decode_readable(bodies.rule, list(connection.execute(rules).scalars())),
    )


def requests(connection: Connection, trial_id: str) -> tuple[RequestRecord, ...]:
    """Return what is asked of a training, oldest first."""
    query = select(request.c.body).where(request.c.trial_id == trial_id)
    found = decode_readable(bodies.request, list(connection.execute(query).scalars()))
    return tuple(sorted(found, key=lambda record: (record.created, record.id)))


def _of(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.join(trial, trial.c.id == finding.c.trial_id).join(experiment).where(*reads.LISTED)
    if wanted.trial_id is not None:
        query = query.where(finding.c.trial_id == wanted.trial_id)
    if wanted.experiment_id is not None:
        query = query.where(trial.c.experiment_id == wanted.experiment_id)
    return query if wanted.dismissed else query.where(finding.c.dismissed.is_(False))


def _records(rows: Sequence[Any]) -> tuple[FindingRecord, ...]:
    dismissed = {row.id: bool(row.dismissed) for row in rows}
    found = decode_readable(bodies.finding, [row.body for row in rows])
    return tuple(msgspec.structs.replace(record, dismissed=dismissed.get(record.id, False)) for record in found)
