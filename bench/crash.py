"""What SIGKILL costs: right after a burst of points, and two seconds after a paced run; each tool reads its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _crash_child import BURST_STEPS, PACED_STEPS
from _loggers import NAMES
from _measure import HERE, alternate, call, environment, machine, python_of, table, verdict

TOOLS = ["labdeck", "mlflow", "trackio", "tensorboardX", "wandb"]
MODES = ["clean", "burst", "paced"]
IDLE = 2.0
"""Seconds between the last point of the paced run and SIGKILL."""
LOGGED = {"clean": BURST_STEPS * len(NAMES), "burst": BURST_STEPS * len(NAMES), "paced": PACED_STEPS * len(NAMES)}


def lost(name: str) -> int:
    """Log with a tool, kill its whole process group, and return how many points its reader misses."""
    tool, mode = name.split()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(
            [python_of(tool), str(HERE / "_crash_child.py"), tool, mode],
            cwd=folder,
            env=environment(Path(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = child.stdout.readline() if child.stdout else ""
        while said and said.strip() != "logged":
            said = child.stdout.readline() if child.stdout else ""
        if mode == "paced":
            time.sleep(IDLE)
        if mode == "clean":
            child.wait()
        else:
            os.killpg(child.pid, signal.SIGKILL)
        _, errors = child.communicate()
        if not said:
            sys.exit(f"{name} failed:\n{errors[-3000:]}")
        return LOGGED[mode] - int(call(tool, "_crash_count.py", tool, folder=Path(folder)))


def main() -> None:
    """Measure, print the table and the verdicts."""
    print("bench/crash.py: points that each tool's own reader misses; `clean` is the control that ends properly")
    machine()
    rounds = {
        f"{tool} {mode}": 1 if mode == "clean" else 5 if tool == "labdeck" else 2 for tool in TOOLS for mode in MODES
    }
    found = alternate(rounds, lost)
    table(
        ["tool", *(f"{mode}, of {LOGGED[mode]:,}" for mode in MODES)],
        [[tool, *(", ".join(map(str, found[f"{tool} {mode}"])) for mode in MODES)] for tool in TOOLS],
    )
    unsound = [tool for tool in TOOLS if any(found[f"{tool} clean"])]
    print(f"\nreaders that miss points even after a clean end (ignore them): {', '.join(unsound) or 'none'}")
    for mode in ("burst", "paced"):
        verdict(f"crash, {mode}, points labdeck lost", max(found[f"labdeck {mode}"]), 0, at_least=False, unit="")


if __name__ == "__main__":
    main()
