"""What was printed while a trial ran, and how a table that was kept begins."""

from __future__ import annotations

from typing import Literal

from labdeck.wire.records import Record

Stream = Literal["stdout", "stderr"]


class OutputLine(Record, frozen=True, kw_only=True):
    """One line that was printed.

    Attributes:
        number: Its place in the output, from 1.
        stream: Where it was printed.
        time: When it was finished.
        text: What it says, as a terminal shows it: without colours, a progress bar as it was last.
        finished: It ended; False for a line that is still being printed, whose text may yet change.
    """

    number: int
    stream: Stream
    time: float
    text: str
    finished: bool = True


class OutputPage(Record, frozen=True, kw_only=True):
    """Some lines of a trial's output.

    Attributes:
        total: Lines there are, those aside that are still being printed.
        found: Lines that hold what was searched for; `total` if nothing was.
        cut: There was more than is kept: what was printed later is lost.
        lines: In order; those still being printed come last, with numbers beyond `total`.
    """

    total: int
    found: int
    cut: bool = False
    lines: tuple[OutputLine, ...]


class TablePreview(Record, frozen=True, kw_only=True):
    """Some rows of a table that was kept with a trial, as text.

    Attributes:
        columns: Names of the columns that are shown.
        types: What each holds, in the words of Parquet; "" where the file does not say, as in CSV.
        total: Rows there are.
        offset: Rows before the first that is shown.
        rows: Each with one text a column; None where there is no value. Long texts are cut and end in "…".
        left_out: Columns that are not shown because there are too many.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    total: int
    offset: int
    rows: tuple[tuple[str | None, ...], ...]
    left_out: int = 0
