"""What the server and the browser say to each other around commands, records and events."""

from __future__ import annotations

import msgspec

from labdeck.wire.commands import UserCommand, _kebab
from labdeck.wire.events import AnyEvent
from labdeck.wire.records import ExperimentRecord, Record, TrialFacts, ViewRecord

WIRE_VERSION = 3
"""Rises with every change that an older front end would misread."""


class ErrorMessage(Record, frozen=True, kw_only=True):
    """The body of every answer that is not 2xx.

    Attributes:
        code: Stable, machine-readable; see `labdeck.errors`.
        message: What happened.
        remedy: What to do; may be "".
        position: Of a query that cannot be read: the character (of Unicode, from 0) at which it went wrong.
    """

    code: str
    message: str
    remedy: str = ""
    position: int | None = None


class Status(Record, frozen=True, kw_only=True):
    """Who answers: versions, where the store is (secrets removed), and the newest event."""

    version: str
    wire: int
    store: str
    seq: int


class ExperimentList(Record, frozen=True, kw_only=True):
    """All experiments that are not deleted, latest activity first; `seq` is the cursor the list is true for."""

    seq: int
    experiments: tuple[ExperimentRecord, ...]


class Comparison(Record, frozen=True, kw_only=True):
    """The facts of the chosen trials in the order asked for; ids that do not exist are in `missing`."""

    trials: tuple[TrialFacts, ...]
    missing: tuple[str, ...] = ()


class ViewList(Record, frozen=True, kw_only=True):
    """Saved comparisons, by name."""

    views: tuple[ViewRecord, ...]


class CommandRequest(Record, frozen=True, kw_only=True):
    """A person's commands, applied together or not at all."""

    commands: tuple[UserCommand, ...]


class CommandResult(Record, frozen=True, kw_only=True):
    """The cursor after which the commands are visible."""

    seq: int


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="message", tag=_kebab):
    """The base of every frame on the event socket."""


class Hello(ServerMessage, frozen=True, kw_only=True):
    """The first frame: who answers and where the log stands."""

    version: str
    wire: int
    seq: int


class Events(ServerMessage, frozen=True, kw_only=True):
    """Events after the reader's cursor, oldest first."""

    events: tuple[AnyEvent, ...]


class Reset(ServerMessage, frozen=True, kw_only=True):
    """The cursor is too old or from another store: read everything anew and go on from `seq`."""

    seq: int


AnyServerMessage = Hello | Events | Reset
