"""What a trial printed, as a user gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from labdeck.wire.recording import OutputLine, OutputPage

ALL = 10_000_000
"""More lines than are ever kept of a trial."""


class Output(Sequence["OutputLine"]):
    """Lines that were printed while a trial ran; shown as the text they were.

    Attributes:
        total: Lines there are in all, whatever was searched for.
        cut: There was more than is kept.

    Example:
        >>> import labdeck
        >>> with labdeck.experiment("digits").trial("talkative") as trial:
        ...     print("epoch 1")
        epoch 1
        >>> trial.output().text, trial.output()[0].stream
        ('epoch 1', 'stdout')
    """

    def __init__(self, page: OutputPage) -> None:
        self._lines = page.lines
        self.total = page.total
        self.cut = page.cut

    @property
    def text(self) -> str:
        """All lines, with line feeds between them."""
        return "\n".join(line.text for line in self._lines)

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> OutputLine: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[OutputLine, ...]: ...

    def __getitem__(self, at: int | slice) -> OutputLine | tuple[OutputLine, ...]:
        """Return a line, or some."""
        return self._lines[at]

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def __repr__(self) -> str:
        """Show the text."""
        return self.text
