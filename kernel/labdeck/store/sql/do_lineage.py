"""Commands on the lineage: nodes and the associations between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, or_, select

from labdeck.errors import InvalidQuery
from labdeck.store.names import check_name
from labdeck.store.sql.codec import clean, clean_text, encode, name_key
from labdeck.store.sql.tables import edge, node
from labdeck.store.sql.unit import require_finite, require_id

if TYPE_CHECKING:
    from labdeck.store.sql.unit import Unit
    from labdeck.wire.commands import Associate, Dissociate, PutNode, RemoveNode
    from labdeck.wire.records import Association


def put_node(unit: Unit, command: PutNode) -> None:
    """Record a node; one of that id gets the new name, type, place and properties."""
    record = command.node
    require_finite(record)
    if record.kind == "trial":
        raise InvalidQuery("a trial is a node by itself", "associate it by its id")
    tidy = msgspec.structs.replace(
        record,
        name=check_name(record.name, "node"),
        type=clean_text(record.type),
        uri=clean_text(record.uri),
        digest=clean_text(record.digest),
        properties=clean(record.properties),
    )
    row = {
        "id": require_id(record.id),
        "kind": tidy.kind,
        "name_key": name_key(tidy.name),
        "uri_key": name_key(tidy.uri),
        "digest": tidy.digest,
        "body": encode(tidy),
    }
    if unit.put(node, row, replace=command.replace):
        unit.touch_lineage(record.id)


def remove_node(unit: Unit, command: RemoveNode) -> None:
    """Forget a node and its associations; one that is gone stays gone."""
    touching = or_(edge.c.source == command.id, edge.c.destination == command.id)
    ends = unit.connection.execute(select(edge.c.source, edge.c.destination).where(touching)).all()
    unit.connection.execute(delete(edge).where(touching))
    if unit.connection.execute(delete(node).where(node.c.id == command.id)).rowcount or ends:
        unit.touch_lineage(command.id, *(end for row in ends for end in row))


def associate(unit: Unit, command: Associate) -> None:
    """Record that one node led to another; said again, it stays as it was."""
    item = command.edge
    require_finite(item)
    link(unit, require_id(item.source), require_id(item.destination), item.association, item.created)


def link(unit: Unit, source: str, destination: str, association: Association, created: float) -> None:
    """Record an association unless it is there; SameAs in both directions, so that no walk needs to know of it."""
    row = {"source": source, "destination": destination, "association": association, "created": created}
    changed = unit.put(edge, row, replace=False)
    if association == "SameAs":
        changed = unit.put(edge, {**row, "source": destination, "destination": source}, replace=False) or changed
    if changed:
        unit.touch_lineage(source, destination)


def dissociate(unit: Unit, command: Dissociate) -> None:
    """Take an association back; one that is gone stays gone."""
    here = (edge.c.source == command.source) & (edge.c.destination == command.destination)
    if command.association == "SameAs":
        here |= (edge.c.source == command.destination) & (edge.c.destination == command.source)
    if unit.connection.execute(delete(edge).where(here, edge.c.association == command.association)).rowcount:
        unit.touch_lineage(command.source, command.destination)
