"""Which training job's block the current code runs in."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.compat.smexperiments.tracker import Tracker

active: ContextVar[Tracker | None] = ContextVar("labdeck_training_job", default=None)
"""The tracker of the job; None outside of any."""
