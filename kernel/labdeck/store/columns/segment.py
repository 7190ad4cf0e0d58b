"""The layout of a segment, and how its pages are claimed; needs nothing but the standard library.

A segment is what one process logged into one trial. It is three files that share the writer's id:

`<id>.seg`
    A header of 64 bytes, then records of 32 bytes, little-endian: value float64, time float64 (seconds since 1970-01-01
    UTC), step int64, code uint64. The lower half of the code is the number of the series, the upper half is a mark
    computed from it (`code_of`). The code is written last, so a slot holds a point exactly if its mark fits its
    number: a slot never written, half written or damaged is recognised and ignored. Slots behind the last point are
    zeros.
`<id>.names`
    One line per series, in the order of their numbers: CRC-32 of the rest, number, component and metric name as JSON.
    A line is written before the first point of its series.
`<id>.seals`
    One line per sealed block of the segment: offset, length and CRC-32. A block is sealed once nothing in it can
    change: each 64 KiB from time to time, the rest when the writer closes. What a killed process had not sealed is
    guarded by its marks.
"""

from __future__ import annotations

import errno
import json
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdeck.store.contract import SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable

SEGMENT, NAMES, SEALS = ".seg", ".names", ".seals"

MAGIC = b"LDSERIES"
VERSION = 1
HEADER_SIZE = 64
RECORD_SIZE = 32
RECORD_FORMAT = "ddqQ"
BLOCK = 1 << 16
"""Bytes that are sealed together."""

_HEADER = struct.Struct("<8sIIQ16s20xI")
_MARK = 2_654_435_761
"""Odd, so that no two series share a mark; near 2**32 over the golden ratio, so that marks differ in many bits."""

_FIRST = 1 << 16
_LARGEST = 1 << 23
_SMALLEST = 1 << 12
_NOT_SUPPORTED = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV}


@dataclass(frozen=True)
class Header:
    """What a segment says of itself.

    Attributes:
        writer: The writer's id, 32 hexadecimal digits.
        ordinal: How many segments the trial had when this one began: orders them, whatever the clock did.
    """

    writer: str
    ordinal: int


def pack_header(header: Header) -> bytes:
    """Return the first 64 bytes of a segment."""
    writer = bytes.fromhex(header.writer)
    body = _HEADER.pack(MAGIC, VERSION, RECORD_SIZE, header.ordinal, writer, 0)[:-4]
    return body + struct.pack("<I", zlib.crc32(body))


def unpack_header(raw: bytes) -> Header | None:
    """Return what the first bytes of a file say, None if they are no header of this version."""
    if len(raw) < HEADER_SIZE:
        return None
    magic, version, record_size, ordinal, writer, crc = _HEADER.unpack_from(raw)
    known = magic == MAGIC and version == VERSION and record_size == RECORD_SIZE
    if not known or crc != zlib.crc32(raw[: HEADER_SIZE - 4]):
        return None
    return Header(writer=writer.hex(), ordinal=ordinal)


def code_of(series: int) -> int:
    """Return the code of a series' records: its number below, its mark above; never 0.

    Example:
        >>> hex(code_of(0)), hex(code_of(1))
        ('0x9e3779b100000000', '0x3c6ef36200000001')
    """
    return ((series + 1) * _MARK & 0xFFFF_FFFF) << 32 | series


def name_line(number: int, key: SeriesKey) -> bytes:
    """Return the line that names a series."""
    body = json.dumps([number, key.component, key.name]).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def parse_names(raw: bytes) -> tuple[dict[int, SeriesKey], int]:
    """Return series by number, and how many whole lines were damaged; a last line without its end is no damage."""
    names: dict[int, SeriesKey] = {}
    damaged = 0
    for line in raw.split(b"\n")[:-1]:
        crc, _, body = line.partition(b" ")
        if crc == b"%08x" % zlib.crc32(body):
            number, component, name = json.loads(body)
            names[number] = SeriesKey(component, name)
        else:
            damaged += 1
    return names, damaged


@dataclass(frozen=True)
class Seal:
    """Checksum of a block: `length` bytes from `offset` of the segment have this CRC-32."""

    offset: int
    length: int
    crc: int


def seal_lines(seals: Iterable[Seal]) -> bytes:
    """Return the lines that record seals."""
    return b"".join(b"%d %d %08x\n" % (seal.offset, seal.length, seal.crc) for seal in seals)


def parse_seals(raw: bytes) -> tuple[Seal, ...]:
    """Return the seals of a file, lines that are no seals left out."""
    seals = []
    for line in raw.split(b"\n")[:-1]:
        try:
            offset, length, crc = line.split(b" ")
            seals.append(Seal(int(offset), int(length), int(crc, 16)))
        except ValueError:
            continue
    return tuple(seals)


def grow(fd: int, size: int, least: int) -> int:
    """Claim further pages for a file, so that writing to a mapping of them cannot fail; return its new size.

    The file doubles, by 64 KiB at first and 8 MiB at most; on a disk that is nearly full it grows by less.

    Args:
        fd: The file, of `size` bytes.
        size: Its size in bytes, a multiple of 4096.
        least: Bytes that are needed at the very least.

    Raises:
        OSError: Not even those can be had; the file is as it was.
    """
    needed = -(-least // _SMALLEST) * _SMALLEST
    wanted = max(needed, min(max(size, _FIRST), _LARGEST))
    for amount in sorted({wanted, max(needed, _FIRST), needed}, reverse=True):
        try:
            _claim(fd, size, amount)
        except OSError as error:
            os.ftruncate(fd, size)
            if amount == needed or error.errno not in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
                raise
        else:
            return size + amount
    raise AssertionError


def _claim(fd: int, start: int, amount: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, start, amount)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
        else:
            return
    zeros = bytes(_FIRST)
    end = start + amount
    while start < end:
        start += os.pwrite(fd, zeros[: end - start], start)
