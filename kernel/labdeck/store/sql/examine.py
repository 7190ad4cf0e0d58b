"""The catalog's part of `labdeck store check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, select

from labdeck.store.contract import Defect
from labdeck.store.sql.codec import bodies
from labdeck.store.sql.tables import artifact, capture, event, experiment, metric, param, trial

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from labdeck.store.sql.backend import Backend


def examine(connection: Connection, backend: Backend) -> tuple[Defect, ...]:
    """Run the database's own check, then decode every stored record."""
    found = [
        Defect(
            severity="error",
            path="catalog",
            message=line,
            remedy="export what can be read with `labdeck store export`, then restore a backup",
        )
        for line in backend.examine(connection)
    ]
    columns: list[tuple[ColumnElement[str], msgspec.json.Decoder[Any]]] = [
        (experiment.c.tags, bodies.tags),
        (trial.c.tags, bodies.tags),
        (param.c.body, bodies.param),
        (metric.c.body, bodies.metric),
        (metric.c.spark, bodies.spark),
        (artifact.c.body, bodies.artifact),
        (capture.c.body, bodies.capture),
        (event.c.body, bodies.event),
    ]
    for column, decoder in columns:
        found += _undecodable(connection, column, decoder)
    return tuple(found)


def _undecodable(connection: Connection, column: Any, decoder: msgspec.json.Decoder[Any]) -> list[Defect]:
    wrap = "[{}]" if column.name == "body" else "{}"
    broken = 0
    for text in connection.execute(select(column).execution_options(yield_per=5_000)).scalars():
        try:
            decoder.decode(wrap.format(text))
        except msgspec.MsgspecError:
            broken += 1
    if not broken:
        return []
    return [
        Defect(
            severity="error",
            path=f"catalog: {column.table.name}.{column.name}",
            message=f"{broken} records cannot be decoded",
            remedy="restore the catalog from a backup",
        )
    ]
