"""The process that is killed: `_crash_child.py TOOL burst|paced|clean` logs, says so, and goes on living."""

from __future__ import annotations

import sys
import time

from _loggers import NAMES, TOOLS

BURST_STEPS = 300
PACED_STEPS = 60
PACE = 0.02
"""Seconds between two steps of the paced run: 500 points a second."""


def main() -> None:
    """Log, then say "logged" and wait to be killed."""
    tool, mode = sys.argv[1:]
    logger = TOOLS[tool]()
    metrics = {name: 0.5 + number for number, name in enumerate(NAMES)}
    for step in range(PACED_STEPS if mode == "paced" else BURST_STEPS):
        logger.many(metrics, step)
        if mode == "paced":
            time.sleep(PACE)
    if mode == "clean":
        logger.settle()
        logger.end()
    print("logged", flush=True)
    if mode != "clean":
        time.sleep(3600)


if __name__ == "__main__":
    main()
