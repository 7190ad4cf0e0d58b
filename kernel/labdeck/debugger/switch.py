"""The one environment variable that switches the debugger off."""

from __future__ import annotations

import os


def is_enabled() -> bool:
    """Say whether the debugger may do anything; `LABDECK_DEBUGGER=0` says that it may not."""
    return os.environ.get("LABDECK_DEBUGGER", "1").strip().lower() not in {"0", "off", "false", "no"}
