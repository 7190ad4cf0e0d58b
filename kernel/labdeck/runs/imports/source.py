"""The seam between trackers and the store: what any source yields, in our own words."""

from __future__ import annotations

import hashlib
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from typing_extensions import Self

from labdeck.runs.values import clean
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.names import MAX_NAME_BYTES
from labdeck.wire.records import ArtifactKind, Capture, TrialState

MOST_FILES = 100_000
"""Files of one run beyond which the rest is left out."""
_INT64 = 1 << 63


class BrokenRun(Exception):
    """A run that cannot be read; its text says why."""


@dataclass(frozen=True)
class Home:
    """The experiment a run belongs to.

    Attributes:
        key: What identifies it within the tracker, wherever its files lie.
        name: Its name.
        created: When it was made, seconds since 1970-01-01 UTC.
        note, tags: Free text; free keys and values.
    """

    key: str
    name: str
    created: float
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceFile:
    """A file of a run.

    Attributes:
        name: What it is called within the run.
        content: Where it is, or what is in it.
        created: When it was written.
        kind: What it was logged as.
        step: Where in the training it belongs.
    """

    name: str
    content: Path | bytes
    created: float
    kind: ArtifactKind = "file"
    step: int | None = None


@dataclass(frozen=True)
class Run:
    """One run as its tracker kept it.

    Attributes:
        key: What identifies it, wherever its files lie.
        home: Its experiment.
        name: Its name.
        state: How it ended; "running" if nothing says that it did.
        started, ended: When, in seconds since 1970-01-01 UTC; None for an unknown end.
        parent: The reference of the run it is part of.
        note, tags, params: What was recorded of it.
        series: The points of each metric in the order of logging.
        files: Its files.
        captures: What is known of its surroundings.
        doubts: What of it could not be read, one line each.
    """

    key: str
    home: Home
    name: str
    state: TrialState
    started: float
    ended: float | None = None
    parent: str | None = None
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    series: Mapping[SeriesKey, Series] = field(default_factory=dict)
    files: Sequence[SourceFile] = ()
    captures: Sequence[Capture] = ()
    doubts: Sequence[str] = ()


class Source(ABC):
    """What a tracker left on this machine; it is only ever read. A context manager.

    Attributes:
        kind: "mlflow", "tensorboard" or "wandb".
        place: Where it is, for messages.
        skipped: What was left out that belongs to no run, one line each.
    """

    kind: ClassVar[str]

    def __init__(self, place: Path) -> None:
        self.place = place
        self.skipped: list[str] = []

    @abstractmethod
    def refs(self) -> Sequence[str]:
        """Return what to call each run by in `read`, oldest first where that is known."""

    @abstractmethod
    def read(self, ref: str) -> Run:
        """Return a run.

        Raises:
            BrokenRun: It cannot be read, and why.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to release
        """Release what was opened."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def identity(kind: str, key: str) -> str:
    """Return the id that something of a tracker has in every store, so that importing it again finds it.

    Example:
        >>> identity("mlflow", "0a1b") == identity("mlflow", "0a1b") != identity("wandb", "0a1b")
        True
    """
    return hashlib.sha256(f"{kind}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def to_name(text: object, otherwise: str) -> str:
    r"""Return a name that can be stored, as near to the given one as can be.

    Example:
        >>> to_name("a\0b", "x"), to_name("  ", "x")
        ('a\ufffdb', 'x')
    """
    found = clean(text) if isinstance(text, str) else ""
    return found.encode()[:MAX_NAME_BYTES].decode(errors="ignore") if found.strip() else otherwise


def to_series(points: Iterable[tuple[int, float, float]]) -> Series:
    """Return (step, time, value) rows as a series."""
    rows = list(points)
    return Series(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.float64),
    )


def is_int64(number: object) -> bool:
    """Say whether a number can be a step."""
    return isinstance(number, int) and -_INT64 <= number < _INT64


def files_below(folder: Path, doubts: list[str], *, links: bool) -> Iterator[SourceFile]:
    """Yield the files in a folder, named by their way there.

    What is linked from elsewhere is left out unless `links`: a folder that came from somebody else could name any file
    of this machine.

    Args:
        folder: Where they are.
        doubts: Gets a line for each that is left out.
        links: Take what is linked from elsewhere, too.
    """
    root = folder.resolve()
    paths = sorted(folder.rglob("*"))
    for path in paths[:MOST_FILES]:
        name = path.relative_to(folder).as_posix()
        try:
            status = path.stat()
        except OSError as error:
            doubts.append(f"the file {shown(name)} cannot be read: {error.strerror}")
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        if not links and not path.resolve().is_relative_to(root):
            doubts.append(f"the file {shown(name)} is a link to elsewhere")
            continue
        yield SourceFile(to_name(name, "file"), path, status.st_mtime, kind_of(name))
    if len(paths) > MOST_FILES:
        doubts.append(f"it has more than {MOST_FILES:,} files")


def kind_of(name: str) -> ArtifactKind:
    """Return as what a file of that name is shown."""
    suffix = Path(name).suffix.lower()
    if suffix in {".png", ".jpg", ".jpeg", ".gif", ".webp"}:
        return "image"
    if suffix in {".wav", ".mp3", ".ogg", ".flac"}:
        return "audio"
    return "text" if suffix in {".txt", ".md", ".log"} else "file"


def shown(text: object) -> str:
    """Return something of a foreign store as a short quotation."""
    found = repr(text)
    return found if len(found) <= 80 else found[:77] + "…'"  # noqa: PLR2004
