"""What was recorded of the tensors of a trial, as the tensor view lists it."""

from __future__ import annotations

from typing import Literal

from labdeck.wire.debugging import Mode, Severity
from labdeck.wire.numbers import Number
from labdeck.wire.records import Record

Health = Literal["ok", "info", "warning", "error"]


class TensorRow(Record, frozen=True, kw_only=True):
    """One tensor.

    Attributes:
        name: Its name.
        collections: The collections it belongs to.
        module: The path of its module, "" for the model itself or none.
        module_type: The class of that module.
        parameter: The parameter it tells of, "" for none.
        shape, dtype: As it was last.
        reductions: What was recorded of it.
        arrays: Steps at which it was kept whole.
        health: The worst that an open finding says of it.
    """

    name: str
    collections: tuple[str, ...]
    module: str
    module_type: str
    parameter: str
    shape: tuple[int, ...]
    dtype: str
    reductions: tuple[str, ...]
    arrays: int
    health: Health


class ModeSteps(Record, frozen=True, kw_only=True):
    """How many steps of a mode were recorded, the first and the last of them."""

    mode: Mode
    count: int
    first: int
    last: int


class RecordedMoment(Record, frozen=True, kw_only=True):
    """One step of a flight recording: its mode, and its number within it."""

    mode: Mode
    step: int


class RecordingSummary(Record, frozen=True, kw_only=True):
    """One flight recording: the last steps before a finding, with every tensor whole.

    Attributes:
        id: Its identity.
        time: When its last step was.
        finding: The id of the finding that it was kept for, "" if a person asked for it.
        rule: The rule that found it, "" likewise.
        severity: Of the worst finding that it was kept for; None likewise.
        steps: The recorded steps, oldest first.
        tensors: Their names, in the model's order.
    """

    id: str
    time: float
    finding: str
    rule: str
    severity: Severity | None = None
    steps: tuple[RecordedMoment, ...]
    tensors: tuple[str, ...]


class TensorList(Record, frozen=True, kw_only=True):
    """Every tensor that was recorded of a trial, and when.

    Attributes:
        trial_id: The trial.
        tensors: In the model's order.
        modes: Those of which something was recorded.
        recordings: Flight recordings, newest first.
    """

    trial_id: str
    tensors: tuple[TensorRow, ...]
    modes: tuple[ModeSteps, ...]
    recordings: tuple[RecordingSummary, ...]


class TensorFacts(Record, frozen=True, kw_only=True):
    """One whole tensor at one step, in figures.

    Attributes:
        name: The tensor.
        shape, dtype: Of the array.
        min, max, mean, std, l2: Over all its values, NaN and infinities included.
        nan_count, inf_count, zero_count: How many of its values are so.
        change: |x - y|_2 / |y|_2 from the recorded step before (y) to this one (x); None for the first.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    min: Number
    max: Number
    mean: Number
    std: Number
    l2: Number
    nan_count: int
    inf_count: int
    zero_count: int
    change: Number | None


class RecordedStep(Record, frozen=True, kw_only=True):
    """One step of a flight recording.

    Attributes:
        recording: The recording.
        mode, step, time: Which step.
        tensors: What it holds.
    """

    recording: str
    mode: Mode
    step: int
    time: float
    tensors: tuple[TensorFacts, ...]


class NetworkNode(Record, frozen=True, kw_only=True):
    """One module of a model at one step.

    Attributes:
        path: Its path, "" for the model itself.
        type: Its class.
        depth: How many modules it lies within.
        order: When it ran, counted from 0 within the model; -1 if that is not known.
        modules: How many modules it stands for, those that hold others left out; 1 where it stands for itself.
        tensors: Names of the tensors that belong to it; none where it stands for others.
        value: The chosen reduction of the first of them that has it, at the step or the latest before; None without.
            Of several modules, the one of the largest magnitude, or one that is not finite.
        shown: That tensor's name.
        health: The worst that an open finding of that step or an earlier one says of them.
    """

    path: str
    type: str
    depth: int
    order: int
    modules: int
    tensors: tuple[str, ...]
    value: Number | None
    shown: str
    health: Health


class NetworkEdge(Record, frozen=True, kw_only=True):
    """The output of one module was an input of another; both by path."""

    source: str
    destination: str


class Network(Record, frozen=True, kw_only=True):
    """The modules of a model, and which gave what to which.

    Attributes:
        trial_id: The trial.
        mode, step: Which step the values are of.
        reduction: What the values are.
        within: The module whose insides these are, "" for the whole model.
        nodes: In the order in which they ran, else in the model's. Of a large model, modules stand for those within.
        total: How many there are; more than nodes where some are left out at the end.
        edges: Without knowledge, modules that hold no others follow each other in their order.
    """

    trial_id: str
    mode: Mode
    step: int
    reduction: str
    within: str
    nodes: tuple[NetworkNode, ...]
    total: int
    edges: tuple[NetworkEdge, ...]
