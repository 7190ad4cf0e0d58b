"""The nouns: what an experiment, a trial and their facts are when they cross a boundary.

Times are seconds since 1970-01-01 UTC (float64). Ids are 32 lower-case hexadecimal digits, safe as a path; names are
data: any text of 1 to 16,384 UTF-8 bytes without NUL. `None` means absent.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from labdeck.wire.numbers import Number

TrialState = Literal["running", "completed", "failed", "interrupted", "crashed"]
Goal = Literal["max", "min"]
ParamValue = bool | int | float | str | None
"""A parameter as stored: int64, finite float64, text. Anything else is stored as its text form."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every noun on the wire: frozen, built by keyword."""


class Param(Record, frozen=True, kw_only=True):
    """One input of a trial or component.

    Attributes:
        name: Its name, unique within its component.
        value: Its value; numbers that are not finite are stored as the text "NaN", "Infinity" or "-Infinity".
        component: The component it belongs to; "" is the trial itself.
    """

    name: str
    value: ParamValue
    component: str = ""


class MetricSummary(Record, frozen=True, kw_only=True):
    """What is known of one metric of one trial without reading its points.

    Attributes:
        name: The metric's name, "train:loss" for example.
        component: The component that logged it; "" is the trial itself.
        count: Points logged, those that are NaN or infinite included.
        first, last: First and latest logged value.
        min, max, mean, std: Over the finite values (population deviation); NaN when there is none.
        min_step, max_step: Steps at which min and max were first reached.
        last_step: Step of the latest point.
        last_time: Time of the latest point.
        spark: At most 24 values, evenly thinned over the whole series, oldest first.
    """

    name: str
    component: str = ""
    count: int
    first: Number
    last: Number
    min: Number
    max: Number
    mean: Number
    std: Number
    min_step: int
    max_step: int
    last_step: int
    last_time: float
    spark: tuple[Number, ...] = ()


class Objective(Record, frozen=True, kw_only=True):
    """The metric an experiment is judged by, and which way is better."""

    metric: str
    goal: Goal


class ExperimentRecord(Record, frozen=True, kw_only=True):
    """A question, and how many attempts at it there are.

    Attributes:
        id: Its identity; the name may change.
        name: Unique among experiments that are not deleted.
        created: When it was first opened.
        note: Free text.
        tags: Free keys and values.
        objective: Chosen by the user; None leaves the choice to the reader.
        trials: Trials that are not deleted.
        running: Those of them that run.
        updated: When a trial last started or ended.
        deleted: When it was deleted; it can be restored until it is purged.
    """

    id: str
    name: str
    created: float
    note: str = ""
    tags: dict[str, str] = {}
    objective: Objective | None = None
    trials: int = 0
    running: int = 0
    updated: float
    deleted: float | None = None


class TrialRecord(Record, frozen=True, kw_only=True):
    """One attempt at an experiment's question: a row of the tree.

    Attributes:
        id: Its identity.
        experiment_id: The experiment it belongs to.
        experiment: That experiment's name.
        name: Unique within the experiment among trials that are not deleted.
        number: Its place among all trials the experiment ever had, from 1; it decides the trial's colour.
        state: running, completed, failed, interrupted or crashed.
        incomplete: Why facts are missing (a full disk, say); "" when none are.
        started, ended: When it began and ended.
        note, tags: Free text; free keys and values.
        objective: The metric that stands for the trial in lists, None before the first point.
        goal: Which way that metric is better.
        deleted: When it was deleted, itself or with its experiment.
    """

    id: str
    experiment_id: str
    experiment: str
    name: str
    number: int
    state: TrialState
    incomplete: str = ""
    started: float
    ended: float | None = None
    note: str = ""
    tags: dict[str, str] = {}
    objective: MetricSummary | None = None
    goal: Goal = "max"
    deleted: float | None = None


class ComponentRecord(Record, frozen=True, kw_only=True):
    """A step of a trial: preprocessing, training, evaluation. Its name identifies it within the trial."""

    name: str
    state: TrialState
    started: float
    ended: float | None = None
    error: str = ""


class ArtifactRecord(Record, frozen=True, kw_only=True):
    """A file kept with a trial.

    Attributes:
        id: Its identity.
        name: What the user calls it; unique within the component, the newest wins.
        component: The component that logged it; "" is the trial itself.
        sha256: Hexadecimal digest of the content, which addresses it in the store.
        size: Bytes.
        media_type: As in HTTP, "image/png" for example.
        created: When it was logged.
    """

    id: str
    name: str
    component: str = ""
    sha256: str
    size: int
    media_type: str
    created: float


class Capture(Record, frozen=True, kw_only=True):
    """Something recorded about a trial's surroundings without being asked.

    Attributes:
        kind: "code" (cells and file), "git", "packages", "machine" or "error" (a traceback).
        body: JSON objects as the capturer wrote them; secrets are redacted before they get here.
    """

    kind: str
    body: dict[str, Any]


class WriterIdentity(Record, frozen=True, kw_only=True):
    """The process that writes a trial, precise enough to tell whether it still lives.

    Attributes:
        host: Host name.
        boot: Identity of that host's current boot and of its space of process ids, "" where there is none.
        pid: Process id.
        born: When the process started, in seconds since the boot or since 1970; guards against a reused pid.
    """

    host: str
    boot: str
    pid: int
    born: float


class Liveness(Record, frozen=True, kw_only=True):
    """A trial that says it runs, who writes it and when it was last heard of."""

    trial_id: str
    writer: WriterIdentity
    heartbeat: float


class TrialFacts(Record, frozen=True, kw_only=True):
    """A trial with the numbers by which trials are compared."""

    trial: TrialRecord
    params: tuple[Param, ...] = ()
    metrics: tuple[MetricSummary, ...] = ()


class TrialDetail(Record, frozen=True, kw_only=True):
    """Everything the catalog knows of one trial."""

    trial: TrialRecord
    params: tuple[Param, ...] = ()
    metrics: tuple[MetricSummary, ...] = ()
    components: tuple[ComponentRecord, ...] = ()
    artifacts: tuple[ArtifactRecord, ...] = ()
    captures: tuple[Capture, ...] = ()


class TrialPage(Record, frozen=True, kw_only=True):
    """Some trials of an experiment, newest first, and how many there are in all."""

    total: int
    offset: int
    trials: tuple[TrialRecord, ...]
