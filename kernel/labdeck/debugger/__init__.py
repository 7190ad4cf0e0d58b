"""The training debugger: what is recorded of a training, and the rules that watch it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdeck.debugger.checkpoints import keep_checkpoint, load_checkpoint
    from labdeck.debugger.hooks.arrays import ArraysHook
    from labdeck.debugger.hooks.keras_view import tree
    from labdeck.debugger.hooks.lightgbm import LightGBMHook
    from labdeck.debugger.hooks.xgboost_hook import XGBoostHook
    from labdeck.debugger.pausing import paused
    from labdeck.debugger.watch import Watch, attach_automatically
    from labdeck.findings.rule import Finding, Need, Rule
    from labdeck.findings.window import Window

_HOMES = {
    "ArraysHook": "labdeck.debugger.hooks.arrays",
    "Finding": "labdeck.findings.rule",
    "LightGBMHook": "labdeck.debugger.hooks.lightgbm",
    "Need": "labdeck.findings.rule",
    "Rule": "labdeck.findings.rule",
    "Watch": "labdeck.debugger.watch",
    "Window": "labdeck.findings.window",
    "XGBoostHook": "labdeck.debugger.hooks.xgboost_hook",
    "attach_automatically": "labdeck.debugger.watch",
    "keep_checkpoint": "labdeck.debugger.checkpoints",
    "load_checkpoint": "labdeck.debugger.checkpoints",
    "paused": "labdeck.debugger.pausing",
    "tree": "labdeck.debugger.hooks.keras_view",
}

_MODULES = {"actions": "labdeck.findings.actions", "rules": "labdeck.debugger.rules"}

__all__ = [
    "ArraysHook",
    "Finding",
    "LightGBMHook",
    "Need",
    "Rule",
    "Watch",
    "Window",
    "XGBoostHook",
    "attach_automatically",
    "keep_checkpoint",
    "load_checkpoint",
    "paused",
    "tree",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _HOMES:
        raise AttributeError(f"module 'labdeck.debugger' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, *_MODULES])
