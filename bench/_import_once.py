"""One measurement of starting up, in a process of its own: `_import_once.py WHAT` prints seconds as JSON."""

from __future__ import annotations

import json
import sys
import time

HEAVY = {
    "IPython",
    "alembic",
    "jupyter_server",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "sqlalchemy",
    "torch",
}


def imported() -> dict[str, object]:
    """Import labdeck."""
    start = time.perf_counter()
    import labdeck

    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "heavy": sorted(HEAVY & set(sys.modules)),
        "version": labdeck.__version__,
    }


def first_trial() -> dict[str, object]:
    """Import labdeck and log the first point of the first trial of a new store; then wait for the catalog."""
    start = time.perf_counter()
    import labdeck

    trial = labdeck.experiment("first").trial("one").start()
    trial.log({"loss": 0.5}, step=0)
    seconds = time.perf_counter() - start
    state = trial.state
    known = time.perf_counter() - start
    trial.finish()
    return {"seconds": seconds, "known": known, "state": state}


def tensorboard_x() -> dict[str, object]:
    """Import tensorboardX and write the first point."""
    start = time.perf_counter()
    from tensorboardX import SummaryWriter

    writer = SummaryWriter("tbx")
    writer.add_scalar("loss", 0.5, 0)
    writer.flush()
    return {"seconds": time.perf_counter() - start}


def magic() -> dict[str, object]:
    """Load the magics into a running IPython."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    start = time.perf_counter()
    shell.run_line_magic("load_ext", "labdeck")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "there": "experiment" in shell.magics_manager.magics["line"]}


if __name__ == "__main__":
    whats = {"import": imported, "first": first_trial, "tensorboardX": tensorboard_x, "magic": magic}
    print(json.dumps(whats[sys.argv[1]]()))
