"""Print the JSON Schema of what crosses between server and browser; `wire.mjs` turns it into TypeScript."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import msgspec

from labdeck.wire import WIRE_TYPES, WIRE_VERSION
from labdeck.wire.commands import Command
from labdeck.wire.messages import CommandRequest


def _subclasses(root: type) -> set[str]:
    return {root.__name__}.union(*(_subclasses(child) for child in root.__subclasses__()))


def wire_schema() -> dict[str, Any]:
    """Build one schema with a definition for each record.

    The server sends every field, default or not, so all fields of what it sends are required; a browser may
    leave out the fields of its commands that have a default.
    """
    (*references,), definitions = msgspec.json.schema_components(WIRE_TYPES, ref_template="#/$defs/{name}")
    sent_by_browser = _subclasses(Command) | {CommandRequest.__name__}
    for name, definition in definitions.items():
        definition.pop("title", None)
        if "description" in definition:
            # Python 3.13 strips the indentation itself; the generated file must not depend on it.
            definition["description"] = inspect.cleandoc(definition["description"])
        if name not in sent_by_browser and "properties" in definition:
            definition["required"] = list(definition["properties"])
    return {"anyOf": references, "$defs": definitions, "x-wire-version": WIRE_VERSION}


if __name__ == "__main__":
    json.dump(wire_schema(), sys.stdout, indent=1)
