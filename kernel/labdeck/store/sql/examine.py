"""The catalog's part of `labdeck store check`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from labdeck.errors import StoreCorrupt
from labdeck.store.contract import Defect
from labdeck.store.sql.codec import bodies
from labdeck.store.sql.tables import (
    artifact,
    capture,
    event,
    experiment,
    finding,
    metric,
    node,
    param,
    request,
    rule,
    trial,
    view,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from labdeck.store.sql.engine import Database

    Examination = Callable[[Connection], list[str]]

_REMEDY = "export what can be read with `labdeck store export`, then restore the catalog from a backup"
_ROWS_AT_ONCE = 5_000
_COLUMNS: list[tuple[Any, msgspec.json.Decoder[Any]]] = [
    (experiment.c.tags, bodies.tags),
    (trial.c.tags, bodies.tags),
    (trial.c.objective, bodies.metric),
    (param.c.body, bodies.param),
    (metric.c.body, bodies.metric),
    (metric.c.spark, bodies.spark),
    (artifact.c.body, bodies.artifact),
    (capture.c.body, bodies.capture),
    (view.c.body, bodies.view),
    (node.c.body, bodies.node),
    (finding.c.body, bodies.finding),
    (watch.c.body, bodies.watch),
    (rule.c.body, bodies.rule),
    (request.c.body, bodies.request),
    (event.c.body, bodies.event),
]


def examine(database: Database) -> tuple[Defect, ...]:
    """Run the database's own checks, then decode every stored record; damage in one place hides nothing elsewhere."""
    found = _findings(database, "catalog", database.backend.examine)
    for column, decoder in _COLUMNS:
        place = f"catalog: {column.table.name}.{column.name}"
        found += _findings(database, place, partial(_undecodable, column, decoder))
    return tuple(found)


def _findings(database: Database, place: str, examination: Examination) -> list[Defect]:
    try:
        messages = database.read(examination)
    except StoreCorrupt as error:
        messages = [error.message]
    return [Defect(severity="error", path=place, message=message, remedy=_REMEDY) for message in messages]


def _undecodable(column: Any, decoder: msgspec.json.Decoder[Any], connection: Connection) -> list[str]:
    alone = column.name in ("tags", "spark")
    broken = 0
    query = select(column).where(column.is_not(None)).execution_options(yield_per=_ROWS_AT_ONCE)
    for text in connection.execute(query).scalars():
        try:
            decoder.decode(text if alone else f"[{text}]")
        except (msgspec.MsgspecError, ValueError):
            broken += 1
    return [f"{broken} records cannot be decoded"] if broken else []
