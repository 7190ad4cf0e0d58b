"""What is recorded about a trial's surroundings without being asked.

Each capturer is a function without arguments that returns a `Capture`, or None where there is nothing to tell. None of
them raises: a trial does not fail because git is missing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdeck.wire.records import Capture

_log = logging.getLogger("labdeck.runs")


def safely(capturer: Callable[[], Capture | None]) -> Capture | None:
    """Return what a capturer finds; None, and a line in the log, if it fails."""
    try:
        return capturer()
    except Exception:  # noqa: BLE001 - surroundings are foreign ground; a trial must not fail because of them
        _log.warning("%s found nothing because it failed", capturer.__module__, exc_info=True)
        return None
