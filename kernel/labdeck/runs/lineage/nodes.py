"""What becomes a node of the lineage, and under which id: the same content is the same node, wherever it lies."""

from __future__ import annotations

import errno
import os
import stat
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdeck.runs.lineage.suffixes import type_of
from labdeck.wire.records import LineageNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HASHED = 1 << 28
"""Bytes (256 MiB) up to which a file is known by its content; a larger one by its path, size and time."""
TELLING = 64
"""Bytes from which content alone tells a file from others.

Empty files and files with a number or a word are alike by chance: were they one node, a trial that read one of them
would seem to come from every trial that wrote another. Their path counts as well.
"""
LISTED = 100_000
"""Files of a folder that are looked at."""
_PIECE = 1 << 20
_READING = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def identity(*parts: str) -> str:
    """Return the id that follows from some texts.

    Example:
        >>> identity("uri", "s3://bucket/digits.csv")
        '8a5cc57496d6e3b6974194db64b54e20'
    """
    return digest_of([part.encode("utf-8", "surrogateescape") + b"\0" for part in parts])[:32]


def content_id(digest: str) -> str:
    """Return the id of a file whose SHA-256 is known."""
    return digest[:32]


def shown(path: str) -> str:
    """Return a path as text that can be kept: names of files are bytes, not all of which are text."""
    return path.encode("utf-8", "replace").decode()


def signature(path: str) -> tuple[int, ...] | None:
    """Return what changes when a file or folder does: device, number, size, time; None if it is neither."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for each file a trial opens
    except (OSError, ValueError):
        return None
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def path_node(path: str, *, writing: bool = False, name: str | None = None, kind: str | None = None) -> LineageNode:
    """Return the node of a file or folder; OSError if it is neither or cannot be read."""
    status = os.stat(path)  # noqa: PTH116
    found = _folder(path) if stat.S_ISDIR(status.st_mode) else _file(path, status)
    return LineageNode(
        id=found["id"],
        kind="artifact",
        type=type_of(path, writing=writing) if kind is None else kind,
        name=Path(shown(path)).name if name is None else name,
        uri=shown(path),
        digest=found.get("digest", ""),
        properties={key: value for key, value in found.items() if key not in {"id", "digest"}},
        created=time.time(),
    )


def _file(path: str, status: os.stat_result) -> dict[str, str]:
    _check_regular(path, status)  # before it is opened: to open a pipe already takes from what it carries
    size = str(status.st_size)
    if status.st_size <= HASHED:
        digest = _digest(path, status.st_size, status.st_mtime_ns, status.st_ino)
        if status.st_size >= TELLING:
            return {"id": content_id(digest), "digest": digest, "size": size}
        return {
            "id": identity("file", path, digest),
            "digest": digest,
            "size": size,
            "identity": "path and content: too small to be told by its content",
        }
    return {
        "id": identity("file", path, size, str(status.st_mtime_ns)),
        "size": size,
        "identity": "path, size and time: too large to be read",
    }


@lru_cache(maxsize=1024)
def _digest(path: str, size: int, changed: int, number: int) -> str:  # noqa: ARG001 - they say whether it is the same
    """Return the SHA-256 of a file, read once as long as it stays the same."""
    import hashlib

    digest = hashlib.sha256()
    with os.fdopen(os.open(path, _READING), "rb", buffering=0) as file:  # never waits, whatever lies there by now
        _check_regular(path, os.fstat(file.fileno()))
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _check_regular(path: str, status: os.stat_result) -> None:
    """Refuse pipes, devices and sockets: who reads them takes from the program what it is to read itself."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is neither a file nor a folder", path)


def _folder(path: str) -> dict[str, str]:
    """Know a folder by the names and sizes of its files: a copy of it elsewhere is the same."""
    import hashlib

    digest, files, size = hashlib.sha256(), 0, 0
    for name, length in _listing(path):
        digest.update(f"{name}\0{length}\0".encode("utf-8", "surrogateescape"))
        files += 1
        size += length
        if files == LISTED:
            break
    known = {"files": f"{files}" if files < LISTED else f"{files} or more", "size": str(size)}
    if not files:  # there are many of them, and they have nothing to do with each other
        return {"id": identity("folder", path, digest.hexdigest()), **known, "identity": "path: it is empty"}
    return {"id": identity("folder", digest.hexdigest()), **known, "identity": "names and sizes of its files"}


def _listing(path: str) -> Iterator[tuple[str, int]]:
    """Yield the files below a folder in an order that is the same everywhere."""
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            full = os.path.join(folder, name)  # noqa: PTH118
            found = signature(full)
            if found is not None and not name.startswith("."):
                yield os.path.relpath(full, path), found[2]


def address_node(address: str, name: str | None = None, kind: str | None = None) -> LineageNode:
    """Return the node of a URL; what may be secret in it (user, password, query) is left out.

    Example:
        >>> address_node("https://me:pw@example.org/iris.csv?key=1").uri
        'https://example.org/iris.csv'
    """
    from urllib.parse import urlsplit, urlunsplit

    split = urlsplit(shown(address))
    host = split.netloc.rpartition("@")[2]
    uri = urlunsplit((split.scheme, host, split.path, "", ""))
    return LineageNode(
        id=identity("uri", uri),
        kind="artifact",
        type=type_of(split.path, writing=False) if kind is None else kind,
        name=(split.path.rstrip("/").rpartition("/")[2] or host) if name is None else name,
        uri=uri,
        created=time.time(),
    )


def content_of(value: Any) -> Iterable[bytes] | None:
    """Return what tells an object's content from others': arrays, tables, tensors and bytes have one; else None."""
    if isinstance(value, bytes | bytearray | memoryview):
        return (bytes(value),)
    module = type(value).__module__.partition(".")[0]
    if module == "pandas":
        return _table_content(value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a tensor of torch
        value = value.detach().cpu()
    if module in {"numpy", "torch"} and hasattr(value, "__array__"):
        import numpy as np

        array = np.ascontiguousarray(value)
        if array.dtype.hasobject:
            return None
        return f"{array.dtype.str}{array.shape}".encode(), array.tobytes()
    return None


def _table_content(value: Any) -> Iterable[bytes] | None:
    import pandas as pd

    if not isinstance(value, pd.DataFrame | pd.Series):
        return None
    names = [str(value.name)] if isinstance(value, pd.Series) else [str(column) for column in value.columns]
    return "\0".join(names).encode(), pd.util.hash_pandas_object(value).to_numpy().tobytes()


def digest_of(content: Iterable[bytes]) -> str:
    """Return the SHA-256 of some pieces."""
    import hashlib

    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def existing_path(text: str) -> str | None:
    """Return the absolute path of a file or folder that exists, else None."""
    try:
        path = Path(text).expanduser()
        return os.path.abspath(path) if path.exists() else None  # noqa: PTH100 - links stay what they are called
    except (OSError, ValueError, RuntimeError):
        return None
