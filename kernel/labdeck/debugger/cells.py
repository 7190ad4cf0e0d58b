"""Between two cells of a notebook nobody trains: a watch that stays on must not take that for a standstill."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from labdeck.debugger import registry

if TYPE_CHECKING:
    from labdeck.debugger.hub import Hub


def follow() -> None:
    """Have the clocks of trainings in this thread rest between cells, where there are cells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    for event, called in (("pre_run_cell", _begins), ("post_run_cell", _ended)):
        if called not in shell.events.callbacks[event]:
            shell.events.register(event, called)


def _begins(info: Any) -> None:
    del info
    for hub in _of_this_thread():
        hub.clock.go_on()


def _ended(result: Any) -> None:
    del result
    for hub in _of_this_thread():
        hub.clock.rest()


def _of_this_thread() -> list[Hub]:
    """Return the hubs whose training runs where cells run; one in the background does not wait for cells."""
    here = threading.get_ident()
    return [hub for hub in registry.live() if (hub.steering.thread or hub.clock.thread) == here]
