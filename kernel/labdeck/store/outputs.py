r"""What was printed while trials ran: a folder per trial.

`lines.log`
    One line per line that was printed: seconds since 1970-01-01 UTC, a tab, "o" for standard output or "e" for standard
    error, a tab, the text in UTF-8. Every process that writes the trial appends to it, each line by one `write`, which
    the system does not mix with that of another; so lines have one order and numbers that stay. What SIGKILL leaves is
    whole; the end of a line that the disk cut off is left out, and the next line starts anew. Beyond `LIMIT` bytes a
    last line, marked "c", says that the rest is lost.
`<id>.live`
    The lines that one process has begun and not ended, a progress bar say, in the same form; held while it lives. Who
    resumes the trial takes over what a dead process left in there.

Nothing here raises into a training: what the disk refuses is dropped, and said once.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from labdeck.errors import NotFound
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id, new_id
from labdeck.store.locks import is_held, try_hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdeck.wire.recording import OutputPage, Stream

LINES = "lines.log"
LIVE = ".live"
LIMIT = 32 << 20
"""Most bytes of output that are kept of a trial."""
LONGEST = 10_000
"""Most characters of a line; the rest is cut and marked with "…"."""
CUT = "the rest of the output is not kept: it is longer than 32 MiB"
_LETTERS: dict[Stream, str] = {"stdout": "o", "stderr": "e"}

_log = logging.getLogger("labdeck.store")
_writers: weakref.WeakSet[OutputWriter] = weakref.WeakSet()


class Printed(NamedTuple):
    """A line on its way to the store.

    Attributes:
        time: When it was finished, or last changed; seconds since 1970-01-01 UTC.
        stream: Where it was printed.
        text: What it says; holds no line feed.
    """

    time: float
    stream: Stream
    text: str


class OutputFiles:
    """The output of trials; any number of processes may write and read at the same time.

    Args:
        folder: Holds one folder per trial, named by the trial's id; made when it is needed.

    Example:
        >>> import tempfile
        >>> outputs, trial_id = OutputFiles(Path(tempfile.mkdtemp())), new_id()
        >>> writer = outputs.writer(trial_id)
        >>> writer.add([Printed(1.0, "stdout", "epoch 1")])
        >>> [line.text for line in outputs.read(trial_id).lines]
        ['epoch 1']
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def writer(self, trial_id: str) -> OutputWriter:
        """Return a new writer for a trial; it makes files with the first line. NotFound if the id is none."""
        if not is_id(trial_id):
            raise NotFound(f"{trial_id!r} is no trial's id")
        return OutputWriter(self._folder / trial_id)

    def read(self, trial_id: str, after: int = 0, limit: int = 1000, search: str = "") -> OutputPage:
        """Return lines of a trial's output; none for an unknown trial.

        Args:
            trial_id: The trial.
            after: Only lines with a higher number; a negative one counts from the end: -10 asks for the last ten.
            limit: Most lines to return, those still being printed aside.
            search: Only lines that hold this text, in whatever case.

        Raises:
            StoreUnreachable: The file cannot be read.
        """
        from labdeck.store.output_lines import Lines
        from labdeck.wire.recording import OutputPage

        lines = Lines(_read(self.path(trial_id)))
        found = lines.holding(search)
        start = max(len(found) + after, 0) if after < 0 else int(found.searchsorted(after))
        chosen = [lines.record(int(at)) for at in found[start : start + limit]]
        if start + limit >= len(found):
            begun = Lines(b"".join(_read(path) for path in sorted(self.path(trial_id).parent.glob("*" + LIVE))))
            chosen += [begun.record(int(at), len(lines), finished=False) for at in begun.holding(search)]
        return OutputPage(total=len(lines), found=len(found), cut=lines.is_cut(), lines=tuple(chosen))

    def path(self, trial_id: str) -> Path:
        """Return where a trial's lines are, or would be; NotFound if the id is none."""
        if not is_id(trial_id):
            raise NotFound(f"{trial_id!r} is no trial's id")
        return self._folder / trial_id / LINES

    def size(self, trial_id: str) -> int:
        """Return the bytes of a trial's lines; 0 for an unknown trial."""
        try:
            return self.path(trial_id).stat().st_size
        except OSError:
            return 0

    def trial_ids(self) -> frozenset[str]:
        """Return the ids of trials that have output here."""
        try:
            with os.scandir(self._folder) as entries:
                return frozenset(entry.name for entry in entries if is_id(entry.name))
        except FileNotFoundError:
            return frozenset()

    def remove(self, trial_ids: Iterable[str]) -> None:
        """Remove the output of these trials; StoreUnreachable."""
        import shutil  # as slow to import as everything that a first log call needs

        for trial_id in filter(is_id, trial_ids):
            try:
                shutil.rmtree(self._folder / trial_id)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise disk_error(error, "the output of a trial cannot be removed") from None


class OutputWriter:
    """Appends what one process prints to a trial's output; used by one thread at a time.

    Args:
        folder: The trial's folder; made with the first line.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: int | None = None
        self._live: int | None = None
        self._id = new_id()
        self._shown: list[tuple[Stream, str]] = []
        self._torn = False
        self._is_cut = False
        self._warned = False
        _writers.add(self)

    def add(self, lines: Sequence[Printed]) -> None:
        """Append lines that were finished; safe against SIGKILL when it returns. What the disk refuses is dropped."""
        if not lines or self._is_cut:
            return
        try:
            if self._lines is None:
                self._lines = self._open()
            self._append(self._lines, b"".join(map(_line, lines)))
        except OSError as error:
            self._warn(error)

    def show(self, lines: Sequence[Printed]) -> bool:
        """Say which lines have been begun and not finished, in place of those said before; whether they are others."""
        data = b"".join(map(_line, lines))
        texts = [(line.stream, line.text) for line in lines]
        if texts == self._shown:
            return False
        self._shown = texts
        try:
            if self._live is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
                self._live = os.open(self._folder / (self._id + LIVE), flags, 0o600)
                try_hold(self._live)
            os.pwrite(self._live, data, 0)
            os.ftruncate(self._live, len(data))
        except OSError as error:
            self._warn(error)
        return True

    def close(self) -> None:
        """Release the files; what was begun and not finished is forgotten."""
        self._release()
        with suppress(OSError):
            (self._folder / (self._id + LIVE)).unlink(missing_ok=True)

    def _open(self) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._folder / LINES, flags, 0o600)
        size = os.fstat(fd).st_size
        self._torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        for path in self._folder.glob("*" + LIVE):
            if path.stem != self._id and not is_held(path) and (begun := _read(path)):
                self._append(fd, begun)
                path.unlink(missing_ok=True)
        return fd

    def _append(self, fd: int, data: bytes) -> None:
        if os.fstat(fd).st_size + len(data) > LIMIT:
            data, self._is_cut = _cut_line(fd), True
        if self._torn:
            data = b"\n" + data
        self._torn = os.write(fd, data) < len(data)

    def _warn(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        text = f"what is printed cannot be kept: {error.strerror}; training goes on"
        _log.info("%s", text)
        with suppress(UserWarning):  # turned into an error it would stop the training
            warnings.warn(f"Labdeck: {text}", UserWarning, stacklevel=2)

    def _release(self) -> None:
        for fd in (self._lines, self._live):
            if fd is not None:
                os.close(fd)
        self._lines = self._live = None

    def __del__(self) -> None:
        with suppress(Exception):
            self._release()

    def _after_fork(self) -> None:
        """In the child: lines go to the same file, what is begun to one of its own."""
        with suppress(OSError):
            self._release()
        self._id = new_id()
        self._shown = []


def _line(printed: Printed) -> bytes:
    text = printed.text if len(printed.text) <= LONGEST else printed.text[: LONGEST - 1] + "…"
    return f"{printed.time:.3f}\t{_LETTERS[printed.stream]}\t{text}\n".encode("utf-8", "backslashreplace")


def _cut_line(fd: int) -> bytes:
    """Return the line that says that the rest is lost; nothing if another process has said so."""
    size = os.fstat(fd).st_size
    tail = os.pread(fd, 200, max(size - 200, 0))
    return b"" if f"\tc\t{CUT}\n".encode() in tail else f"{time.time():.3f}\tc\t{CUT}\n".encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise disk_error(error, "the output of a trial cannot be read") from None


def _after_fork() -> None:
    for writer in list(_writers):
        writer._after_fork()  # noqa: SLF001 - the hook of the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
