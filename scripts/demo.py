"""Run the quickstart notebook for real, then serve JupyterLab with its results; `make demo` calls it.

Everything it makes lies in `.demo/`: the store, the executed notebook, JupyterLab's workspace. While the notebook
and the package stay as they are, a second run serves what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import lab
import labdeck

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
DEMO = ROOT / ".demo"
STORE = DEMO / "store"
WORK = DEMO / "notebooks"
STAMP = DEMO / "executed.sha256"
NOTEBOOK_SECONDS = 900


def inputs_hash() -> str:
    """Hash what the results depend on: the notebook and the package."""
    sources = [path for folder in ("kernel/labdeck", "ui/labdeck_ui") for path in (ROOT / folder).rglob("*.py")]
    digest = hashlib.sha256()
    for path in [NOTEBOOK, *sorted(sources)]:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def execute() -> None:
    """Execute the notebook in a store of its own and keep the executed copy.

    Raises:
        SystemExit: a cell failed; the executed copy shows where.
    """
    wanted = inputs_hash()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        print("· examples/quickstart.ipynb has been executed already")
        return
    shutil.rmtree(DEMO, ignore_errors=True)
    WORK.mkdir(parents=True)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    start = time.monotonic()
    print("· executing examples/quickstart.ipynb …", end="", flush=True)
    try:
        # As quiet as a kernel of JupyterLab, whose warnings go to the server's log.
        quiet = ["--IPKernelApp.log_level=40"]
        place = {"metadata": {"path": str(WORK)}}
        NotebookClient(notebook, timeout=NOTEBOOK_SECONDS, resources=place, extra_arguments=quiet).execute()
    except CellExecutionError as error:
        sys.exit(f" failed:\n{error}")
    finally:
        nbformat.write(notebook, WORK / NOTEBOOK.name)
    print(f" {time.monotonic() - start:.0f} s", flush=True)
    STAMP.write_text(wanted, encoding="ascii")


def table(frame: pd.DataFrame) -> str:
    """Give the trials with what differs between them, short enough for a terminal."""
    shown = frame.drop(columns=["started", "ended"])
    shown = shown.loc[:, [name == "state" or len(set(shown[name])) > 1 for name in shown]]
    shown.columns = shown.columns.str.replace(r"^(?:params|metrics)\.(?:.*/)?", "", regex=True)
    return shown.to_string(float_format="{:.4g}".format)


def show_trials() -> None:
    """Print the table of trials of every experiment in the store."""
    studio = labdeck.open(STORE)
    try:
        for experiment in studio.experiments():
            print(f"\n{experiment.name}\n{table(experiment.frame())}")
    finally:
        studio.close()


def main() -> None:
    """Execute, print the trials, and serve unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=["0", "1"], default="1", help="0: stop after printing the trials")
    parser.add_argument("--port", type=int, default=8888, help="the first port to try")
    arguments = parser.parse_args()
    os.environ["LABDECK_STORE"] = str(STORE)  # for the kernel and the server alike
    execute()
    show_trials()
    if arguments.serve == "1":
        lab.serve(WORK / NOTEBOOK.name, DEMO, arguments.port)


if __name__ == "__main__":
    main()
