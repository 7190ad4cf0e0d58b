"""Packing the segments of a trial that has ended into one Parquet file."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from labdeck.store.columns.check import check_segment
from labdeck.store.columns.parquet import DAMAGE, FILE, open_packed, write_packed
from labdeck.store.columns.reader import read_head, segments_in
from labdeck.store.columns.segment import NAMES, SEALS
from labdeck.store.contract import Series, SeriesKey
from labdeck.store.ids import new_id

_log = logging.getLogger("labdeck.store")
TEMPORARY = ".tmp"


def pack(folder: Path, read: Callable[[], dict[SeriesKey, Series]]) -> bool:
    """Replace a trial's segments by a Parquet file; False if there was nothing to do.

    The order makes it safe: the file is complete on the disk before it gets its name, its name tells readers to
    ignore the segments it holds, and only then are they removed.

    Args:
        folder: The trial's folder.
        read: Returns all its points.

    Raises:
        OSError: The disk is full or broken; the segments are still there.
    """
    with ExitStack() as stack:
        if not stack.enter_context(_locked(folder)):
            return False
        _remove_leftovers(folder)
        known = _replaced(folder)
        if known is None:
            return False
        found = segments_in(folder)
        new = [path for path in found if path.stem not in known and read_head(path) is not None]
        if not all(stack.enter_context(_locked(path)) for path in new):
            return False
        if any(defect.severity == "error" for path in new for defect in check_segment(path)):
            _log.warning("trial %s stays as it is: it has a damaged segment; run `labdeck store check`", folder.name)
            return False
        if new:
            _write(folder, read(), known | {path.stem for path in new})
        old = [path for path in found if path.stem in known]
        for path in (*old, *new):
            _remove_segment(path)
        return bool(new or old)


def _replaced(folder: Path) -> frozenset[str] | None:
    """Return which segments the Parquet file holds; None if it is damaged."""
    try:
        packed = open_packed(folder)
        if packed is not None:
            packed.verify()
    except DAMAGE as error:
        _log.warning("trial %s stays as it is: its Parquet file is damaged: %s", folder.name, error)
        return None
    return packed.segments if packed else frozenset()


def _write(folder: Path, series: dict[SeriesKey, Series], segments: frozenset[str]) -> None:
    temporary = folder / (new_id() + TEMPORARY)
    try:
        write_packed(temporary, series, segments)
        temporary.rename(folder / FILE)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob("*" + TEMPORARY):
        path.unlink(missing_ok=True)


def _remove_segment(path: Path) -> None:
    path.unlink(missing_ok=True)
    for suffix in (NAMES, SEALS):
        path.with_suffix(suffix).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Hold a file or folder for oneself while the block runs; False if somebody else does."""
    fd = os.open(path, os.O_RDONLY)
    try:
        held = False
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        yield held
    finally:
        os.close(fd)
