"""What is computed about trials side by side: values at a step, groups, importance, differences.

A *field* is text that names one value of a trial, as in a search: `params.lr`, `metrics.acc.best`, `duration`.
"""

from __future__ import annotations

from typing import Literal

from labdeck.wire.numbers import Number
from labdeck.wire.records import ParamValue, Record, TrialRecord

LineKind = Literal["same", "added", "removed"]
PartKind = Literal["file", "cell", "uncommitted"]
PartStatus = Literal["same", "changed", "added", "removed", "moved"]
RowKind = Literal["package", "python", "machine", "git", "parameter", "metric"]
CodeStatus = Literal["same", "different", "unrecorded"]


class FieldRow(Record, frozen=True, kw_only=True):
    """One trial of a `FieldTable`: who it is, and its value of each field, None where it has none."""

    trial_id: str
    trial_name: str
    trial_number: int
    values: tuple[ParamValue, ...]


class FieldTable(Record, frozen=True, kw_only=True):
    """Some fields of some trials, as figures are drawn from; `fields` are the headings of the rows' values."""

    fields: tuple[str, ...]
    rows: tuple[FieldRow, ...]


class StepValue(Record, frozen=True, kw_only=True):
    """The latest point of a series at or before a step: where it is, and its value."""

    trial_id: str
    component: str
    metric: str
    step: int
    value: Number


class StepValues(Record, frozen=True, kw_only=True):
    """Values at a chosen step; a series without a point up to there is left out."""

    step: int
    values: tuple[StepValue, ...]


class GroupStatistics(Record, frozen=True, kw_only=True):
    """One field over the trials of a group.

    Attributes:
        field: Which field.
        count: Trials of the group that have a finite number there.
        mean, std, min, max: Over those numbers (population deviation); NaN when there is none.
    """

    field: str
    count: int
    mean: Number
    std: Number
    min: Number
    max: Number


class Group(Record, frozen=True, kw_only=True):
    """Trials that share a value.

    Attributes:
        values: The value of each field that was grouped by; None where the trials have none.
        label: The same as text.
        trials: Their ids, in the order asked for.
        statistics: One per field asked for.
    """

    values: tuple[ParamValue, ...]
    label: str
    trials: tuple[str, ...]
    statistics: tuple[GroupStatistics, ...]


class Groups(Record, frozen=True, kw_only=True):
    """Trials grouped by fields, in the order of their values: numbers by size, then texts, then those without."""

    by: tuple[str, ...]
    fields: tuple[str, ...]
    groups: tuple[Group, ...]


class ImportanceRow(Record, frozen=True, kw_only=True):
    """How much a field has to do with the target.

    Attributes:
        field: Which field.
        importance: Its share of what all fields explain, 0 to 1.
        correlation: Spearman's rank correlation with the target, -1 to 1; None for text, and where there is none.
        count: Trials that have a value there.
    """

    field: str
    importance: float
    correlation: float | None
    count: int


class Importance(Record, frozen=True, kw_only=True):
    """Which fields made the difference.

    Attributes:
        target: The field that is explained.
        rows: Most important first.
        trials: Trials that had a finite number there and were used.
        left_out: Trials that had none.
        constant: Fields that are the same in all trials, and so explain nothing.
        explained: Coefficient of determination of the model on trials it had not seen; None without a model.
        method: How it was computed, in a sentence.
        warning: Why not to trust it too far; "" if there is no reason.
    """

    target: str
    rows: tuple[ImportanceRow, ...]
    trials: int
    left_out: int
    constant: tuple[str, ...] = ()
    explained: float | None
    method: str
    warning: str = ""


class DifferenceRow(Record, frozen=True, kw_only=True):
    """A value of two trials: what it is, and how it was before and after; None where it was not recorded."""

    kind: RowKind
    name: str
    before: str | None
    after: str | None


class DifferenceLine(Record, frozen=True, kw_only=True):
    """A line of code; `before` and `after` are its numbers, from 1, None on the side that has not got it."""

    kind: LineKind
    before: int | None
    after: int | None
    text: str


class Hunk(Record, frozen=True, kw_only=True):
    """Lines that stand together: some that changed, and a few around them."""

    lines: tuple[DifferenceLine, ...]


class CodePart(Record, frozen=True, kw_only=True):
    """A file, a cell or the uncommitted changes, of two trials.

    Attributes:
        kind: Which of them.
        status: same, changed, added, removed, or moved: the same text at another place.
        before, after: What it was called: the file's name, or the cell's number; "" on the side that has not got it.
        added, removed: Lines.
        hunks: What changed; empty where nothing did and equal parts were not asked for.
    """

    kind: PartKind
    status: PartStatus
    before: str
    after: str
    added: int
    removed: int
    hunks: tuple[Hunk, ...]


class CodeDifference(Record, frozen=True, kw_only=True):
    """How the code of two trials differs.

    Attributes:
        before, after: Ids of the trials.
        status: same, different, or unrecorded: at least one of them has no code on record.
        missing: Ids of those that have none.
        git: Commit, branch, remote and whether something was uncommitted, where they differ.
        parts: Files and cells in the order of the second trial, removed ones where they stood.
        equal: Parts that are the same, listed or not.
    """

    before: str
    after: str
    status: CodeStatus
    missing: tuple[str, ...] = ()
    git: tuple[DifferenceRow, ...] = ()
    parts: tuple[CodePart, ...] = ()
    equal: int = 0


class EnvironmentDifference(Record, frozen=True, kw_only=True):
    """How packages, Python and machine of two trials differ.

    Attributes:
        before, after: Ids of the trials.
        status: same, different, or unrecorded: at least one of them has nothing on record.
        missing: Ids of those that have nothing.
        rows: What differs, Python first, then packages, then the machine.
        equal: How many values are the same, listed or not.
    """

    before: str
    after: str
    status: CodeStatus
    missing: tuple[str, ...] = ()
    rows: tuple[DifferenceRow, ...] = ()
    equal: int = 0


class Difference(Record, frozen=True, kw_only=True):
    """Everything in which two trials differ; metrics by their latest values."""

    before: TrialRecord
    after: TrialRecord
    params: tuple[DifferenceRow, ...]
    metrics: tuple[DifferenceRow, ...]
    code: CodeDifference
    environment: EnvironmentDifference
