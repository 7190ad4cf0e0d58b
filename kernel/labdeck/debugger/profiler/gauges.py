"""What a machine does at a moment, as the scalars of the collection "system"."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import psutil

from labdeck.runs.machine import Machine

MOST_CORES = 256
"""Cores of which each has a scalar of its own."""
_ASSUMED = 1000
"""Megabits a second of a network link that does not tell its speed."""
_NO_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "fd")


class Gauges:
    """Reads what the machine does; shares are those since the reading before.

    All are percent, 0 to 100. What a system does not tell is left out.

    - `system/cpu`: of all cores together; `system/cpu/0` and so on: of each core. Waiting for a disk is not counted.
    - `system/iowait`: the share of time in which cores stood still because a disk was waited for.
    - `system/memory`: of the machine's memory.
    - `system/disk`: the share of time in which the busiest disk was busy.
    - `system/network`: of the speed of the busiest link, in either direction; of 1 Gbit/s where that is not known.
    - `system/gpu/0`, `system/gpu_memory/0` and so on: of each NVIDIA card.
    - `system/cores`: not percent, but how many cores this process may use.
    """

    def __init__(self) -> None:
        self._machine = Machine()
        self._cores = _core_times()
        self._busy = _disk_times()
        self._sent = _network_bytes()
        self._read_at = time.monotonic()
        self._usable = float(_usable_cores())

    def read(self) -> dict[str, float]:
        """Return what the machine does, by name."""
        now = time.monotonic()
        seconds, self._read_at = max(now - self._read_at, 1e-9), now
        values: dict[str, float] = {}
        for part in (self._processor, self._disk, self._network):
            with suppress(Exception):  # a container may hide any of it
                values.update(part(seconds))
        values.update(_known(self._machine.read()))
        values["system/cores"] = self._usable
        return {
            name: value if name == "system/cores" else min(max(value, 0.0), 100.0) for name, value in values.items()
        }

    def _processor(self, seconds: float) -> dict[str, float]:
        del seconds
        before, self._cores = self._cores, _core_times()
        if len(before) != len(self._cores):
            return {}
        used, waited, total, values = 0.0, 0.0, 0.0, {}
        for number, (old, new) in enumerate(zip(before, self._cores, strict=True)):
            busy, waiting, whole = (max(b - a, 0.0) for a, b in zip(old, new, strict=True))
            used, waited, total = used + busy, waited + waiting, total + whole
            if number < MOST_CORES:
                values[f"system/cpu/{number}"] = 100 * busy / whole if whole else 0.0
        if not total:
            return {}
        return {"system/cpu": 100 * used / total, "system/iowait": 100 * waited / total, **values}

    def _disk(self, seconds: float) -> dict[str, float]:
        before, self._busy = self._busy, _disk_times()
        shares = [100 * (busy - before[name]) / 1000 / seconds for name, busy in self._busy.items() if name in before]
        return {"system/disk": max(shares)} if shares else {}

    def _network(self, seconds: float) -> dict[str, float]:
        before, self._sent = self._sent, _network_bytes()
        links = psutil.net_if_stats()
        shares = []
        for name, counts in self._sent.items():
            if name in before:
                speed = (links[name].speed if name in links else 0) or _ASSUMED
                most = max(new - old for old, new in zip(before[name], counts, strict=True))
                shares.append(100 * most * 8 / (speed * 1e6 * seconds))
        return {"system/network": max(shares)} if shares else {}


def _core_times() -> list[tuple[float, float, float]]:
    """Return of each core the seconds so far: at work, waiting for a disk, all together."""
    found = []
    for times in psutil.cpu_times(percpu=True):
        waiting = getattr(times, "iowait", 0.0)
        # The kernel counts the time of guests within that of users, too.
        whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        found.append((whole - times.idle - waiting, waiting, whole))
    return found


def _disk_times() -> dict[str, float]:
    """Return of each disk the milliseconds it was busy so far; none where the system does not tell."""
    disks = psutil.disk_io_counters(perdisk=True) or {}
    return {
        name: float(counts.busy_time)
        for name, counts in disks.items()
        if hasattr(counts, "busy_time") and not name.startswith(_NO_DISKS)
    }


def _network_bytes() -> dict[str, tuple[int, int]]:
    links = psutil.net_io_counters(pernic=True)
    return {name: (one.bytes_recv, one.bytes_sent) for name, one in links.items() if name != "lo"}


def _usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1


def _known(read: dict[str, float]) -> dict[str, float]:
    """Return what the machine's own reader knows, in the words of the collection."""
    values = {}
    for name, value in read.items():
        card, _, what = name.partition("_")
        if name == "memory_percent":
            values["system/memory"] = value
        elif card.startswith("gpu") and card[3:].isdigit():
            kind = {"percent": "gpu", "memory_percent": "gpu_memory"}.get(what)
            if kind is not None:
                values[f"system/{kind}/{card[3:]}"] = value
    return values
