"""Verifying the checksums of a trial's points."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from labdeck.store.columns.parquet import DAMAGE, FILE, open_packed
from labdeck.store.columns.reader import RECORD, is_valid, segments_in
from labdeck.store.columns.segment import HEADER_SIZE, NAMES, SEALS, parse_names, parse_seals, unpack_header
from labdeck.store.contract import Defect

_LOST = "restore the file from a backup; everything else of the trial can be read"
_HARMLESS = "nothing; the next `labdeck store gc` removes it"


def check_folder(folder: Path, shown: str) -> tuple[Defect, ...]:
    """Return what is wrong with a trial's points.

    Args:
        folder: The trial's folder; a missing one has no defects.
        shown: How to name the folder in the defects.
    """
    defects: list[Defect] = []
    replaced: frozenset[str] = frozenset()
    try:
        if (packed := open_packed(folder)) is not None:
            replaced = packed.segments
            packed.verify()
    except DAMAGE as error:
        defects.append(Defect("error", FILE, f"it cannot be read: {error}", _LOST))
    for path in segments_in(folder):
        if path.stem in replaced:
            defects.append(Defect("warning", path.name, "its points are in the Parquet file already", _HARMLESS))
        else:
            defects.extend(check_segment(path))
    return tuple(Defect(one.severity, f"{shown}/{one.path}", one.message, one.remedy) for one in defects)


def check_segment(path: Path) -> list[Defect]:
    """Return what is wrong with a segment; paths are file names. A half-written last record is nothing wrong."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    if unpack_header(raw) is None:
        if any(raw):
            return [Defect("error", path.name, "its first 64 bytes are no header of this version", _LOST)]
        return [Defect("warning", path.name, "its writer died before the first point", _HARMLESS)]
    return [*_check_names(path, raw), *_check_seals(path, raw), *_check_marks(path, raw)]


def _check_names(path: Path, raw: bytes) -> list[Defect]:
    file = path.with_suffix(NAMES)
    try:
        names, damaged = parse_names(file.read_bytes())
    except OSError as error:
        return [Defect("error", file.name, f"the names of its series are lost: {os.strerror(error.errno or 0)}", _LOST)]
    defects = []
    if damaged:
        defects.append(Defect("error", file.name, f"{damaged:,} of its lines are damaged", _LOST))
    codes = _codes(raw)
    numbers = set(np.unique(codes[is_valid(codes)] & np.uint64(0xFFFF_FFFF)).tolist())
    if unknown := numbers - set(names):
        defects.append(Defect("error", path.name, f"{len(unknown):,} of its series have no name", _LOST))
    return defects


def _check_seals(path: Path, raw: bytes) -> list[Defect]:
    try:
        seals = parse_seals(path.with_suffix(SEALS).read_bytes())
    except OSError:
        return [
            Defect("warning", path.with_suffix(SEALS).name, "the checksums are lost", "nothing; the points can be read")
        ]
    end = max((seal.offset + seal.length for seal in seals), default=0)
    if end > len(raw):
        return [Defect("error", path.name, f"it is cut off: {end - len(raw):,} bytes are missing at least", _LOST)]
    bad = sum(zlib.crc32(raw[seal.offset : seal.offset + seal.length]) != seal.crc for seal in seals)
    if bad:
        return [Defect("error", path.name, f"the checksums of {bad:,} of its {len(seals):,} blocks do not fit", _LOST)]
    return []


def _check_marks(path: Path, raw: bytes) -> list[Defect]:
    codes = _codes(raw)
    damaged = int(np.count_nonzero(codes[~is_valid(codes)]))
    if damaged:
        return [Defect("error", path.name, f"{damaged:,} of its records are damaged", _LOST)]
    return []


def _codes(raw: bytes) -> np.ndarray:
    codes: np.ndarray = np.frombuffer(raw, RECORD, max(len(raw) - HEADER_SIZE, 0) // RECORD.itemsize, HEADER_SIZE)[
        "code"
    ]
    return codes
