"""What crosses between processes: frozen records, commands in, events out. No behaviour, no I/O."""

from labdeck.wire.commands import AnyCommand, UserCommand, WriterCommand
from labdeck.wire.comparing import CodeDifference, EnvironmentDifference, Groups, Importance, StepValues
from labdeck.wire.debugging import DebuggerDetail, FindingPage
from labdeck.wire.events import AnyEvent
from labdeck.wire.judging import ReportProgress
from labdeck.wire.messages import (
    WIRE_VERSION,
    AnyServerMessage,
    CommandRequest,
    CommandResult,
    Comparison,
    ErrorMessage,
    ExperimentList,
    Status,
    ViewList,
)
from labdeck.wire.recording import OutputPage, TablePreview
from labdeck.wire.records import LineageGraph, SearchPage, TrialDetail, TrialFacts, TrialPage
from labdeck.wire.searching import Suggestions, Vocabulary
from labdeck.wire.tensors import Network, RecordedStep, TensorList

WIRE_TYPES = (
    Status,
    ErrorMessage,
    ExperimentList,
    TrialPage,
    TrialFacts,
    TrialDetail,
    SearchPage,
    Vocabulary,
    Suggestions,
    LineageGraph,
    Comparison,
    StepValues,
    Groups,
    Importance,
    CodeDifference,
    EnvironmentDifference,
    ViewList,
    OutputPage,
    TablePreview,
    DebuggerDetail,
    FindingPage,
    ReportProgress,
    TensorList,
    RecordedStep,
    Network,
    CommandRequest,
    CommandResult,
    AnyServerMessage,
)
"""What the front end sends or receives; `labextension/src/wire.ts` is generated from it."""

__all__ = ["WIRE_TYPES", "WIRE_VERSION", "AnyCommand", "AnyEvent", "UserCommand", "WriterCommand"]
