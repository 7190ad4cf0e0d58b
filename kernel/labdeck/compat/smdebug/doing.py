"""Does what an action says, where the trial is one of Labdeck's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.compat.smdebug.rules import Rule

_log = logging.getLogger("labdeck.smdebug")


def do(action: Mapping[str, str], rule: Rule, step: int) -> None:
    """Do an action."""
    _log.warning("%s fired at step %d: %s", rule.rule_name, step, action)
