"""Files by content: each is kept once, under the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from labdeck.errors import NotFound
from labdeck.store.contract import Defect
from labdeck.store.disk import disk_error
from labdeck.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20
_TEMPORARY = ".tmp"
_STALE = 3600.0
"""Seconds after which a temporary file must have been left by a process that died."""


@dataclass(frozen=True)
class Stored:
    """A file that is in the store.

    Attributes:
        sha256: Digest of its content, 64 lower-case hexadecimal digits: its address.
        size: Bytes.
    """

    sha256: str
    size: int


class ArtifactFiles:
    """Files of the store, addressed by content; any number of processes may put and read at the same time.

    Args:
        folder: Holds `ab/cdef…`, two digits of the address and then the rest; made when it is needed.

    Example:
        >>> import tempfile
        >>> artifacts = ArtifactFiles(Path(tempfile.mkdtemp()))
        >>> stored = artifacts.put_bytes(b"abc")
        >>> stored.size, artifacts.path(stored.sha256).read_bytes()
        (3, b'abc')
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, path: Path) -> Stored:
        """Keep a copy of a file; it is read once, piece by piece.

        Raises:
            NotFound: There is no such file, or it cannot be read.
            StoreFull: The disk is full; nothing is kept.
            StoreUnreachable: The store's folder cannot be written.
        """
        try:
            source = path.open("rb")
        except OSError as error:
            raise NotFound(f"the file {path.name!r} cannot be read: {error.strerror}") from None
        with source:
            return self._put(iter(lambda: source.read(_PIECE), b""))

    def put_bytes(self, data: bytes) -> Stored:
        """Keep bytes; StoreFull, StoreUnreachable."""
        return self._put((data,))

    def _put(self, pieces: Iterable[bytes]) -> Stored:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self._folder / (new_id() + _TEMPORARY)
            try:
                stored = _copy(pieces, temporary)
                target = self.path(stored.sha256)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                # The same content may be there: replacing it by itself is harmless, and renews it if it was damaged
                # or about to be removed as unused.
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, "the artifact cannot be kept") from None
        return stored

    def path(self, sha256: str) -> Path:
        """Return where the content of that address is, or would be.

        Raises:
            NotFound: That is no address: 64 lower-case hexadecimal digits.
        """
        if not _DIGEST.fullmatch(sha256):
            raise NotFound(f"{sha256[:80]!r} is no address of an artifact", "give 64 lower-case hexadecimal digits")
        return self._folder / sha256[:2] / sha256[2:]

    def open(self, sha256: str) -> IO[bytes]:
        """Open content for reading; NotFound."""
        try:
            return self.path(sha256).open("rb")
        except OSError:
            raise NotFound(f"there is no artifact {sha256}", "run `labdeck store check`") from None

    def digests(self) -> frozenset[str]:
        """Return the addresses of everything that is kept."""
        return frozenset(digest for digest, _ in self._files())

    def remove_unreferenced(self, keep: Collection[str], older_than: float) -> int:
        """Remove what nobody refers to.

        Args:
            keep: Addresses that are referred to.
            older_than: Only what was put before this time, in seconds since 1970-01-01 UTC: a writer puts the content
                first and records it a moment later.

        Returns:
            How many files went.
        """
        kept = frozenset(keep)
        removed = 0
        for digest, path in list(self._files()):
            with suppress(OSError):
                if digest not in kept and path.stat().st_mtime < older_than:
                    path.unlink()
                    removed += 1
        for path in self._temporaries():
            path.unlink(missing_ok=True)
        return removed

    def check(self) -> tuple[Defect, ...]:
        """Compare every file with its address; paths are relative to the folder above this one."""
        defects = []
        for digest, path in self._files():
            shown = f"{self._folder.name}/{digest[:2]}/{digest[2:]}"
            try:
                with path.open("rb") as file:
                    found = _digest(file)
            except OSError as error:
                defects.append(Defect("error", shown, f"it cannot be read: {error.strerror}", "check the disk"))
                continue
            if found != digest:
                defects.append(
                    Defect("error", shown, "its content is not what was put there", "log the artifact again")
                )
        for path in self._temporaries():
            shown = f"{self._folder.name}/{path.name}"
            defects.append(Defect("warning", shown, "its writer died", "`labdeck store gc` removes it"))
        return tuple(defects)

    def _files(self) -> Iterator[tuple[str, Path]]:
        for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            digest = path.parent.name + path.name
            if _DIGEST.fullmatch(digest):
                yield digest, path

    def _temporaries(self) -> Iterator[Path]:
        for path in self._folder.glob("*" + _TEMPORARY):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _STALE:
                    yield path


def _copy(pieces: Iterable[bytes], target: Path) -> Stored:
    digest = hashlib.sha256()
    size = 0
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as file:
        for piece in pieces:
            digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]
            size += len(piece)
    return Stored(digest.hexdigest(), size)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
