"""The file behind an outbox: commands that are not yet in the catalog, safe against SIGKILL.

The magic line, then frames of `<u32 length><u32 crc32><payload>`. The first payload is the writer's identity, each
further one a pair (position, command), all MessagePack. A frame is written by one `write`; a torn or damaged tail ends
the reading. Positions count commands from 1 and never repeat, so a catalog that has recorded a position knows what is
left.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING

import msgspec

from labdeck.errors import StoreCorrupt
from labdeck.wire.commands import AnyCommand
from labdeck.wire.records import WriterIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"LDOUTBOX1\n"
SUFFIX = ".log"
_HEAD = struct.Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode_identity = msgspec.msgpack.Decoder(WriterIdentity).decode
_decode_entry = msgspec.msgpack.Decoder(tuple[int, AnyCommand]).decode


class Journal:
    """An append-only file of commands with one writer."""

    def __init__(self, path: Path, identity: WriterIdentity) -> None:
        """Create the file; OSError if it cannot be."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
        self._write(MAGIC + _frame(_encode(identity)))
        self._start = self._size

    def append(self, position: int, command: AnyCommand) -> None:
        """Write one command; OSError if the disk is full, and then nothing is written."""
        self._write(_frame(_encode((position, command))))

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += written

    @property
    def pending(self) -> int:
        """Bytes of commands in the file."""
        return self._size - self._start

    def clear(self) -> None:
        """Forget all commands: they are in the catalog."""
        os.ftruncate(self._fd, self._start)
        self._size = self._start

    def close(self, *, remove: bool) -> None:
        """Close the file, and remove it if nothing in it is needed any more."""
        os.close(self._fd)
        if remove:
            self.path.unlink(missing_ok=True)


def _frame(payload: bytes) -> bytes:
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def read_journal(path: Path) -> tuple[WriterIdentity, list[tuple[int, AnyCommand]]]:
    """Return who wrote a journal, and its commands with their positions.

    Raises:
        StoreCorrupt: The file is no journal. Damage further on only ends the reading.
    """
    data = path.read_bytes()
    payloads = _payloads(data)
    try:
        identity = _decode_identity(next(payloads))
    except (StopIteration, msgspec.MsgspecError):
        raise StoreCorrupt(f"{path.name} is not an outbox", "remove the file") from None
    entries = []
    for payload in payloads:
        try:
            entries.append(_decode_entry(payload))
        except msgspec.MsgspecError:
            break
    return identity, entries


def _payloads(data: bytes) -> Iterator[bytes]:
    if not data.startswith(MAGIC):
        return
    at = len(MAGIC)
    while at + _HEAD.size <= len(data):
        length, crc = _HEAD.unpack_from(data, at)
        payload = data[at + _HEAD.size : at + _HEAD.size + length]
        if len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield payload
        at += _HEAD.size + length
