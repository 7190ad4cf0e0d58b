"""Reads files of a folder that comes from elsewhere, and none outside of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labdeck.compat.smdebug.exceptions import SMDebugValueError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not make us wait


class Within:
    """A folder whose names are not trusted: a link below it is never followed, and only regular files are read.

    Args:
        folder: The folder; it may be reached through links.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str, most: int, start: int = 0, length: int | None = None) -> bytes:
        """Return a file, or a part of it.

        Args:
            name: The parts of its path with "/" between them.
            most: Bytes that are accepted.
            start: The byte at which the part begins.
            length: How many bytes; default all that follow.

        Raises:
            SMDebugValueError: It leads out of the folder, is no regular file, or has not that many bytes.
            OSError: It cannot be read.
        """
        with self._opened(name, _FILE) as file:
            found = os.fstat(file)
            wanted = found.st_size - start if length is None else length
            if not stat.S_ISREG(found.st_mode):
                raise SMDebugValueError(f"{name} is no file", "only regular files are read")
            if not (0 <= start <= found.st_size and 0 <= wanted <= min(most, found.st_size - start)):
                raise SMDebugValueError(f"{name} has not the {wanted:,} bytes that were asked for, or too many of them")
            return _read(file, start, wanted)

    def names(self, name: str = "") -> list[str]:
        """Return the names in a folder below, sorted, links and hidden ones left out; none where it is not there."""
        with suppress(OSError, SMDebugValueError), self._opened(name, _FOLDER) as folder, os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not (entry.name.startswith(".") or entry.is_symlink()))
        return []

    def sign(self, name: str) -> tuple[int, int] | None:
        """Return what changes when a file does; None when there is no regular one."""
        with suppress(OSError, SMDebugValueError), self._opened(name, _FILE) as file:
            found = os.fstat(file)
            if stat.S_ISREG(found.st_mode):
                return found.st_mtime_ns, found.st_size
        return None

    @contextmanager
    def _opened(self, name: str, flags: int) -> Iterator[int]:
        parts = name.split("/") if name else []
        if "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise SMDebugValueError(f"{name!r} leads out of the folder")
        held = [os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                held.append(os.open(part, flags if last else _FOLDER, dir_fd=held[-1]))
            yield held[-1]
        finally:
            for one in held:
                os.close(one)


def _read(file: int, start: int, length: int) -> bytes:
    pieces = []
    while length and (piece := os.pread(file, length, start)):
        pieces.append(piece)
        start, length = start + len(piece), length - len(piece)
    if length:
        raise SMDebugValueError("a file has become shorter while it was read")
    return b"".join(pieces)
