"""The training debugger: what is recorded of a training, and the rules that watch it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdeck.debugger.hooks.arrays import ArraysHook

_HOMES = {
    "ArraysHook": "labdeck.debugger.hooks.arrays",
}

__all__ = ["ArraysHook"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "rules":
        return importlib.import_module("labdeck.debugger.rules")
    if name not in _HOMES:
        raise AttributeError(f"module 'labdeck.debugger' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "rules"])
