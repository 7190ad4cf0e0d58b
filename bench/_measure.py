"""What every measurement shares: the peers' environment, rounds that alternate, medians with their spread, verdicts."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements-peers.txt"
_PEERS = HERE / ".venv"


def peers_python() -> str:
    """Return the Python that has the peers installed, in an environment that is made when it is needed."""
    python = _PEERS / "bin" / "python"
    stamp = _PEERS / "requirements-peers.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        print(f"making {_PEERS.relative_to(HERE.parent)} for the peers; this takes some minutes, once", flush=True)
        venv.create(_PEERS, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return str(python)


def python_of(tool: str) -> str:
    """Return the Python in which a tool is installed."""
    return sys.executable if tool in {"labdeck", "sqlite"} else peers_python()


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a child: everything it writes goes below `folder`, and nothing to a server."""
    quiet = {
        "LABDECK_STORE": str(folder / "labdeck"),
        "TRACKIO_DIR": str(folder / "trackio"),
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_OFFLINE": "1",
        "WANDB_MODE": "offline",
        "WANDB_DIR": str(folder),
        "WANDB_SILENT": "true",
        "WANDB_CACHE_DIR": str(folder / "wandb-cache"),
        "WANDB_CONFIG_DIR": str(folder / "wandb-config"),
        "WANDB_DATA_DIR": str(folder / "wandb-data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
    }
    return {**os.environ, **quiet}


def call(tool: str, script: str, *arguments: object, folder: Path | None = None) -> Any:
    """Run a script of this folder in a fresh process in the tool's environment; return the JSON of its last line."""
    with tempfile.TemporaryDirectory() as own:
        place = folder or Path(own)
        done = subprocess.run(
            [python_of(tool), str(HERE / script), *map(str, arguments)],
            cwd=place,
            env=environment(place),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"{script} {' '.join(map(str, arguments))} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass(frozen=True)
class Figures:
    """Measurements of one thing: all rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def show(self, form: Callable[[float], str]) -> str:
        """Return median and spread as text."""
        return f"{form(self.median)} ({form(min(self.values))} … {form(max(self.values))}, n={len(self.values)})"


def alternate(rounds: dict[str, int], measure: Callable[[str], Any]) -> dict[str, list[Any]]:
    """Measure each thing so many times, in turns, so that all meet the same machine.

    Args:
        rounds: What to measure, and how often.
        measure: Measures one of them once.
    """
    found: dict[str, list[Any]] = {name: [] for name in rounds}
    for number in range(max(rounds.values())):
        for name, count in rounds.items():
            if number < count:
                _say(f"  round {number + 1}: {name}")
                found[name].append(measure(name))
    _say("")
    return found


def _say(text: str) -> None:
    """Show what is being done to somebody who watches."""
    if sys.stderr.isatty():
        print(text.ljust(60), end="\r", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        first, *rest = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([first, *rest]).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def verdict(claim: str, value: float, goal: float, *, at_least: bool, unit: str = "×") -> None:
    """Print a ratio or a figure beside its goal, and whether it is reached."""
    reached = value >= goal if at_least else value <= goal
    sign = "≥" if at_least else "≤"
    mark = "reached" if reached else "MISSED"
    print(f"ratio  {claim}: {value:,.4g}{unit}  goal {sign} {goal:,g}{unit}  {mark}")


def machine() -> None:
    """Say what the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}, Python {version}")
