"""Reports about trainings, made of what is stored, as HTML pages and as notebooks."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

from labdeck.errors import UsageError
from labdeck.store.ids import new_id
from labdeck.wire.commands import LogArtifact
from labdeck.wire.records import ArtifactRecord

if TYPE_CHECKING:
    from labdeck.debugger.reports.frame import Report
    from labdeck.store.session import Session

KINDS = ("training", "profiler", "xgboost")


def make_report(session: Session, trial_id: str, kind: str = "training") -> Report:
    """Return a report about a trial, finished or not, made of what is stored of it.

    Args:
        session: The store.
        trial_id: The trial.
        kind: "training": loss, findings, layers, cost of watching. "profiler": where time goes, what the machine does.
            "xgboost": a training of trees.

    Raises:
        NotFound: There is no such trial, or it recorded nothing that the report is about.
        UsageError: There is no such kind of report.

    Example:
        >>> import labdeck
        >>> studio = labdeck.open()
        >>> with studio.experiment("digits").trial("cnn") as trial:
        ...     trial.log(loss=0.5)
        >>> make_report(studio.session, trial.id).title
        'Training of digits / cnn'
    """
    if kind not in KINDS:
        raise UsageError(f"there is no report {str(kind)[:40]!r}", f"choose from {', '.join(KINDS)}")
    session.catalog.trial(trial_id)
    maker = importlib.import_module(f"{__name__}.{kind}_report")
    report: Report = maker.make(session, trial_id)
    return report


def keep_report(session: Session, report: Report) -> tuple[ArtifactRecord, ArtifactRecord]:
    """Keep a report with its trial, as the artifacts "<kind>-report.html" and "<kind>-report.ipynb".

    Raises:
        StoreFull: The disk is full.
    """
    from labdeck.debugger.reports.notebook import to_ipynb

    page = _keep(session, f"{report.name}.html", "text/html", report.html().encode())
    notebook = _keep(session, f"{report.name}.ipynb", "application/x-ipynb+json", to_ipynb(report))
    for artifact in (page, notebook):
        session.post(LogArtifact(trial_id=report.trial_id, artifact=artifact))
    return page, notebook


def _keep(session: Session, name: str, media_type: str, content: bytes) -> ArtifactRecord:
    stored = session.artifacts.put_bytes(content)
    return ArtifactRecord(
        id=new_id(), name=name, sha256=stored.sha256, size=stored.size, media_type=media_type, created=time.time()
    )
