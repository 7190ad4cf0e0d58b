"""Labdeck: an ML studio inside JupyterLab.

    import labdeck

    with labdeck.experiment("digits").trial("cnn-32", params={"hidden": 32}) as trial:
        trial.log({"train:loss": 0.3, "test:accuracy": 0.91}, step=1)

Importing this package is cheap: everything is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from labdeck.version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from jupyter_server.serverapp import ServerApp

    from labdeck.debugger.readings import TensorCurves, TensorGrid, TensorHistogram, TensorValues
    from labdeck.debugger.watch import watch
    from labdeck.defaults import autolog, experiment, open  # noqa: A004 - `labdeck.open` reads well
    from labdeck.errors import LabdeckError
    from labdeck.runs.component import Component
    from labdeck.runs.curves import CurveReading
    from labdeck.runs.experiment import Experiment
    from labdeck.runs.grouping import GroupedCurve
    from labdeck.runs.marks import CurveMark
    from labdeck.runs.search.found import Found
    from labdeck.runs.trial import Trial
    from labdeck.store.contract import Series, SeriesKey
    from labdeck.studio import Studio

_HOMES = {
    "autolog": "labdeck.defaults",
    "experiment": "labdeck.defaults",
    "open": "labdeck.defaults",
    "Component": "labdeck.runs.component",
    "CurveMark": "labdeck.runs.marks",
    "CurveReading": "labdeck.runs.curves",
    "Experiment": "labdeck.runs.experiment",
    "GroupedCurve": "labdeck.runs.grouping",
    "Found": "labdeck.runs.search.found",
    "LabdeckError": "labdeck.errors",
    "Series": "labdeck.store.contract",
    "SeriesKey": "labdeck.store.contract",
    "Studio": "labdeck.studio",
    "TensorCurves": "labdeck.debugger.readings",
    "TensorGrid": "labdeck.debugger.readings",
    "TensorHistogram": "labdeck.debugger.readings",
    "TensorValues": "labdeck.debugger.readings",
    "Trial": "labdeck.runs.trial",
    "watch": "labdeck.debugger.watch",
}

__all__ = [
    "Component",
    "CurveMark",
    "CurveReading",
    "Experiment",
    "Found",
    "GroupedCurve",
    "LabdeckError",
    "Series",
    "SeriesKey",
    "Studio",
    "TensorCurves",
    "TensorGrid",
    "TensorHistogram",
    "TensorValues",
    "Trial",
    "__version__",
    "autolog",
    "experiment",
    "open",
    "watch",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'labdeck' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


def load_ipython_extension(ip: InteractiveShell) -> None:
    """Install the magics: `%load_ext labdeck`."""
    from labdeck.magics import load

    load(ip)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "labdeck"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "labdeck"}]


def _load_jupyter_server_extension(server_app: ServerApp) -> None:
    from labdeck.server import load

    load(server_app)
