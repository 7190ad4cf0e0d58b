"""A metric's course in the height of one line: as text for terminals, as SVG for browsers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdeck.wire.numbers import Number

_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = " "


def text_sparkline(values: Sequence[Number]) -> str:
    """Return one block character per value, lowest to highest over the finite ones; a gap where a value is not finite.

    Example:
        >>> text_sparkline([0, 1, 2, "NaN", 4])
        '▁▃▅ █'
    """
    heights = _heights(values)
    return "".join(_GAP if height is None else _BLOCKS[round(height * 7)] for height in heights)


def svg_sparkline(values: Sequence[Number], colour: str = "currentColor", width: int = 72, height: int = 16) -> str:
    """Return an inline SVG line, broken where a value is not finite; "" if no value is finite.

    Args:
        values: Oldest first.
        colour: CSS colour from our own code, never from a user.
        width: Pixels.
        height: Pixels.
    """
    heights = _heights(values)
    if all(level is None for level in heights):
        return ""
    step = (width - 4) / max(len(heights) - 1, 1)
    pieces: list[list[str]] = [[]]
    for index, level in enumerate(heights):
        if level is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{2 + index * step:.1f},{height - 2 - level * (height - 4):.1f}")
    shapes = "".join(_shape(piece, colour) for piece in pieces if piece)
    box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {box} aria-hidden="true">{shapes}</svg>'


def _shape(points: list[str], colour: str) -> str:
    if len(points) == 1:
        x, y = points[0].split(",")
        return f'<circle cx="{x}" cy="{y}" r="1.5" fill="{colour}"/>'
    pen = f'fill="none" stroke="{colour}" stroke-width="1.5" stroke-linejoin="round"'
    return f'<polyline points="{" ".join(points)}" {pen}/>'


def _heights(values: Sequence[Number]) -> list[float | None]:
    floats = [float(value) for value in values]
    finite = [value for value in floats if math.isfinite(value)]
    if not finite:
        return [None] * len(floats)
    low, high = min(finite), max(finite)
    # Halved first, because the span of two float64 may exceed the largest float64.
    span = high / 2 - low / 2
    if span == 0:
        return [0.5 if math.isfinite(value) else None for value in floats]
    return [(value / 2 - low / 2) / span if math.isfinite(value) else None for value in floats]
