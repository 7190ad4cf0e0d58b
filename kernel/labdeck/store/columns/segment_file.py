"""The three open files of a segment that is being written."""

from __future__ import annotations

import errno
import fcntl
import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from labdeck.store.columns.segment import BLOCK, NAMES, SEALS, SEGMENT, Header, Seal, name_line, seal_lines
from labdeck.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdeck.store.contract import SeriesKey


_MODE = os.O_RDWR | os.O_CREAT | os.O_EXCL


class SegmentFile:
    """The open files of a segment."""

    def __init__(self, folder: Path) -> None:
        self.writer = new_id()
        folder.mkdir(mode=0o700, exist_ok=True)  # another process may have removed it when it was still empty
        ordinal = sum(path.suffix == SEGMENT for path in folder.iterdir())
        self.header = Header(writer=self.writer, ordinal=ordinal)
        self.paths = tuple(folder / (self.writer + suffix) for suffix in (NAMES, SEALS, SEGMENT))
        self._fds: list[int] = []
        try:
            for path in self.paths:
                self._fds.append(os.open(path, _MODE, 0o600))
            self.names, self.seals, self.segment = self._fds
            # Held until the process is gone: whoever would pack the segment can tell that it is still being written.
            with suppress(OSError):
                fcntl.flock(self.segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.remove()
            raise
        self.size = 0
        self.named = 0
        self.named_bytes = 0
        self.sealed = 0

    def name(self, keys: Sequence[SeriesKey]) -> None:
        """Record the names of the series that have none in the file yet, all of them or none; OSError.

        Args:
            keys: All series of the writer, by their numbers.
        """
        raw = b"".join(name_line(number, keys[number]) for number in range(self.named, len(keys)))
        written = 0
        try:
            written = os.pwrite(self.names, raw, self.named_bytes)
        finally:
            if written < len(raw):
                os.ftruncate(self.names, self.named_bytes)
        if written < len(raw):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.named = len(keys)
        self.named_bytes += len(raw)

    def finish(self, end: int) -> None:
        """Seal what is left, cut the file off at `end` and close it; what the disk refuses is left undone."""
        with suppress(OSError):
            add_seals(self.segment, self.seals, self.sealed, end)
        with suppress(OSError):
            os.ftruncate(self.segment, end)
        self.close()

    def close(self) -> None:
        """Close the files."""
        while self._fds:
            os.close(self._fds.pop())

    def remove(self) -> None:
        """Close and delete the files."""
        self.close()
        for path in self.paths:
            path.unlink(missing_ok=True)


def add_seals(segment: int, seals: int, start: int, end: int) -> None:
    """Record the checksums of the bytes from `start` to `end`, block by block; OSError."""
    found = []
    while start < end:
        raw = os.pread(segment, min(BLOCK, end - start), start)
        found.append(Seal(start, len(raw), zlib.crc32(raw)))
        start += BLOCK
    os.lseek(seals, 0, os.SEEK_END)
    os.write(seals, seal_lines(found))
