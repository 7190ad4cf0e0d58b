"""The tensors of all trials: one folder a trial."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from labdeck.errors import NotFound
from labdeck.store.contract import Defect
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id
from labdeck.store.tensors.frames import SIZE, is_unfinished, scan
from labdeck.store.tensors.reader import RecordingReader, TensorReader, recording_path
from labdeck.store.tensors.writer import ARRAY_FILE, FLIGHT, ROWS, TensorWriter


class TensorFiles:
    """Tensors of trials; any number of processes may write and read at the same time.

    Args:
        folder: Holds one folder per trial, named by its id; made when it is needed.

    Example:
        >>> import tempfile, numpy as np
        >>> from labdeck.store.ids import new_id
        >>> from labdeck.store.tensors.frames import Moment
        >>> from labdeck.store.tensors.layout import TensorInfo, make_layout
        >>> tensors, trial_id = TensorFiles(Path(tempfile.mkdtemp())), new_id()
        >>> layout = make_layout([(TensorInfo("loss"), ("value",))])
        >>> writer = tensors.writer(trial_id)
        >>> for step in range(3):
        ...     writer.row(layout, Moment("TRAIN", step, step, float(step)), np.array([1 / (step + 1)]))
        >>> tensors.reader(trial_id).series("loss", "value").values.round(2).tolist()
        [1.0, 0.5, 0.33]
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def writer(self, trial_id: str) -> TensorWriter:
        """Return a new writer for a trial; nothing is made before it writes. NotFound for what is no id."""
        return TensorWriter(self._trial(trial_id))

    def reader(self, trial_id: str) -> TensorReader:
        """Return a reader of a trial; one without tensors has none. NotFound for what is no id."""
        return TensorReader(self._trial(trial_id))

    def recordings(self, trial_id: str) -> tuple[str, ...]:
        """Return the ids of a trial's flight recordings, oldest first."""
        with suppress(OSError), os.scandir(self._trial(trial_id)) as entries:
            names = sorted(entry.name.removesuffix(FLIGHT) for entry in entries if entry.name.endswith(FLIGHT))
            return tuple(name for name in names if is_id(name))
        return ()

    def recording(self, trial_id: str, recording_id: str) -> RecordingReader:
        """Return a reader of a flight recording; NotFound."""
        path = recording_path(self._trial(trial_id), recording_id)
        if not is_id(recording_id) or not path.is_file():
            raise NotFound(f"there is no flight recording {recording_id[:80]!r}", "list them with recordings()")
        return RecordingReader(path)

    def remove(self, trial_ids: Iterable[str]) -> None:
        """Remove all tensors of these trials; StoreUnreachable."""
        for trial_id in filter(is_id, trial_ids):
            try:
                shutil.rmtree(self._folder / trial_id)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise disk_error(error, "the tensors of a trial cannot be removed") from None

    def trial_ids(self) -> frozenset[str]:
        """Return the ids of trials that have tensors here."""
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            return frozenset(entry.name for entry in entries if is_id(entry.name))
        return frozenset()

    def check(self, trial_id: str) -> tuple[Defect, ...]:
        """Verify every frame of a trial's files; paths are relative to the folder above `folder`."""
        defects: list[Defect] = []
        for path in sorted(self._trial(trial_id).glob("*")):
            shown = f"{self._folder.name}/{trial_id}/{path.name}"
            if path.suffix not in (ROWS, ARRAY_FILE, FLIGHT):
                defects.append(Defect("warning", shown, "its writer died or is at work", "nothing; it is ignored"))
                continue
            defects += _defects(path, shown)
        return tuple(defects)

    def _trial(self, trial_id: str) -> Path:
        if not is_id(trial_id):
            raise NotFound(f"{trial_id[:80]!r} is no trial's id")
        return self._folder / trial_id


def _defects(path: Path, shown: str) -> list[Defect]:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                return []
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                return _examine(data, size, shown)
    except OSError as error:
        return [Defect("error", shown, f"it cannot be read: {error}", "restore it from a backup")]


def _examine(data: mmap.mmap, size: int, shown: str) -> list[Defect]:
    end, damaged = 0, 0
    for frame in scan(data, 0):
        damaged += frame.start - SIZE - end
        end = frame.start + frame.length
    found = []
    if size > end and is_unfinished(data, end):
        found.append(Defect("warning", shown, "it ends in a record that was not finished", "nothing; it is ignored"))
    else:
        damaged += size - end
    if damaged:
        what = f"{damaged:,} bytes of it are damaged"
        found.insert(0, Defect("error", shown, what, "restore it from a backup; the rest is read"))
    return found
