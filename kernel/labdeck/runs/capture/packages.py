"""The Python packages a trial runs with."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import sys

from labdeck.wire.records import Capture


@functools.lru_cache(maxsize=1)
def capture_packages() -> Capture:
    """Return the installed distributions, read once a process.

    The body has `python` (version), `executable` and `packages` ({name: version}).
    """
    found = {d.name: d.version for d in importlib.metadata.distributions() if d.name}
    packages = dict(sorted(found.items(), key=lambda item: item[0].lower()))
    body = {"python": platform.python_version(), "executable": sys.executable, "packages": packages}
    return Capture(kind="packages", body=body)
