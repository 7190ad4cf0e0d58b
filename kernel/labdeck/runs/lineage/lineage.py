"""The lineage of a store: what people add to it by hand, and what they ask of it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, get_args

import msgspec

from labdeck.errors import NotFound, UsageError
from labdeck.runs.lineage.by_hand import node_of, to_properties
from labdeck.runs.lineage.graph import Graph
from labdeck.runs.lineage.nodes import address_node, existing_path, identity, path_node, shown
from labdeck.runs.stored_trial import StoredTrial
from labdeck.runs.values import to_text
from labdeck.store.ids import is_id
from labdeck.store.names import check_name
from labdeck.wire.commands import Associate, Dissociate, PutNode, RemoveNode
from labdeck.wire.records import Association, LineageEdge, LineageNode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdeck.store.contract import Direction
    from labdeck.store.session import Session
    from labdeck.wire.records import LineageGraph, NodeKind

    Reference = LineageNode | StoredTrial | str | Path

MOST = 100_000
"""Nodes that a query returns at most unless another limit is asked for."""


class Lineage:
    """Data sets, models, actions and contexts, and how they led to each other; `studio.lineage`.

    Wherever a node is asked for, give what `artifact`, `action` and `context` return, a trial, the path of a file or
    folder, a URL, a name, or an id.

    Example:
        >>> import labdeck
        >>> lineage = labdeck.open().lineage
        >>> model = lineage.artifact("digits-model", type="Model")
        >>> endpoint = lineage.context("digits-api", type="Endpoint")
        >>> lineage.associate(model, endpoint, "ContributedTo")
        >>> [node.name for node in lineage.upstream("digits-api")]
        ['digits-api', 'digits-model']
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- adding ----------------------------------------------------------------------------------------------------

    def artifact(
        self,
        name: str,
        uri: str | os.PathLike[str] = "",
        type: str = "DataSet",  # noqa: A002 - the word for it everywhere
        properties: Mapping[str, object] | None = None,
    ) -> LineageNode:
        """Record a data set, a model or another thing, and return its node; said again, it is updated.

        Args:
            name: What to call it.
            uri: Where it is. A file or folder that exists is known by its content, anything else by this text, and
                without one by its type and name.
            type: "DataSet", "Model", or any other word.
            properties: Free keys and values, kept as text.

        Raises:
            InvalidName: A name cannot be stored.
            UsageError: The properties are no mapping, or the type no text.
        """
        place = str(os.fspath(uri))
        if place and ("://" in place or existing_path(place) is not None):
            node, _ = node_of(place, name, type, properties)
            return self._put(node)
        return self._put_named("artifact", name, place, type, properties)

    def action(
        self,
        name: str,
        uri: str = "",
        type: str = "Action",  # noqa: A002
        properties: Mapping[str, object] | None = None,
    ) -> LineageNode:
        """Record something that was done: a deployment, an approval; as `artifact`."""
        return self._put_named("action", name, uri, type, properties)

    def context(
        self,
        name: str,
        uri: str = "",
        type: str = "Context",  # noqa: A002
        properties: Mapping[str, object] | None = None,
    ) -> LineageNode:
        """Record what things belong to: an endpoint, a group of models; as `artifact`."""
        return self._put_named("context", name, uri, type, properties)

    def associate(self, source: Reference, destination: Reference, association: Association = "AssociatedWith") -> None:
        """Record how one thing led to another, from the earlier to the later; said again, it stays as it was.

        Args:
            source: What came before.
            destination: What it led to.
            association: "ContributedTo", "AssociatedWith", "DerivedFrom", "Produced", or "SameAs", which holds both
                ways.

        Raises:
            NotFound: One of them is not known.
            UsageError: There is no such association.
        """
        edge = LineageEdge(
            source=self.node(source).id,
            destination=self.node(destination).id,
            association=_checked(association),
            created=time.time(),
        )
        self._session.catalog.apply([Associate(edge=edge)])

    def dissociate(
        self, source: Reference, destination: Reference, association: Association = "AssociatedWith"
    ) -> None:
        """Take an association back; one that is not there stays away."""
        command = Dissociate(
            source=self.node(source).id, destination=self.node(destination).id, association=_checked(association)
        )
        self._session.catalog.apply([command])

    def remove(self, node: Reference) -> None:
        """Forget a node and its associations; files and trials are left alone.

        Raises:
            NotFound: It is not known.
            UsageError: It is a trial.
        """
        found = self.node(node)
        if found.kind == "trial":
            raise UsageError(f"{found.name!r} is a trial", "delete it as one: trial.delete()")
        self._session.catalog.apply([RemoveNode(id=found.id)])

    # -- asking ----------------------------------------------------------------------------------------------------

    def node(self, ref: Reference) -> LineageNode:
        """Return the one node that is meant, the newest of a name; NotFound."""
        return self._session.catalog.lineage([self._resolve(ref)[0]], depth=0).nodes[0]

    def nodes(
        self,
        name: str | None = None,
        type: str | None = None,  # noqa: A002
        uri: str | os.PathLike[str] | None = None,
        kind: NodeKind | None = None,
        limit: int = 1000,
    ) -> list[LineageNode]:
        """Return the nodes that fit all that is given, newest first; trials are not among them."""
        place = None if uri is None else str(os.fspath(uri))
        if place and "://" not in place:
            place = shown(existing_path(place) or place)
        wanted = {"name": name, "type": type, "uri": place, "kind": kind}
        given = {key: to_text(value, f"the {key}") for key, value in wanted.items() if value is not None}
        return list(self._session.catalog.nodes(limit, **given))

    def upstream(self, of: Reference, depth: int | None = None, limit: int = MOST) -> Graph:
        """Return everything that something came from.

        Args:
            of: What; a name stands for all nodes of that name.
            depth: Associations away at most; None for any number.
            limit: Nodes at most; `Graph.truncated` says whether there are more.

        Raises:
            NotFound: It is not known.
        """
        return self._walk(of, "up", depth, limit)

    def downstream(self, of: Reference, depth: int | None = None, limit: int = MOST) -> Graph:
        """Return everything that something led to; as `upstream`."""
        return self._walk(of, "down", depth, limit)

    def trace(self, of: Reference, depth: int | None = None, limit: int = MOST) -> Graph:
        """Return everything that something came from and led to; as `upstream`."""
        return self._walk(of, "both", depth, limit)

    def record(self, node_id: str, direction: Direction, depth: int | None, limit: int) -> LineageGraph:
        """Return the same as a record, for the doors; NotFound, InvalidQuery."""
        return self._session.catalog.lineage([node_id], direction, depth, limit)

    def _walk(self, of: Reference, direction: Direction, depth: int | None, limit: int) -> Graph:
        return Graph(self._session, self._session.catalog.lineage(self._resolve(of), direction, depth, limit))

    # -- names -----------------------------------------------------------------------------------------------------

    def _resolve(self, ref: Reference) -> list[str]:
        """Return the ids that are meant."""
        if isinstance(ref, LineageNode | StoredTrial):
            return [ref.id]
        if not isinstance(ref, str | os.PathLike):
            raise UsageError(
                f"a {type(ref).__name__} is no node", "give a node, a trial, a path, a URL, a name or an id"
            )
        text = str(os.fspath(ref))
        if is_id(text):
            return [text]
        catalog = self._session.catalog
        if "://" in text:
            found = catalog.nodes(uri=address_node(text).uri)
        elif (path := existing_path(text)) is not None:
            # As it is now, or, if it has changed since, as it was when it was last seen.
            found = self._at(path) or catalog.nodes(uri=shown(path))
        else:
            found = ()
        found = found or catalog.nodes(name=text)
        if found:
            return [node.id for node in found]
        try:
            return [catalog.trial(text).id]
        except NotFound:
            raise NotFound(f"the lineage knows nothing of {text!r}", "list it with studio.lineage.nodes()") from None

    def _at(self, path: str) -> tuple[LineageNode, ...]:
        try:
            return self._known(path_node(path).id)
        except OSError:
            return ()  # a pipe, or not for us to read

    def _known(self, node_id: str) -> tuple[LineageNode, ...]:
        try:
            return self._session.catalog.lineage([node_id], depth=0).nodes
        except NotFound:
            return ()

    def _put_named(
        self, kind: NodeKind, name: str, uri: str, word: str, properties: Mapping[str, object] | None
    ) -> LineageNode:
        called, narrower = check_name(name, "node"), to_text(word, "the type")
        return self._put(
            LineageNode(
                id=identity(kind, uri) if uri else identity(kind, narrower, called),
                kind=kind,
                type=narrower,
                name=called,
                uri=to_text(uri, "the uri"),
                properties=to_properties(properties),
                created=time.time(),
            )
        )

    def _put(self, node: LineageNode) -> LineageNode:
        """Record a node; one that was there keeps the time at which it was first seen."""
        before = self._known(node.id)
        if before:
            node = msgspec.structs.replace(node, created=before[0].created)
        self._session.catalog.apply([PutNode(node=node)])
        return node


def _checked(association: Association) -> Association:
    if association not in get_args(Association):
        raise UsageError(f"there is no association {association!r}", f"use one of {', '.join(get_args(Association))}")
    return association
