"""What rules find in a training, which rules watch it, and what watching costs."""

from __future__ import annotations

from typing import Literal

import msgspec

from labdeck.wire.numbers import Number
from labdeck.wire.records import ParamValue, Record, TrialRecord

Severity = Literal["info", "warning", "error"]
Mode = Literal["TRAIN", "EVAL", "PREDICT", "GLOBAL"]
RuleState = Literal["watching", "firing", "failed", "off"]
Wish = Literal["stop", "pause", "go-on", "record", "lower-learning-rate", "rule-on", "rule-off"]


class ActionRecord(Record, frozen=True, kw_only=True):
    """What was done because of a finding.

    Attributes:
        name: The action, "StopTraining" for example.
        time: When.
        done: It worked.
        message: What came of it, or why it failed.
    """

    name: str
    time: float
    done: bool
    message: str = ""


class FindingRecord(Record, frozen=True, kw_only=True):
    """One judgement of a rule over a training.

    A rule that goes on to find the same in the same tensor extends its finding: `count`, `last_step` and `last_time`
    grow, everything else tells of the first time.

    Attributes:
        id: Its identity.
        trial_id: The trial.
        rule: Name of the rule, as in `RuleRecord.name`.
        severity: How bad it is.
        mode: What the model was doing.
        step, last_step: First and latest step, counted within the mode.
        time, last_time: When.
        count: Steps at which it was found.
        tensor: The tensor concerned, "" for none.
        value, threshold: The number that was judged, and what it was judged against; None if there is none.
        message: What was found, one sentence.
        remedy: What to do about it.
        origin: The line of source that is to blame, "model.py:42 in forward" for example; "" if it is not known.
        recording: The flight recording that was kept, "" for none.
        actions: What was done because of it.
        dismissed: A person has seen enough of it.
    """

    id: str
    trial_id: str
    rule: str
    severity: Severity
    mode: Mode
    step: int
    last_step: int
    time: float
    last_time: float
    count: int = 1
    tensor: str = ""
    value: Number | None = None
    threshold: Number | None = None
    message: str
    remedy: str = ""
    origin: str = ""
    recording: str = ""
    actions: tuple[ActionRecord, ...] = ()
    dismissed: bool = False


class RuleRecord(Record, frozen=True, kw_only=True):
    """One rule over one training.

    Attributes:
        name: Unique among the rules of the trial: the rule's class, with "-2" … appended to a second one.
        rule: The rule's class, "VanishingGradient" for example.
        state: watching, firing (it found something in the latest step it judged), failed (it raised and was switched
            off), off (a person switched it off).
        params: Its parameters.
        description: What it looks for, one sentence.
        findings: How many findings it has made.
        evaluations: How many steps it has judged.
        cost: Mean time it takes a step, in milliseconds.
        missing: What it needs and does not get, one sentence; "" if it lacks nothing.
        error: Why it failed.
        report: Figures it has gathered, by name.
    """

    name: str
    rule: str
    state: RuleState = "watching"
    params: dict[str, ParamValue] = msgspec.field(default_factory=dict)
    description: str = ""
    findings: int = 0
    evaluations: int = 0
    cost: float = 0.0
    missing: str = ""
    error: str = ""
    report: dict[str, ParamValue] = msgspec.field(default_factory=dict)


class WatchRecord(Record, frozen=True, kw_only=True):
    """One model that is or was watched.

    Attributes:
        name: Unique within the trial: the model's class, with "-2" … appended to a second one.
        framework: "torch", "keras", "xgboost", "lightgbm", "sklearn" or "arrays".
        state: on, paused, off (it ended), failed (the debugger switched itself off).
        reason: Why it is off or failed.
        steps: Steps of TRAIN so far.
        recorded: Steps that were recorded, of all modes; samples of the machine do not count.
        tensors: Tensors that are watched.
        parameters: Numbers in the model.
        step_time: Median time of a training step without the debugger's part, in milliseconds.
        cost: Median time the debugger takes a step, in milliseconds.
        budget: Share of a step that it may take, 0.03 for 3 %; None for no limit.
        interval: Every how many steps it records now, after adapting to the budget.
        recordings: Flight recordings kept.
        dropped: Rows and arrays that could not be kept.
        warnings: What the user should know: collections that match nothing, tensors that cannot be kept.
    """

    name: str
    framework: str
    state: Literal["on", "paused", "off", "failed"] = "on"
    reason: str = ""
    steps: int = 0
    recorded: int = 0
    tensors: int = 0
    parameters: int = 0
    step_time: float = 0.0
    cost: float = 0.0
    budget: float | None = None
    interval: int = 1
    recordings: int = 0
    dropped: int = 0
    warnings: tuple[str, ...] = ()


class RequestRecord(Record, frozen=True, kw_only=True):
    """What a person asks of a running training.

    Attributes:
        id: Its identity.
        trial_id: The trial.
        wish: What is wanted.
        argument: The rule's name for "rule-on" and "rule-off".
        created: When.
    """

    id: str
    trial_id: str
    wish: Wish
    argument: str = ""
    created: float


class DebuggerDetail(Record, frozen=True, kw_only=True):
    """Everything about the watching of one trial, findings and tensors aside."""

    trial: TrialRecord
    watches: tuple[WatchRecord, ...]
    rules: tuple[RuleRecord, ...]


class FindingPage(Record, frozen=True, kw_only=True):
    """Findings, newest first.

    Attributes:
        seq: The cursor from which on changes are news.
        findings: Some of them.
        total: How many there are that match.
        open: How many of those that match are not dismissed.
        trials: The trials they belong to.
    """

    seq: int
    findings: tuple[FindingRecord, ...]
    total: int
    open: int
    trials: tuple[TrialRecord, ...]
