"""What is done because of findings: `StopTraining()`, `Webhook("https://…")` and so on; each is loaded when used.

Example:
    >>> from labdeck.findings import actions
    >>> actions.StopTraining(least="error")
    StopTraining(policy='each', cooldown=0.0, least='error')
    >>> actions.to_actions(["stop", "lower-learning-rate=0.5"])[1].factor
    0.5
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "StopTraining": "on_training",
    "PauseTraining": "on_training",
    "Checkpoint": "on_training",
    "LowerLearningRate": "on_training",
    "RecordFlight": "on_training",
    "Notify": "on_training",
    "Webhook": "webhook",
    "Email": "messages",
    "SMS": "messages",
    "Chat": "messages",
    "Call": "call",
    "Action": "base",
    "to_actions": "choose",
}


def __getattr__(name: str) -> Any:
    """Load an action when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the actions."""
    return sorted(_HOMES)
