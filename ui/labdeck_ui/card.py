"""What a cell shows of a record, before it is decided whether as HTML or as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.wire.numbers import Number
    from labdeck.wire.records import TrialState


@dataclass(frozen=True)
class Cell:
    """One value.

    Attributes:
        text: As people read it.
        hover: More, shown on hover.
        numeric: Align it right.
        state: Draw the glyph of this trial state before it.
        spark: Draw this course of a metric after it.
        colour: Draw a swatch of this colour before it.
    """

    text: str
    hover: str = ""
    numeric: bool = False
    state: TrialState | None = None
    spark: tuple[Number, ...] = ()
    colour: str = ""


@dataclass(frozen=True)
class Grid:
    """A small table.

    Attributes:
        title: Above it; may be "".
        columns: Headings.
        rows: One cell per column.
        total: Rows there are in all; what is not in `rows` is counted below the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int


@dataclass(frozen=True)
class Link:
    """Opens something in JupyterLab.

    Attributes:
        command: Its command id.
        arguments: JSON object for it.
    """

    command: str
    arguments: str


@dataclass(frozen=True)
class Card:
    """A title, what there is to know at a glance, and at most a few tables.

    Attributes:
        kind: The noun, "trial" for example.
        title: The thing's name.
        state: Of a trial.
        facts: Label and value.
        note: Free text of the user.
        grids: Tables.
        link: Where "Open in Labdeck" leads; None for nowhere.
        warning: Something the reader must know; may be "".
        error: The last lines of what went wrong; may be "".
    """

    kind: str
    title: str
    state: TrialState | None = None
    facts: tuple[tuple[str, Cell], ...] = ()
    note: str = ""
    grids: tuple[Grid, ...] = ()
    link: Link | None = None
    warning: str = ""
    error: str = ""
