"""One measurement of logging, in a process of its own: `_log_once.py TOOL dict|one POINTS` prints seconds as JSON."""

from __future__ import annotations

import json
import sys
import time

from _loggers import NAMES, TOOLS

PAUSE = 2.0
"""Seconds for every tool to finish what it starts in the background; `import.py` measures starting."""


def main() -> None:
    """Log, and say how long it took: the calls, until all of it survives SIGKILL, until the run has ended."""
    tool, shape, points = sys.argv[1], sys.argv[2], int(sys.argv[3])
    logger = TOOLS[tool]()
    steps = points // len(NAMES)
    metrics = {name: 0.5 + number for number, name in enumerate(NAMES)}
    many, one = logger.many, logger.one
    many(metrics, 0)
    time.sleep(PAUSE)
    start = time.perf_counter()
    if shape == "dict":
        for step in range(1, steps + 1):
            many(metrics, step)
    else:
        for step in range(1, steps + 1):
            for name, value in metrics.items():
                one(name, value, step)
    called = time.perf_counter()
    logger.settle()
    safe = time.perf_counter()
    logger.end()
    ended = time.perf_counter()
    print(json.dumps({"called": called - start, "safe": safe - start, "ended": ended - start}))


if __name__ == "__main__":
    main()
