"""Commands on findings, rules, watches and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, func, insert, select, update

from labdeck.errors import NotFound
from labdeck.store.names import check_name
from labdeck.store.sql import reads
from labdeck.store.sql.codec import clean, clean_text, encode, name_key
from labdeck.store.sql.tables import finding, request, rule, watch
from labdeck.store.sql.unit import require_finite, require_id

if TYPE_CHECKING:
    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import AnswerRequest, AskTraining, Dismiss, PutFinding, PutRules, PutWatch
    from labdeck.wire.debugging import FindingRecord, RuleRecord, WatchRecord


def put_finding(unit: Unit, command: PutFinding) -> None:
    """Record what a rule found; one of that id is replaced, and stays dismissed if it was."""
    if unit.home(command.finding.trial_id) is None:
        return
    record = _clean_finding(command.finding)
    body = encode(msgspec.structs.replace(record, dismissed=False))
    values = {"rule": record.rule, "severity": record.severity, "body": body}
    here = finding.c.id == require_id(record.id)
    if unit.connection.execute(select(finding.c.id).where(here)).first() is not None:
        unit.connection.execute(update(finding).where(here).values(**values))
    else:
        last = select(func.coalesce(func.max(finding.c.serial), 0))
        serial = unit.connection.execute(last).scalar_one() + 1
        unit.connection.execute(
            insert(finding).values(id=record.id, trial_id=record.trial_id, serial=serial, dismissed=False, **values)
        )
    unit.touch_finding(record.id)


def dismiss(unit: Unit, command: Dismiss) -> None:
    """Put findings away or take them out again; one that is gone stays gone."""
    for start in range(0, len(command.ids), reads.CHUNK):
        some = finding.c.id.in_(command.ids[start : start + reads.CHUNK]) & (finding.c.dismissed != command.dismissed)
        changed = unit.connection.execute(select(finding.c.id).where(some)).scalars().all()
        unit.connection.execute(update(finding).where(some).values(dismissed=command.dismissed))
        unit.touch_finding(*changed)


def put_rules(unit: Unit, command: PutRules) -> None:
    """Record the rules over a trial; those recorded before go."""
    if unit.home(command.trial_id) is None:
        return
    unit.connection.execute(delete(rule).where(rule.c.trial_id == command.trial_id))
    rows = [
        {"trial_id": command.trial_id, "position": number, "body": encode(_clean_rule(record))}
        for number, record in enumerate(command.rules)
    ]
    if rows:
        unit.connection.execute(insert(rule), rows)
    unit.touch_debugger(command.trial_id)


def put_watch(unit: Unit, command: PutWatch) -> None:
    """Record how the watching of a model goes; the newest of a name wins."""
    if unit.home(command.trial_id) is None:
        return
    key = name_key(check_name(command.watch.name, "watch"))
    row = {"trial_id": command.trial_id, "name_key": key, "body": encode(_clean_watch(command.watch))}
    unit.upsert(watch, ("trial_id", "name_key"), [row])
    unit.touch_debugger(command.trial_id)


def ask_training(unit: Unit, command: AskTraining) -> None:
    """Keep what is asked of a training until it is answered; NotFound."""
    record = command.request
    require_finite(record)
    if unit.home(record.trial_id) is None:
        raise NotFound(f"no trial has the id {reads.shown(record.trial_id)}", "list them with %experiment list")
    body = encode(msgspec.structs.replace(record, argument=clean_text(record.argument)))
    row = {"id": require_id(record.id), "trial_id": record.trial_id, "body": body}
    unit.put(request, row, replace=False)
    unit.touch_request(record.trial_id)


def answer_request(unit: Unit, command: AnswerRequest) -> None:
    """Forget what was asked of a training."""
    unit.connection.execute(delete(request).where(request.c.id == command.id))


def _clean_finding(record: FindingRecord) -> FindingRecord:
    require_finite(record)
    for action in record.actions:
        require_finite(action)
    check_name(record.rule, "rule")
    texts = ("tensor", "message", "remedy", "origin", "recording")
    return msgspec.structs.replace(record, **{name: clean_text(getattr(record, name)) for name in texts})


def _clean_rule(record: RuleRecord) -> RuleRecord:
    require_finite(record)
    check_name(record.name, "rule")
    texts = {name: clean_text(getattr(record, name)) for name in ("description", "missing", "error")}
    return msgspec.structs.replace(record, params=clean(record.params), report=clean(record.report), **texts)


def _clean_watch(record: WatchRecord) -> WatchRecord:
    require_finite(record)
    return msgspec.structs.replace(
        record, reason=clean_text(record.reason), warnings=tuple(clean_text(text) for text in record.warnings)
    )
