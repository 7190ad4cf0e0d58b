"""The frames of a `.wandb` file: blocks of 32 KiB, in them fragments of records, each with its checksum.

It is LevelDB's log format with a header of 7 bytes in front; numbers are little-endian. A fragment is CRC-32 of type
and content (4 bytes), length (2), type (1: whole, 2: first, 3: middle, 4: last), content. Fewer than 7 bytes at the end
of a block are filled with zeros.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

HEADER = struct.Struct("<4sHB")
MAGIC = (b":W&B", 0xBEE1, 0)
BLOCK = 1 << 15
_FRAGMENT = struct.Struct("<IHB")
_DAMAGED, _WHOLE, _FIRST, _LAST = 0, 1, 2, 4


class NoLogError(ValueError):
    """The file is none of W&B's, or of another version."""


def records(file: IO[bytes]) -> Iterator[bytes | int]:
    """Yield the content of every whole record, and in place of what is damaged the number of its bytes.

    After damage reading goes on with the next block that begins a record.

    Raises:
        NoLogError: It is no such file.
    """
    parts: list[bytes] | None = None
    for kind, content in _fragments(file):
        if kind == _DAMAGED:
            yield len(content)
            parts = None
            continue
        if kind in {_WHOLE, _FIRST}:
            parts = []
        if parts is not None:
            parts.append(content)
            if kind in {_WHOLE, _LAST}:
                yield b"".join(parts)
                parts = None
    if parts:
        yield sum(map(len, parts))


def _fragments(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of every fragment; NoLogError."""
    block = file.read(BLOCK)
    if len(block) < HEADER.size or HEADER.unpack_from(block) != MAGIC:
        raise NoLogError("it does not begin as the logs of W&B do")
    at = HEADER.size
    while block:
        while at < len(block):
            found = _fragment(block, at)
            if found is None:
                if any(block[at:]):
                    yield _DAMAGED, block[at:]
                break
            yield found
            at += _FRAGMENT.size + len(found[1])
        block, at = file.read(BLOCK), 0


def _fragment(block: bytes, at: int) -> tuple[int, bytes] | None:
    """Return the fragment that begins in a block at that byte; None if there is no whole one."""
    if len(block) - at < _FRAGMENT.size:
        return None
    crc, length, kind = _FRAGMENT.unpack_from(block, at)
    content = block[at + _FRAGMENT.size : at + _FRAGMENT.size + length]
    whole = len(content) == length and _WHOLE <= kind <= _LAST
    return (kind, content) if whole and crc == zlib.crc32(content, zlib.crc32(bytes([kind]))) else None
