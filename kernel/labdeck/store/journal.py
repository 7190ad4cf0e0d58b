"""The file behind an outbox: commands that are not yet in the catalog, safe against SIGKILL.

The magic line, then frames of `<u32 length><u32 crc32><payload>`. The first payload is the writer's identity, each
further one a pair (position, command), all MessagePack. A frame is written by one `write`; a torn tail ends the
reading, a damaged frame is passed over and reported. Positions count commands from 1 and never repeat, so a catalog
that has recorded a position knows what is left. The writer holds a lock on the file while it lives.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from labdeck.errors import StoreCorrupt, UsageError
from labdeck.store.locks import try_hold
from labdeck.wire.commands import AnyCommand
from labdeck.wire.records import WriterIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"LDOUTBOX1\n"
SUFFIX = ".log"
DAMAGED = ".damaged"
"""The ending of a journal that was delivered as far as it could be read."""
_HEAD = struct.Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode_identity = msgspec.msgpack.Decoder(WriterIdentity).decode
_decode_command = msgspec.msgpack.Decoder(AnyCommand).decode
_decode_entry = msgspec.msgpack.Decoder(tuple[int, AnyCommand]).decode


@dataclass(frozen=True)
class Reading:
    """What a journal holds.

    Attributes:
        identity: Who wrote it.
        entries: Positions and commands, in order.
        damaged: Whether something between them could not be read; a torn tail is no damage.
    """

    identity: WriterIdentity
    entries: list[tuple[int, AnyCommand]]
    damaged: bool


def check_command(command: AnyCommand) -> None:
    """Make sure that a command will be understood when it is read again.

    Raises:
        UsageError: A field has a value that cannot be recorded.
    """
    try:
        _decode_command(_encode(command))
    except (msgspec.MsgspecError, TypeError, UnicodeError, OverflowError) as error:
        kind = str(command.__struct_config__.tag).replace("-", " ")
        raise UsageError(f"{kind}: a value cannot be recorded: {error}", "check what was given") from None


class Journal:
    """An append-only file of commands with one writer."""

    def __init__(self, path: Path, identity: WriterIdentity) -> None:
        """Create the file and hold it; OSError if it cannot be, and then nothing is left of it."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
        try:
            try_hold(self._fd)
            self._write(MAGIC + _frame(_encode(identity)))
        except OSError:
            self.close(remove=True)
            raise
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
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._fd)


def _frame(payload: bytes) -> bytes:
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def read_journal(path: Path) -> Reading:
    """Return who wrote a journal, and its commands with their positions.

    Raises:
        StoreCorrupt: The file does not even tell who wrote it.
    """
    payloads = _payloads(path.read_bytes())
    try:
        identity = _decode_identity(next(payloads) or b"")
    except (StopIteration, msgspec.MsgspecError):
        raise StoreCorrupt(f"{path.name} is not an outbox", "keep it if you miss facts, else remove it") from None
    entries, damaged = [], False
    for payload in payloads:
        try:
            entries.append(_decode_entry(payload or b""))
        except msgspec.MsgspecError:
            damaged = True
    return Reading(identity, entries, damaged)


def _payloads(data: bytes) -> Iterator[bytes | None]:
    """Yield the payload of each whole frame, None for one whose checksum does not fit."""
    if not data.startswith(MAGIC):
        return
    at = len(MAGIC)
    while at + _HEAD.size <= len(data):
        length, crc = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        payload = data[at : at + length]
        if len(payload) < length:
            return
        yield payload if zlib.crc32(payload) == crc else None
        at += length
