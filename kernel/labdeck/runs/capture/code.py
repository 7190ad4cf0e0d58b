"""The code that a trial runs: notebook cells and the file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from labdeck.runs.redact import redact
from labdeck.wire.records import Capture

MAX_SOURCE = 1 << 20
"""Most characters kept of one file, and of all cells together; the oldest cells go first."""


def capture_code() -> Capture | None:
    """Return the executed cells of this kernel, or the script that runs; None at a bare prompt.

    The body has `path` (the notebook or script, "" if unknown), `cells` (a list of {number, source}, in order of
    execution, the running one last) and `source` (the script's text, "" in a notebook). Secrets are redacted.
    """
    shell = _shell()
    if shell is not None:
        cells = _cells(shell)
        return Capture(kind="code", body={"path": _notebook(), "cells": cells, "source": ""}) if cells else None
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if not path or not Path(path).is_file():
        return None
    source = Path(path).read_text(encoding="utf-8", errors="replace")[:MAX_SOURCE]
    return Capture(kind="code", body={"path": str(Path(path).resolve()), "cells": [], "source": redact(source)})


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _notebook() -> str:
    """Return the notebook's path as the Jupyter server tells its kernels, "" elsewhere."""
    return os.environ.get("JPY_SESSION_NAME", "")


def _cells(shell: Any) -> list[dict[str, Any]]:
    """Return the cells that fit into MAX_SOURCE, the latest ones if not all do."""
    history = list(enumerate(shell.history_manager.input_hist_raw))[1:]
    kept: list[dict[str, Any]] = []
    room = MAX_SOURCE
    for number, source in reversed(history):
        room -= len(source)
        if room < 0:
            break
        kept.append({"number": number, "source": redact(source)})
    return kept[::-1]
