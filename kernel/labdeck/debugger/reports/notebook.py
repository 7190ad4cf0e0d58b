"""A report as a notebook, and what its cells show."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from labdeck.debugger.reports.drawing import plot
from labdeck.debugger.reports.page import part_html, shown
from labdeck.debugger.reports.parts import Figure, Part, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode

    from labdeck.debugger.reports.frame import Report

_PLOTLY = "application/vnd.plotly.v1+json"
_READ = """\
import labdeck
from labdeck.debugger.reports import make_report

# The report is made anew of what is stored: run this cell again while the training goes on.
report = make_report(labdeck.open().session, {trial_id!r}, {kind!r})
trial = labdeck.open().find_trial({trial_id!r})
trial.state"""
_REST = """\
# Everything behind the report: metrics and reductions of tensors over the steps, as tables.
tensors = labdeck.open().tensors.list_of(trial.id)
[row.name for row in tensors.tensors][:20]"""


def to_notebook(report: Report) -> NotebookNode:
    """Return a report as a notebook: one cell reads the trial, one a section draws what the page has."""
    from nbformat import from_dict

    made: NotebookNode = from_dict(_notebook(report))  # type: ignore[no-untyped-call]
    return made


def to_ipynb(report: Report) -> bytes:
    """Return that notebook as a file, without nbformat: to import it takes seconds, at the end of a training."""
    return json.dumps(_notebook(report), indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _notebook(report: Report) -> dict[str, Any]:
    cells = [
        _cell("markdown", f"# {html.escape(report.title)}"),
        _cell("code", _READ.format(trial_id=report.trial_id, kind=report.kind)),
    ]
    for section in report.sections:
        cells += [_cell("markdown", f"## {html.escape(section.title)}"), _cell("code", f"report[{section.key!r}]")]
    cells += [_cell("markdown", "## The numbers themselves"), _cell("code", _REST)]
    for number, cell in enumerate(cells):
        cell["id"] = f"{report.kind}-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _cell(kind: str, source: str) -> dict[str, Any]:
    rest: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **rest}


def show(parts: Sequence[Part]) -> None:
    """Show pieces of a report as the output of the cell that is running."""
    from IPython.display import display

    for part in parts:
        display(_bundle(part), raw=True)  # type: ignore[no-untyped-call]


def _bundle(part: Part) -> dict[str, Any]:
    if isinstance(part, Figure):
        return {_PLOTLY: json.loads(plot(part).to_json()), "text/plain": part.caption or "a figure"}
    if isinstance(part, Text):
        return {"text/html": part_html(part), "text/plain": part.text}
    rows = ["\t".join(shown(value) for value in row) for row in part.rows]
    return {"text/html": part_html(part), "text/plain": "\n".join(["\t".join(part.columns), *rows])}
