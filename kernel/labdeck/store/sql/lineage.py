"""Queries of the lineage: walks along associations, and nodes by name, type or place."""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Text, cast, func, literal, select

from labdeck.errors import InvalidQuery, NotFound
from labdeck.store.sql import codec, reads
from labdeck.store.sql.codec import bodies, name_key
from labdeck.store.sql.tables import edge, experiment, node, trial
from labdeck.wire.records import LineageEdge, LineageGraph, LineageNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy import ColumnElement, Connection

    from labdeck.store.contract import Direction

LEVELS, MANY = 8, 5_000
"""Steps that are walked by the index, one query each, as long as no more nodes than so many were met.

What goes further is walked in memory over all associations, read at once: three times as fast as a recursive query over
a large graph (`bench/lineage.py`), and as fast for one long chain as for a bush.
"""

_Row = tuple[str, str, str, float]


def lineage(
    connection: Connection, start: Sequence[str], direction: Direction, depth: int | None, limit: int
) -> LineageGraph:
    """Return what led to the given nodes, what they led to, or both, nearest first; NotFound, InvalidQuery."""
    if direction not in {"up", "down", "both"}:
        raise InvalidQuery(f"the direction is {direction!r}", "ask for up, down or both")
    if (depth is not None and depth < 0) or limit < 1:
        raise InvalidQuery("depth and limit must not be negative, nor limit 0")
    with _collector_at_rest():
        return _lineage(connection, tuple(dict.fromkeys(start)), direction, depth, limit)


def _lineage(
    connection: Connection, begin: tuple[str, ...], direction: Direction, depth: int | None, limit: int
) -> LineageGraph:
    walk = _Walk(connection, begin, depth, limit)
    distances = [walk.run(forward=forward) for forward in (False, True) if direction != ("up" if forward else "down")]
    ids = list(distances[0]) if len(distances) == 1 else _nearest_first(*distances)
    found = nodes_by_id(connection, ids[:limit])
    if lost := [identity for identity in begin if identity not in found]:
        raise NotFound(f"the lineage knows nothing of {reads.shown(lost[0])}", "it may have been removed")
    return LineageGraph(
        start=begin,
        nodes=tuple(found.values()),
        edges=_edges(walk.between(found)),
        truncated=walk.truncated or len(ids) > limit,
    )


def _nearest_first(up: dict[str, int], down: dict[str, int]) -> list[str]:
    """Return what either walk met; what is equally near in the order in which it was met."""
    both = up | {identity: min(distance, up.get(identity, distance)) for identity, distance in down.items()}
    return sorted(both, key=both.__getitem__)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking through a large answer again and again while it grows: a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Walk:
    """A breadth-first walk from some nodes, as far as it may go; `run` returns the distance of all it met."""

    def __init__(self, connection: Connection, start: tuple[str, ...], depth: int | None, limit: int) -> None:
        self.truncated = False
        self._connection = connection
        self._start = start
        self._depth = depth
        self._limit = limit
        self._rows: Sequence[_Row] | None = None

    def run(self, *, forward: bool) -> dict[str, int]:
        seen = dict.fromkeys(self._start, 0)
        frontier: Iterable[str] = self._start
        level = 0
        while frontier and level != self._depth:
            if level == LEVELS or len(seen) > MANY:
                self._run_in_memory(seen, list(frontier), forward=forward)
                break
            level += 1
            frontier = [identity for identity in self._next(list(frontier), len(seen), forward) if identity not in seen]
            seen.update(dict.fromkeys(frontier, level))
            if len(seen) > self._limit:
                self.truncated = True
                break
        return seen

    def _next(self, frontier: list[str], known: int, forward: bool) -> Iterable[str]:
        near, far = (edge.c.source, edge.c.destination) if forward else (edge.c.destination, edge.c.source)
        given = _given(self._connection, frontier)
        query = select(far).distinct().where(near.in_(select(given))).limit(self._limit + known + 1)
        return self._connection.execute(query).scalars()

    def _run_in_memory(self, seen: dict[str, int], queue: list[str], *, forward: bool) -> None:
        """Go on over all associations at once; `queue` grows while it is walked."""
        if self._rows is None:
            query = select(edge.c.source, edge.c.destination, edge.c.association, edge.c.created)
            self._rows = self._connection.execute(query).all()
        near, far = (0, 1) if forward else (1, 0)
        steps: defaultdict[str, list[str]] = defaultdict(list)
        for row in self._rows:
            steps[row[near]].append(row[far])  # type: ignore[index, arg-type]
        for identity in queue:
            level = seen[identity]
            if level == self._depth:
                return
            for target in steps.get(identity, ()):
                if target not in seen:
                    seen[target] = level + 1
                    queue.append(target)
            if len(seen) > self._limit:
                self.truncated = True
                return

    def between(self, found: dict[str, LineageNode]) -> Iterable[_Row]:
        """Return the associations between the nodes that were found."""
        if self._rows is not None:
            return [row for row in self._rows if row[0] in found and row[1] in found]
        given = _given(self._connection, list(found))
        query = select(edge.c.source, edge.c.destination, edge.c.association, edge.c.created)
        wanted = edge.c.source.in_(select(given)) & edge.c.destination.in_(select(given))
        return self._connection.execute(query.where(wanted)).all()


def _edges(rows: Iterable[_Row]) -> tuple[LineageEdge, ...]:
    """Return associations as records, those that are kept in both directions once."""
    told: set[tuple[str, str]] = set()
    kept = []
    for row in rows:
        if row[2] == "SameAs":
            if (row[1], row[0]) in told:
                continue
            told.add((row[0], row[1]))
        kept.append(row)
    return tuple(
        LineageEdge(source=source, destination=destination, association=association, created=created)  # type: ignore[arg-type]
        for source, destination, association, created in kept
    )


def nodes_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, LineageNode]:
    """Return nodes, trials among them, by id and in that order; those that do not exist are left out."""
    query = select(node.c.body).where(node.c.id.in_(select(_given(connection, ids))))
    stored = codec.decode_readable(bodies.node, [row[0] for row in connection.execute(query).all()])
    found = {record.id: record for record in stored}
    others = [identity for identity in ids if identity not in found]
    for row in connection.execute(_trial_query.where(trial.c.id.in_(select(_given(connection, others))))).all():
        found[row[0]] = _trial_node(row)
    return {identity: found[identity] for identity in ids if identity in found}


_trial_query = select(
    trial.c.id,
    trial.c.name,
    trial.c.started,
    trial.c.state,
    trial.c.number,
    trial.c.experiment_id,
    experiment.c.name,
    func.coalesce(trial.c.deleted, experiment.c.deleted),
).join(experiment)


def _trial_node(row: Any) -> LineageNode:
    identity, name, started, state, number, experiment_id, home, deleted = row
    properties = {"experiment": home, "experiment_id": experiment_id, "state": state, "number": str(number)}
    if deleted is not None:
        properties["deleted"] = "true"
    return LineageNode(id=identity, kind="trial", type="Trial", name=name, properties=properties, created=started)


def nodes(connection: Connection, wanted: Mapping[str, str], limit: int) -> tuple[LineageNode, ...]:
    """Return the nodes that are as wanted, trials aside, newest first; InvalidQuery for an unknown field."""
    query = select(node.c.body)
    for field, value in wanted.items():
        if field not in _FINDABLE:
            raise InvalidQuery(f"nodes cannot be found by {field}", f"give {', '.join(_FINDABLE)}")
        query = query.where(_FINDABLE[field](value))
    found = codec.decode_readable(bodies.node, list(connection.execute(query).scalars()))
    fitting = [record for record in found if "type" not in wanted or record.type == wanted["type"]]
    return tuple(sorted(fitting, key=lambda record: (-record.created, record.id))[:limit])


_FINDABLE: dict[str, Callable[[str], ColumnElement[bool]]] = {
    "name": lambda value: node.c.name_key == name_key(value),
    # There is no column for it: the text finds candidates, the record decides.
    "type": lambda value: node.c.body.contains(f'"type":{codec.encode(value)}', autoescape=True),
    "uri": lambda value: node.c.uri_key == name_key(value),
    "digest": lambda value: node.c.digest == value,
    "kind": lambda value: node.c.kind == value,
}


def _given(connection: Connection, ids: Sequence[str]) -> Any:
    """Return any number of ids as a column of a query: one bound value, whatever the database allows of them."""
    listed = json.dumps(ids)
    if connection.dialect.name == "sqlite":
        return func.json_each(listed).table_valued("value").c.value
    return func.json_array_elements_text(cast(literal(listed, Text), JSON)).table_valued("value").c.value
