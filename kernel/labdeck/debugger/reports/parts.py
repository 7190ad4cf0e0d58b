"""The pieces of reports: texts, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["plain", "advice", "good", "bad"]


@dataclass(frozen=True)
class Text:
    """Paragraphs, parted by empty lines; plain text, whatever is in it.

    Attributes:
        text: What it says.
        tone: "advice" for what to do, "good" and "bad" for a verdict.
    """

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: Headings.
        rows: A value a column: text, numbers, truth values, None for nothing.
        caption: What it shows; may be "".
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of plotly.

    Attributes:
        data: Its traces; names of things in it are made by `labdeck.debugger.reports.drawing.label`.
        layout: What differs from the layout that all figures of reports share.
        caption: What it shows, plain text; may be "".
    """

    data: Sequence[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    caption: str = ""


Part = Text | Table | Figure
