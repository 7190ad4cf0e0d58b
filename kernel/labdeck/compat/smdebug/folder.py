"""Reads the folder that smdebug's hook has written.

    out_dir/
      collections/000000000/worker_0_collections.json      what belongs together, and how many workers there are
      index/000000000/000000000005_worker_0.json           what was saved at a step, and where it stands
      events/000000000005/000000000005_worker_0.tfevents   the values
      training_job_end.ts                                  nothing will be added

Nothing in it is trusted: see `within` and `records`. What is damaged is left out and named in `doubts`.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.exceptions import IndexReaderException, SMDebugError, TensorUnavailableForStep
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.records import read_tensors
from labdeck.compat.smdebug.reductions import REDUCTIONS_PREFIX, reverse_reduction_tensor_name
from labdeck.compat.smdebug.source import Batch, Source
from labdeck.compat.smdebug.within import Within

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

END_FILES = ("training_job_end.ts", "END_OF_JOB.ts")
_INDEX = re.compile(r"(\d{1,18})_(.{1,200})\.json")
_COLLECTIONS = re.compile(r"(.{1,200})_collections(?:_\d+)?\.json")
_EVENTS = re.compile(r"events/[^/]{1,200}/[^/]{1,250}")
_MOST_JSON = 64 << 20
_MOST_TENSOR = 1 << 31
"""A message of this kind cannot be longer."""
_MOST_DOUBTS = 100
_INT64 = 1 << 63
_LOOK_AGAIN = 0.05
"""Seconds between two looks into the folder of a training that goes on."""


@dataclass(frozen=True)
class _Place:
    start: int
    length: int
    name: str


@dataclass
class _Saved:
    """What the index of a step says of one tensor."""

    whole: _Place | None = None
    reductions: dict[tuple[str, bool], _Place] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None


class _FolderBatch(Batch):
    """One index file."""

    def __init__(self, source: FolderSource, file: str, when: tuple[ModeKeys, int, int, str]) -> None:
        super().__init__(*when)
        self.saved: dict[str, _Saved] = {}
        self._source = source
        self._file = file

    @property
    def names(self) -> dict[str, _Saved]:
        return self.saved

    def reductions(self, tensor: str) -> tuple[tuple[str, bool], ...]:
        return tuple(self.saved[tensor].reductions)

    def shape(self, tensor: str) -> tuple[int, ...] | None:
        return self.saved[tensor].shape

    def has_value(self, tensor: str) -> bool:
        return self.saved[tensor].whole is not None

    def value(self, tensor: str) -> NDArray[Any]:
        return self._read(tensor, self.saved[tensor].whole)

    def reduction(self, tensor: str, name: str, absolute: bool) -> Any:
        return self._read(tensor, self.saved[tensor].reductions.get((name, absolute)))

    def _read(self, tensor: str, place: _Place | None) -> NDArray[Any]:
        found = None if place is None else self._source.read(self._file, place.start, place.length, place.name)
        if found is None:
            raise TensorUnavailableForStep(tensor, self.mode_step, self.mode)
        return found

    def add(self, name: str, place: _Place) -> None:
        """Note where a tensor or a reduction stands; SMDebugValueError for a reduction of nothing."""
        if name.startswith(REDUCTIONS_PREFIX):
            tensor, reduction, absolute = reverse_reduction_tensor_name(name)
            self.saved.setdefault(tensor, _Saved()).reductions[reduction, absolute] = place
        else:
            self.saved.setdefault(name, _Saved()).whole = place


class FolderSource(Source):
    """A folder of smdebug's.

    Args:
        folder: The `out_dir` of the hook that wrote it.

    Attributes:
        doubts: What could not be read and why, at most 100 of them.
    """

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        self.doubts: list[str] = []
        self._files = Within(folder)
        self._read: dict[str, tuple[int, int] | None] = {}
        self._collections: dict[str, Collection] = {}
        self._workers: set[str] = set()
        self._count = 1
        self._load_collections()

    def news(self) -> list[Batch]:
        """Return what the index files say that were not read yet; a damaged one is read again when it changes."""
        self._load_collections()
        found: list[Batch] = []
        for folder in self._files.names("index"):
            for name in self._files.names(f"index/{folder}"):
                parts = _INDEX.fullmatch(name)
                if parts and self._is_new(path := f"index/{folder}/{name}", once=True):
                    with self._doubting(path):
                        found.append(self._batch(path, int(parts[1]), _worker(parts[2])))
        return sorted(found, key=lambda batch: batch.global_step)

    def read(self, file: str, start: int, length: int, name: str) -> NDArray[Any] | None:
        """Return the tensor of that name in a part of a file; None when it is not there."""
        with self._doubting(file):
            for event in read_tensors(self._files.read(file, _MOST_TENSOR, start, length)):
                if event.name == name:
                    return event.value
        return None

    def collections(self) -> dict[str, Collection]:
        """Return the collections that the hook had."""
        return self._collections

    def workers(self) -> set[str]:
        """Return the workers that have left their collections, and those that have saved a step."""
        return self._workers

    def worker_count(self) -> int:
        """Return how many workers the hook has said there are."""
        return self._count

    def has_ended(self) -> bool:
        """Tell whether the hook has left its mark at the end."""
        return any(self._files.sign(name) for name in END_FILES)

    def wait(self, seconds: float) -> None:
        """Return at the next change of the folders; files of another process send no word, so it looks."""
        until, before = time.monotonic() + seconds, self._sight()
        while time.monotonic() < until and self._sight() == before:
            time.sleep(min(_LOOK_AGAIN, seconds))

    def _sight(self) -> tuple[object, ...]:
        folders = self._files.names("index")
        newest = self._files.names(f"index/{folders[-1]}") if folders else []
        return len(folders), len(newest), self.has_ended()

    def _load_collections(self) -> None:
        for folder in self._files.names("collections"):
            for name in self._files.names(f"collections/{folder}"):
                found = _COLLECTIONS.fullmatch(name)
                if found and self._is_new(path := f"collections/{folder}/{name}", once=False):
                    with self._doubting(path):
                        self._take_collections(self._json(path))
                        self._workers.add(_worker(found[1]))

    def _is_new(self, path: str, *, once: bool) -> bool:
        """Tell whether a file is to be read; with `once` one that was read well is not looked at again."""
        if once and path in self._read and self._read[path] is None:
            return False
        sign = self._files.sign(path)
        if sign is None or self._read.get(path) == sign:
            return False
        self._read[path] = sign
        return True

    def _take_collections(self, content: dict[str, Any]) -> None:
        meta = content.get("_meta")
        count = meta.get("num_workers") if isinstance(meta, dict) else None
        if isinstance(count, int) and 0 < count <= 1 << 16:
            self._count = max(self._count, count)
        described = content.get("collections")
        for name, one in (described if isinstance(described, dict) else {}).items():
            try:
                collection = Collection.from_dict(one)
            except (SMDebugError, TypeError, AttributeError, ValueError) as error:
                self._doubt(f"the collection {name[:80]!r}: {error}")
                continue
            known = self._collections.get(name)
            if known is not None:
                collection.tensor_names |= known.tensor_names
            self._collections[name] = collection

    def _batch(self, path: str, step: int, worker: str) -> _FolderBatch:
        content = self._json(path)
        meta = content.get("meta")
        if not isinstance(meta, dict) or not isinstance(content.get("tensor_payload"), list):
            raise IndexReaderException("it is no index of tensors")
        mode = ModeKeys.__members__.get(str(meta.get("mode")).strip())
        mode_step = meta.get("mode_step")
        file = meta.get("event_file_name")
        if mode is None or not _is_count(mode_step) or not isinstance(file, str):
            raise IndexReaderException("it names no mode, no step or no file")
        if not _EVENTS.fullmatch(file):
            raise IndexReaderException(f"{file[:80]!r} is no file of events")
        batch = _FolderBatch(self, file, (mode, mode_step, step, worker))
        for entry in content["tensor_payload"]:
            with self._doubting(path):
                _take_tensor(batch, entry)
        shapes = content.get("shape_payload")
        for entry in shapes if isinstance(shapes, list) else []:
            with self._doubting(path):
                _take_shape(batch, entry)
        self._workers.add(worker)
        self._read[path] = None
        return batch

    def _json(self, path: str) -> dict[str, Any]:
        content = json.loads(self._files.read(path, _MOST_JSON))
        if not isinstance(content, dict):
            raise IndexReaderException("it is no object")
        return content

    def _doubting(self, path: str) -> _Doubting:
        return _Doubting(self, path)

    def _doubt(self, what: str) -> None:
        if len(self.doubts) < _MOST_DOUBTS:
            self.doubts.append(what)


class _Doubting:
    """Turns what a damaged file does into a line of `doubts`."""

    def __init__(self, source: FolderSource, path: str) -> None:
        self._source, self._path = source, path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Note the error."""
        is_damage = isinstance(error, (SMDebugError, OSError, ValueError, RecursionError))
        if is_damage:
            self._source._doubt(f"{self._path}: {error}")  # noqa: SLF001 - it is a part of it
        return is_damage


def _take_tensor(batch: _FolderBatch, entry: Any) -> None:
    known = entry if isinstance(entry, dict) else {}
    name, start, length = known.get("tensorname"), known.get("start_idx"), known.get("length")
    if not isinstance(name, str) or not name or not (_is_count(start) and _is_count(length)):
        raise IndexReaderException("an entry of it names no tensor or no place")
    batch.add(name, _Place(start, length, name))


def _take_shape(batch: _FolderBatch, entry: Any) -> None:
    known = entry if isinstance(entry, dict) else {}
    name, shape = known.get("tensorname"), known.get("shape")
    if not isinstance(name, str) or not name or not isinstance(shape, list) or not all(map(_is_count, shape)):
        raise IndexReaderException("an entry of it has no shape")
    batch.saved.setdefault(name, _Saved()).shape = tuple(shape)


def is_folder_of_smdebug(folder: Path) -> bool:
    """Tell whether a hook of smdebug has written here."""
    files = Within(folder)
    return bool(files.names("collections") or files.names("index") or files.names("events"))


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _INT64


def _worker(written: str) -> str:
    """Return a worker's name; those that are devices stand with other separators in names of files."""
    return written.replace("_", "/").replace("-", ":") if written.startswith("_job-") else written
