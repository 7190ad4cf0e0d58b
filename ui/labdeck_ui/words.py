"""Numbers, times and names as people read them, in cells and in figures."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.wire.records import ParamValue

STATE_GLYPHS = {"running": "●", "completed": "✓", "failed": "✕", "interrupted": "◐", "crashed": "⚠"}
"""How a trial's state is drawn, by shape as well as by colour."""

_JOINERS = "\u200c\u200d"
_KILO = 1_000
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


def number(value: float | str) -> str:
    """Return a number with 4 significant digits, whole numbers in full up to a million.

    Args:
        value: A float or int, or a wire number ("NaN", "Infinity", "-Infinity" stand for themselves).

    Example:
        >>> number(0.98123), number(32), number(123456.7), number(3e-9), number("NaN")
        ('0.9812', '32', '123,457', '3e-9', 'NaN')
    """
    if not math.isfinite(float(value)):
        return {math.inf: "∞", -math.inf: "−∞"}.get(float(value), "NaN")
    value = float(value) if isinstance(value, str) else value + 0  # which makes 0.0 of −0.0
    size = abs(value)
    if isinstance(value, int) and size < 10**12:
        return f"{value:,}".replace("-", "−")
    if size != 0 and (size < 1e-4 or size >= 1e6):  # noqa: PLR2004 (where plain digits stop being readable)
        mantissa, exponent = f"{value:.3e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    elif size >= _KILO:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return "−" + text[1:] if text.startswith("-") else text


def parameter(value: ParamValue) -> str:
    """Return a parameter's value: numbers as `number` has them, text clipped to 60 characters, None as "none"."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    return name(value, 60)


def name(text: str, limit: int = 48) -> str:
    r"""Return a name on one line: control characters shown as escapes, clipped to `limit` characters with "…".

    Neither a terminal escape nor a change of writing direction gets through; HTML is the renderer's business.

    Example:
        >>> name("a\x1b[31m\nb"), name("x" * 50, 5)
        ('a\\x1b[31m\\nb', 'xxxx…')
    """
    clipped = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(_visible(char) for char in clipped)


def _visible(char: str) -> str:
    hidden = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in _JOINERS
    return ascii(char)[1:-1] if hidden else char


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units.

    Example:
        >>> duration(0.42), duration(75), duration(4000), duration(200000)
        ('0.4 s', '1 min 15 s', '1 h 6 min', '2 d 7 h')
    """
    seconds = max(seconds, 0.0)
    if seconds < 10:  # noqa: PLR2004 (tenths matter below ten seconds)
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE // 1:.0f} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:.0f} h"


def ago(then: float, now: float) -> str:
    """Return how long ago something was, in its largest unit; both are seconds since 1970-01-01 UTC.

    Example:
        >>> ago(0, 130), ago(100, 99)
        ('2 min ago', 'just now')
    """
    seconds = now - then
    if seconds < 1:
        return "just now"
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def count(amount: int, noun: str) -> str:
    """Return an amount with its noun.

    Example:
        >>> count(1, "trial"), count(1200, "trial")
        ('1 trial', '1,200 trials')
    """
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def size(amount: int) -> str:
    """Return a number of bytes in the unit that suits it.

    Example:
        >>> size(512), size(20_480), size(3_500_000)
        ('512 B', '20.5 kB', '3.5 MB')
    """
    if amount < _KILO:
        return f"{amount} B"
    in_unit = amount / _KILO
    for unit in ("kB", "MB", "GB"):
        if in_unit < _KILO:
            return f"{in_unit:.1f} {unit}"
        in_unit /= _KILO
    return f"{in_unit:.1f} TB"
