"""Full arrays: safetensors files, one per step and batch, written in the background."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import queue
import re
import shutil
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, TensorSpec, safe_open, serialize_file

from labdeck.errors import InvalidName, NotFound, StoreError, StoreUnreachable, TrialClosed, UsageError
from labdeck.store.contract import Defect
from labdeck.store.disk import disk_error
from labdeck.store.ids import is_id
from labdeck.store.names import check_name

Tensors = Mapping[str, Any]
"""Names to arrays of numpy or tensors of torch, on any device."""

_SUFFIX = ".safetensors"
_TEMPORARY = ".tmp"
_RESERVED = "__metadata__"
_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_DTYPES = _INTEGERS | {"bool", "float16", "bfloat16", "float32", "float64", "complex64"}
_OS_ERROR = re.compile(r"os error (\d+)")
_batches = itertools.count(time.time_ns())
"""Orders what one process writes, whatever the clock does; a process that begins later begins higher."""
_log = logging.getLogger("labdeck.store")


class TensorFiles:
    """Full arrays of trials; any number of processes may write and read at the same time.

    Args:
        folder: Holds one folder per trial, named by its id; made when it is needed.

    Example:
        >>> import tempfile
        >>> from labdeck.store.ids import new_id
        >>> tensors, trial_id = TensorFiles(Path(tempfile.mkdtemp())), new_id()
        >>> tensors.write(trial_id, 3, {"weight": np.ones((2, 2))})
        >>> tensors.steps(trial_id), tensors.read(trial_id, "weight", 3).sum()
        ((3,), np.float64(4.0))
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, trial_id: str, step: int, tensors: Tensors, component: str = "") -> None:
        """Keep arrays of one step; what was kept of that step before stays, arrays of the same name are replaced.

        Args:
            trial_id: The trial.
            step: int64.
            tensors: Names to arrays of numpy or torch: booleans, integers, floats (float16 and bfloat16 included),
                complex64; any shape, zero sizes included, any memory layout.
            component: The component they belong to, "" for the trial itself.

        Raises:
            UsageError: Something that is no such array.
            InvalidName: A name that cannot be stored.
            StoreFull, StoreUnreachable: The disk does not take it; nothing is kept.
        """
        self.write_copied(trial_id, step, copy_tensors(tensors), component)

    def write_copied(self, trial_id: str, step: int, tensors: Tensors, component: str = "") -> None:
        """Keep arrays that come from `copy_tensors`; see `write`."""
        folder = self._trial(trial_id)
        name = f"{step}.{_digest(component)}.{next(_batches):016x}{os.urandom(8).hex()}"
        temporary = folder / (name + _TEMPORARY)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                specs = {key: _spec(value) for key, value in tensors.items()}
                serialize_file(specs, temporary, metadata={"component": component, "step": str(step)})
                temporary.chmod(0o600)
                temporary.rename(folder / (name + _SUFFIX))
            finally:
                temporary.unlink(missing_ok=True)
        except SafetensorError as error:
            raise disk_error(_system_error(error), "the tensors cannot be kept") from None
        except OSError as error:
            raise disk_error(error, "the tensors cannot be kept") from None

    def steps(self, trial_id: str, component: str = "") -> tuple[int, ...]:
        """Return the steps of which arrays are kept, in rising order."""
        return tuple(sorted({step for step, _ in self._files(trial_id, component)}))

    def names(self, trial_id: str, step: int, component: str = "") -> tuple[str, ...]:
        """Return the names of the arrays of a step, sorted."""
        found: set[str] = set()
        for path in self._of_step(trial_id, step, component):
            with suppress(OSError, SafetensorError), safe_open(path, framework="np") as file:
                found.update(file.keys())
        return tuple(sorted(found))

    def read(self, trial_id: str, name: str, step: int, component: str = "") -> NDArray[Any]:
        """Return one array, without reading the others; bfloat16, which numpy has not, comes as float32.

        Raises:
            NotFound: No such array is kept.
        """
        for path in self._of_step(trial_id, step, component):
            with suppress(OSError, SafetensorError), safe_open(path, framework="np") as file:
                if name in file.keys():  # noqa: SIM118 - it is no mapping
                    if file.get_slice(name).get_dtype() == "BF16":
                        return _read_bfloat16(path, name)
                    array: NDArray[Any] = file.get_tensor(name)
                    return array
        raise NotFound(f"there is no tensor {name!r} at step {step}", "list them with names()")

    def remove(self, trial_ids: Iterable[str]) -> None:
        """Remove all arrays of these trials; StoreUnreachable."""
        for trial_id in filter(is_id, trial_ids):
            try:
                shutil.rmtree(self._folder / trial_id)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise disk_error(error, "the tensors of a trial cannot be removed") from None

    def trial_ids(self) -> frozenset[str]:
        """Return the ids of trials that have arrays here."""
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            return frozenset(entry.name for entry in entries if is_id(entry.name))
        return frozenset()

    def check(self, trial_id: str) -> tuple[Defect, ...]:
        """Verify that every file of a trial is whole; paths are relative to the folder above `folder`."""
        defects = []
        for path in sorted(self._trial(trial_id).glob("*")):
            shown = f"{self._folder.name}/{trial_id}/{path.name}"
            if path.suffix == _TEMPORARY:
                defects.append(Defect("warning", shown, "its writer died or is at work", "nothing; it is ignored"))
                continue
            try:
                with safe_open(path, framework="np") as file:
                    file.keys()
            except (OSError, SafetensorError) as error:
                defects.append(Defect("error", shown, f"it cannot be read: {error}", "restore it from a backup"))
        return tuple(defects)

    def _trial(self, trial_id: str) -> Path:
        if not is_id(trial_id):
            raise NotFound(f"{trial_id[:80]!r} is no trial's id")
        return self._folder / trial_id

    def _files(self, trial_id: str, component: str) -> list[tuple[int, Path]]:
        """Return step and path of every file of a component, the newest of a step last."""
        wanted = _digest(component)
        found = []
        with suppress(FileNotFoundError), os.scandir(self._trial(trial_id)) as entries:
            for entry in entries:
                parts = entry.name.split(".")
                if entry.name.endswith(_SUFFIX) and parts[1] == wanted:
                    found.append((int(parts[0]), Path(entry.path)))
        return sorted(found)

    def _of_step(self, trial_id: str, step: int, component: str) -> list[Path]:
        return [path for found, path in reversed(self._files(trial_id, component)) if found == step]


def copy_tensors(tensors: Tensors) -> dict[str, Any]:
    """Return copies, in the main memory and laid out row by row; the originals may change from then on.

    Raises:
        UsageError: Something that is no array of numpy or torch, or of a type that cannot be kept.
        InvalidName: A name that cannot be stored.
    """
    copies = {}
    for name, value in tensors.items():
        check_name(name, "tensor")
        if name == _RESERVED:
            raise InvalidName(f"a tensor cannot be called {_RESERVED!r}", "safetensors keeps that name for itself")
        if hasattr(value, "detach"):
            copies[name] = value.detach().to("cpu", copy=True).contiguous()
        else:
            array = np.asarray(value)
            copies[name] = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
        if _dtype(copies[name]) not in _DTYPES:
            raise UsageError(f"tensor {name!r} is of type {_dtype(copies[name])}, which cannot be kept", "convert it")
    return copies


def _dtype(value: Any) -> str:
    return value.dtype.name if isinstance(value, np.ndarray) else str(value.dtype).removeprefix("torch.")


def _spec(value: Any) -> TensorSpec:
    address = value.ctypes.data if isinstance(value, np.ndarray) else value.data_ptr()
    return TensorSpec(dtype=_dtype(value), shape=tuple(value.shape), data_ptr=address, data_len=value.nbytes)


def _system_error(error: SafetensorError) -> OSError:
    found = _OS_ERROR.search(str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else OSError(str(error))


def _read_bfloat16(path: Path, name: str) -> NDArray[np.float32]:
    """Return an array that numpy has no type for: bfloat16 is the upper half of float32."""
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(header_size))[name]
        first, last = entry["data_offsets"]
        halves = np.fromfile(file, "<u2", (last - first) // 2, offset=first)
    array: NDArray[np.float32] = (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
    return array


def _digest(component: str) -> str:
    return hashlib.sha256(component.encode()).hexdigest()[:16]


class TensorWriter:
    """Writes arrays of one trial in a background thread.

    `put` copies and returns; when the disk is slower than the training for long, `put` waits, so that memory stays
    bounded. What the disk refuses is dropped and counted; the user is warned once.

    Args:
        files: The store's tensors.
        trial_id: The trial.
        waiting: How many steps may wait to be written.

    Example:
        >>> import tempfile
        >>> from labdeck.store.ids import new_id
        >>> files, trial_id = TensorFiles(Path(tempfile.mkdtemp())), new_id()
        >>> writer = TensorWriter(files, trial_id)
        >>> writer.put(0, {"weight": np.zeros(3)})
        >>> writer.close()
        >>> files.names(trial_id, 0)
        ('weight',)
    """

    def __init__(self, files: TensorFiles, trial_id: str, waiting: int = 8) -> None:
        self._files = files
        self._trial_id = trial_id
        self._queue: queue.Queue[tuple[int, dict[str, Any], str] | None] = queue.Queue(waiting)
        self._closed = False
        self._pid = os.getpid()
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="labdeck-tensors", daemon=True)
        self._thread.start()

    def put(self, step: int, tensors: Tensors, component: str = "") -> None:
        """Copy arrays and have them written; see `TensorFiles.write` for what is taken.

        Raises:
            UsageError, InvalidName: As there.
            TrialClosed: The writer is closed.
        """
        if self._closed:
            raise TrialClosed("the trial has ended", "start a new one with experiment.trial(...)")
        copies = copy_tensors(tensors)
        if self._pid != os.getpid():  # a forked child has no thread: it writes itself
            self._write(step, copies, component)
        else:
            self._queue.put((step, copies, component))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._write(*item)
            self._queue.task_done()
        self._queue.task_done()

    def _write(self, step: int, copies: dict[str, Any], component: str) -> None:
        try:
            self._files.write_copied(self._trial_id, step, copies, component)
        except Exception as error:  # noqa: BLE001 - the thread must live, and training must go on
            known = error if isinstance(error, StoreError) else StoreUnreachable(f"{type(error).__name__}: {error}")
            _log.warning("tensors were dropped: %s", known)
            if not self.dropped:
                with suppress(UserWarning):  # turned into an error it would end the thread
                    warnings.warn(f"Labdeck: {known}; training goes on, tensors are dropped", UserWarning, stacklevel=2)
            self.dropped += len(copies)

    def flush(self) -> None:
        """Wait until everything put so far is on the disk, or dropped."""
        if self._pid == os.getpid():
            self._queue.join()

    def close(self) -> None:
        """Write what is waiting and end the thread; a second call has no effect."""
        if self._closed:
            return
        self._closed = True
        if self._pid == os.getpid():
            self._queue.put(None)
            self._thread.join()
