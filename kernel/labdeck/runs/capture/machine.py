"""The machine a trial runs on."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from labdeck.store.forks import unforked
from labdeck.store.process import host_name
from labdeck.wire.records import Capture


def capture_machine() -> Capture:
    """Return the machine.

    The body has `host`, `system`, `processor`, `cores`, `memory` (bytes), `accelerators` (names), `command` and
    `folder`.
    """
    with unforked():
        import psutil

    body = {
        "host": host_name(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory": psutil.virtual_memory().total,
        "accelerators": _accelerators(),
        "command": Path(sys.argv[0]).name if sys.argv else "",
        "folder": str(Path.cwd()),
    }
    return Capture(kind="machine", body=body)


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _accelerators() -> list[str]:
    """Return the CUDA devices that the trial's own torch sees; torch is never imported for this."""
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_available():
        return []
    return [str(cuda.get_device_name(index)) for index in range(cuda.device_count())]
