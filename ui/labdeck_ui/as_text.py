"""A card in words, for terminals and for front ends without HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdeck_ui import words
from labdeck_ui.sparkline import text_sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdeck_ui.card import Card, Cell, Grid

_WARNING = "⚠"


def text_card(card: Card) -> str:
    """Return a card as lines of text without control characters.

    Example:
        >>> from labdeck_ui.card import Card, Cell
        >>> print(text_card(Card("trial", "cnn-32", state="completed", facts=(("time", Cell("9.0 s")),))))
        ✓ trial cnn-32 (completed)
          time: 9.0 s
    """
    return "\n".join(_lines(card))


def _lines(card: Card) -> Iterator[str]:
    heading = f"{card.kind} {card.title}".strip()
    yield f"{words.STATE_GLYPHS[card.state]} {heading} ({card.state})" if card.state else heading
    if card.facts:
        yield "  " + " · ".join(f"{label}: {_cell(cell)}" for label, cell in card.facts)
    if card.warning:
        yield f"  {_WARNING} {card.warning}"
    if card.note:
        yield f"  note: {card.note}"
    if card.error:
        yield from (f"  {words.name(line, 200)}" for line in card.error.splitlines())
    for grid in card.grids:
        yield from _grid(grid)


def _grid(grid: Grid) -> Iterator[str]:
    if grid.title:
        yield f"  {grid.title}"
    texts = [[_cell(cell) for cell in row] for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(grid.columns, *texts, strict=True)]
    right = [bool(grid.rows) and all(row[index].numeric for row in grid.rows) for index in range(len(widths))]
    for row in [list(grid.columns), *texts]:
        padded = (
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, numeric in zip(row, widths, right, strict=True)
        )
        yield "    " + "  ".join(padded).rstrip()
    hidden = grid.total - len(grid.rows)
    if hidden > 0:
        yield f"    … and {hidden:,} more"


def _cell(cell: Cell) -> str:
    parts = [words.STATE_GLYPHS[cell.state]] if cell.state else []
    parts.append(cell.text)
    if cell.spark:
        parts.append(text_sparkline(cell.spark))
    return " ".join(part for part in parts if part)
