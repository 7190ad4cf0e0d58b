"""Who this process is, and whether another one still lives."""

from __future__ import annotations

import functools
import os
import socket
import time
from pathlib import Path

from labdeck.wire.records import WriterIdentity

_SAME_BIRTH = 0.5
"""Seconds two readings of one process's start may differ."""


def this_process() -> WriterIdentity:
    """Return the identity of the calling process.

    Example:
        >>> is_alive(this_process())
        True
    """
    return _identity(os.getpid())


@functools.lru_cache(maxsize=4)
def _identity(pid: int) -> WriterIdentity:
    return WriterIdentity(host=host_name(), boot=boot_id(), pid=pid, born=_born(pid) or time.time())


@functools.cache
def host_name() -> str:
    """Return this machine's name."""
    return socket.gethostname()


@functools.cache
def boot_id() -> str:
    """Return an identity of the current boot and of the space of process ids in it, "" where there is none."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _born(pid: int) -> float | None:
    """Return when a process started, None if there is no such process or it is a zombie.

    In seconds since the boot where the system tells, so that setting the clock changes nothing; else since 1970.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _born_by_psutil(pid)
    try:
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _born_by_psutil(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def is_alive(writer: WriterIdentity) -> bool | None:
    """Say whether a process lives; None if it cannot be told because it is on another machine or in another container.

    A process id that was reused does not count: the start times differ.
    """
    if writer.host != host_name():
        return None
    if writer.boot != boot_id():
        same_boot = writer.boot.partition("/")[0] == boot_id().partition("/")[0]
        return None if same_boot else False  # another container of this machine, or before the last boot
    born = _born(writer.pid)
    return born is not None and abs(born - writer.born) <= _SAME_BIRTH
