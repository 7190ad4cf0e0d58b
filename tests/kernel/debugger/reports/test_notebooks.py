"""Report notebooks run, and show what the page shows."""

from __future__ import annotations

import os

import nbformat
import pytest
from nbclient import NotebookClient
from tests.kernel.debugger.reports.trained import profiled, watched

from labdeck.debugger.reports import keep_report, make_report
from labdeck.debugger.reports.parts import Figure

_PLOTLY = "application/vnd.plotly.v1+json"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["training", "profiler"])
def test_a_notebook_runs_and_draws_the_same(experiment, studio, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("LABDECK_STORE", str(tmp_path / "store"))
    with experiment.trial("cnn") as trial:
        (watched if kind == "training" else profiled)(trial)
    report = make_report(studio.session, trial.id, kind)
    _, kept = keep_report(studio.session, report)
    notebook = nbformat.reads(trial.artifact(kept.name).text(), 4)
    NotebookClient(notebook, timeout=110, kernel_name="python3").execute(env=dict(os.environ))
    shown = {
        cell.source: [output.data for output in cell.outputs if "data" in output]
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
    for section in report.sections:
        outputs = shown[f"report[{section.key!r}]"]
        assert len(outputs) == len(section.parts)
        for part, output in zip(section.parts, outputs, strict=True):
            assert (_PLOTLY in output) == isinstance(part, Figure)
            assert ("text/html" in output) != isinstance(part, Figure)
