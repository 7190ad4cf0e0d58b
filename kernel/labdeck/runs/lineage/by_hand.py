"""What people name as an input or output: paths, URLs, objects, nodes, other trials."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from labdeck.errors import NotFound, UsageError
from labdeck.runs.lineage.nodes import address_node, content_id, content_of, digest_of, existing_path, path_node
from labdeck.runs.stored_trial import StoredTrial
from labdeck.runs.values import to_text
from labdeck.store.ids import new_id
from labdeck.store.names import check_name
from labdeck.wire.records import LineageNode

if TYPE_CHECKING:
    from labdeck.runs.lineage.tracker import Tracker


def log(
    tracker: Tracker,
    value: Any,
    name: str | None,
    kind: str,
    properties: Mapping[str, object] | None,
    *,
    made: bool,
) -> LineageNode:
    """Record something as an input or a product of a trial; see `Trial.log_input`."""
    if isinstance(value, StoredTrial):
        node, known = trial_node(value), True
    else:
        node, known = node_of(value, name, kind, properties, writing=made)
    tracker.log(node, "Produced" if made else "ContributedTo", known=known)
    return node


def trial_node(trial: StoredTrial) -> LineageNode:
    """Return the node that a trial is; NotFound before it has started."""
    record = trial.record()
    return LineageNode(id=record.id, kind="trial", type="Trial", name=record.name, created=record.started)


def node_of(
    value: Any, name: str | None, kind: str, properties: Mapping[str, object] | None, *, writing: bool = False
) -> tuple[LineageNode, bool]:
    """Return the node that stands for something, and whether the lineage knows it already.

    Raises:
        NotFound: It is a text that is neither a URL nor a path that exists.
        UsageError: It is an object that nothing tells from others, and has no name.
    """
    called = None if name is None else check_name(name, "node")
    word = to_text(kind, "the type")
    if isinstance(value, LineageNode):
        return value, True
    if isinstance(value, str | os.PathLike):
        node = _place_node(str(os.fspath(value)), called, word, writing=writing)
    else:
        node = _object_node(value, called, word)
    return msgspec.structs.replace(node, properties={**node.properties, **to_properties(properties)}), False


def _place_node(text: str, name: str | None, kind: str, *, writing: bool) -> LineageNode:
    if "://" in text and not text.startswith("file://"):
        return address_node(text, name, kind)
    path = existing_path(text.removeprefix("file://"))
    if path is None:
        raise NotFound(f"there is no file or folder {text!r}", "give a path that exists, a URL or an object")
    try:
        return path_node(path, writing=writing, name=name, kind=kind)
    except OSError as error:
        raise NotFound(f"{text!r} cannot be read: {error.strerror}") from None


def _object_node(value: Any, name: str | None, kind: str) -> LineageNode:
    content = content_of(value)
    label = value.__class__.__qualname__
    if content is None and name is None:
        raise UsageError(f"nothing tells this {label} from others", "give it a name, or save it and give the path")
    digest = "" if content is None else digest_of(content)
    properties = {"class": f"{value.__class__.__module__}.{label}"}
    if hasattr(value, "shape"):
        properties["shape"] = " × ".join(str(size) for size in value.shape)
    return LineageNode(
        id=content_id(digest) if digest else new_id(),
        kind="artifact",
        type=kind,
        name=label if name is None else name,
        digest=digest,
        properties=properties,
        created=time.time(),
    )


def to_properties(properties: Mapping[str, object] | None) -> dict[str, str]:
    """Return properties as texts; UsageError if they are no mapping."""
    if properties is None:
        return {}
    if not isinstance(properties, Mapping):
        raise UsageError(f"the properties are a {type(properties).__name__}", "give a mapping of names to values")
    return {check_name(str(key), "property"): str(value) for key, value in properties.items()}
