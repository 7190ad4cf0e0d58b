"""Identities: 32 lower-case hexadecimal digits, rising with time, safe as a path."""

from __future__ import annotations

import os
import re
import time

_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Return a new identity.

    48 bits of milliseconds, then 80 random bits: the layout of UUIDv7 (RFC 9562) without its version bits.

    Example:
        >>> len(new_id()), is_id(new_id())
        (32, True)
    """
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    return f"{milliseconds:012x}{os.urandom(10).hex()}"


def is_id(text: str) -> bool:
    """Say whether a text has the form of an identity."""
    return _ID.fullmatch(text) is not None


def made(identity: str) -> float:
    """Return when an identity was made, in seconds since 1970-01-01 UTC.

    Example:
        >>> made("019a00000000" + 20 * "0")
        1760936591.36
    """
    return int(identity[:12], 16) / 1000
