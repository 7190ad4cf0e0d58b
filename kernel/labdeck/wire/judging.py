"""What rules there are, and what they say of a training: what cells and reports show."""

from __future__ import annotations

from typing import Literal

import msgspec

from labdeck.wire.debugging import DebuggerDetail, FindingRecord, RuleRecord, Severity
from labdeck.wire.messages import ErrorMessage
from labdeck.wire.records import ArtifactRecord, ParamValue, Record, TrialRecord


class RuleKind(Record, frozen=True, kw_only=True):
    """A rule that can be chosen.

    Attributes:
        name: Its class.
        description: What it looks for, one sentence.
        remedy: What to do about what it finds.
        severity: Of its findings.
        params: Its parameters with their defaults; None where there is no default.
        needs: The collections, or names of tensors, that it judges.
        chosen: It watches the next training of this notebook.
    """

    name: str
    description: str = ""
    remedy: str = ""
    severity: Severity = "warning"
    params: dict[str, ParamValue] = msgspec.field(default_factory=dict)
    needs: tuple[str, ...] = ()
    chosen: bool = False


class RuleList(Record, frozen=True, kw_only=True):
    """Rules that can be chosen."""

    rules: tuple[RuleKind, ...]


class WatchReport(Record, frozen=True, kw_only=True):
    """How the watching of a trial goes, or went.

    Attributes:
        detail: The trial, the models that are watched, the rules.
        findings: Newest first, at most as many as were asked for.
        total: How many findings there are.
        note: What to do next; may be "".
    """

    detail: DebuggerDetail
    findings: tuple[FindingRecord, ...]
    total: int
    note: str = ""


class Judged(Record, frozen=True, kw_only=True):
    """What rules say of a training that was recorded.

    Attributes:
        trial: The trial.
        steps: Recorded steps that were judged.
        findings: In the order in which they were found.
        rules: The rules, with what they lack and what they report.
    """

    trial: TrialRecord
    steps: int
    findings: tuple[FindingRecord, ...]
    rules: tuple[RuleRecord, ...]


class ReportKept(Record, frozen=True, kw_only=True):
    """A report that was made and is kept with its trial, as a page and as a notebook."""

    trial: TrialRecord
    kind: str
    page: ArtifactRecord
    notebook: ArtifactRecord


class ReportProgress(Record, frozen=True, kw_only=True):
    """How far a report is that the server was asked for.

    Attributes:
        trial_id: The trial.
        kind: "training", "profiler" or "xgboost".
        state: making; kept, with its trial; failed.
        page, notebook: What was kept; None unless it was.
        problem: Why it failed; None unless it did.
    """

    trial_id: str
    kind: str
    state: Literal["making", "kept", "failed"]
    page: ArtifactRecord | None = None
    notebook: ArtifactRecord | None = None
    problem: ErrorMessage | None = None
