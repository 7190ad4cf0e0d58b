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
ArtifactKind = Literal["file", "image", "audio", "table", "figure", "text"]
NodeKind = Literal["artifact", "action", "context", "trial"]
Association = Literal["ContributedTo", "AssociatedWith", "DerivedFrom", "Produced", "SameAs"]
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
        trials: Trials that are neither deleted nor archived.
        running: Those of them that run.
        archived_trials: Trials that are archived.
        updated: When a trial last started or ended.
        archived: It was put away: lists leave it out unless they are asked for what is archived.
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
    archived_trials: int = 0
    updated: float
    archived: bool = False
    deleted: float | None = None


class TrialRecord(Record, frozen=True, kw_only=True):
    """One attempt at an experiment's question: a row of the tree.

    Attributes:
        id: Its identity.
        experiment_id: The experiment it belongs to.
        experiment: That experiment's name.
        name: Unique within the experiment among trials that are not deleted.
        parent_id: The trial it is part of, None for a trial that stands by itself.
        number: Its place among all trials the experiment ever had, from 1; it decides the trial's colour.
        state: running, completed, failed, interrupted or crashed.
        incomplete: Why facts are missing (a full disk, say); "" when none are.
        started, ended: When it began and ended.
        note, tags: Free text; free keys and values.
        objective: The metric that stands for the trial in lists, None before the first point.
        goal: Which way that metric is better.
        archived: It was put away, itself or with its experiment.
        deleted: When it was deleted, itself or with its experiment.
    """

    id: str
    experiment_id: str
    experiment: str
    parent_id: str | None = None
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
    archived: bool = False
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
        name: What the user calls it; with the step unique within the component, the newest wins.
        component: The component that logged it; "" is the trial itself.
        sha256: Hexadecimal digest of the content, which addresses it in the store.
        size: Bytes.
        media_type: As in HTTP, "image/png" for example.
        kind: What it was logged as, and so how it is shown.
        step: Where in the training it belongs, for what is logged again and again; None for what is logged once.
        caption: A few words on it; may be "".
        created: When it was logged.
    """

    id: str
    name: str
    component: str = ""
    sha256: str
    size: int
    media_type: str
    kind: ArtifactKind = "file"
    step: int | None = None
    caption: str = ""
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
    """Everything the catalog knows of one trial; `children` are the trials that are part of it, oldest first."""

    trial: TrialRecord
    params: tuple[Param, ...] = ()
    metrics: tuple[MetricSummary, ...] = ()
    components: tuple[ComponentRecord, ...] = ()
    artifacts: tuple[ArtifactRecord, ...] = ()
    captures: tuple[Capture, ...] = ()
    children: tuple[TrialRecord, ...] = ()


class ViewRecord(Record, frozen=True, kw_only=True):
    """A comparison somebody saved under a name.

    Attributes:
        id: Its identity.
        name: What the user calls it.
        experiment_id: The experiment it belongs to; None for one over several.
        created: When it was last saved.
        body: What is compared and how, as the front end wrote it: a JSON object.
    """

    id: str
    name: str
    experiment_id: str | None = None
    created: float
    body: dict[str, Any]


class LineageNode(Record, frozen=True, kw_only=True):
    """Something that data, models or work went through.

    Attributes:
        id: Its identity; that of a trial is the trial's, that of a file follows from its content.
        kind: "artifact" (a data set, a model, a file), "action" (a deployment, an approval), "context" (an endpoint, a
            group of models) or "trial".
        type: A narrower word: "DataSet", "Model", "Endpoint" … free text.
        name: What people call it.
        uri: Where it is or was: a path or URL; "" if nowhere.
        digest: Hexadecimal SHA-256 of its content where that is known, else "".
        properties: Free keys and values.
        created: When it was first seen.
    """

    id: str
    kind: NodeKind
    type: str = ""
    name: str
    uri: str = ""
    digest: str = ""
    properties: dict[str, str] = {}
    created: float


class LineageEdge(Record, frozen=True, kw_only=True):
    """How one node led to another: from the source, the earlier one, to the destination."""

    source: str
    destination: str
    association: Association
    created: float


class LineageGraph(Record, frozen=True, kw_only=True):
    """What a query of the lineage found.

    Attributes:
        start: Ids the query began at.
        nodes: Those that were reached, the start included, nearest first.
        edges: Between those nodes.
        truncated: There is more than was asked for.
    """

    start: tuple[str, ...]
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    truncated: bool = False


class TrialPage(Record, frozen=True, kw_only=True):
    """Some trials of an experiment, newest first, and how many there are in all."""

    total: int
    offset: int
    trials: tuple[TrialRecord, ...]


class SearchPage(Record, frozen=True, kw_only=True):
    """Some of the trials a search found, in the order asked for, and how many there are in all.

    Attributes:
        total: All that were found.
        offset: How many of them come before the first of `trials`.
        trials: Those of this page.
        hint: Which name of the query no trial has, where nothing was found or nothing could be sorted; else "".
    """

    total: int
    offset: int
    trials: tuple[TrialFacts, ...]
    hint: str = ""
