"""What the machine does, as scalars."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from labdeck.debugger.profiler import gauges
from labdeck.debugger.profiler.gauges import Gauges

DEADLINE = 30.0


class Times(NamedTuple):
    """Seconds of a core, as Linux counts them."""

    user: float
    nice: float
    system: float
    idle: float
    iowait: float
    irq: float
    softirq: float
    steal: float
    guest: float
    guest_nice: float


def read_after_a_tick(read):
    """Read when the clocks of the cores, which tick a hundred times a second, have gone on."""
    deadline = time.monotonic() + DEADLINE
    while "system/cpu" not in (values := read.read()):
        assert time.monotonic() < deadline, "the cores' clocks stand still"
    return values


def test_a_real_machine_is_read():
    read = Gauges()
    first = read_after_a_tick(read)
    values = read_after_a_tick(read)
    assert {"system/cpu", "system/iowait", "system/memory", "system/cores"} <= set(values)
    assert values["system/cores"] == len(os.sched_getaffinity(0))
    assert all(0 <= value <= 100 for name, value in values.items() if name != "system/cores")
    cores = {name for name in values if name.startswith("system/cpu/")}
    assert cores == {f"system/cpu/{number}" for number in range(len(psutil.cpu_times(percpu=True)))}
    assert first.keys() == values.keys()
    assert 0 < values["system/memory"] <= 100


def test_the_shares_of_cores_are_those_of_the_time_between_two_readings(monkeypatch):
    readings = iter(
        [
            [Times(10, 0, 0, 90, 0, 0, 0, 0, 10, 0), Times(0, 0, 0, 50, 50, 0, 0, 0, 0, 0)],
            [Times(11, 0, 1, 92, 0, 0, 0, 0, 11, 0), Times(0, 0, 0, 51, 53, 0, 0, 0, 0, 0)],
            [Times(11, 0, 1, 92, 0, 0, 0, 0, 11, 0), Times(0, 0, 0, 50, 50, 0, 0, 0, 0, 0)],
        ]
    )
    monkeypatch.setattr(gauges, "Machine", lambda: SimpleNamespace(read=lambda: {"memory_percent": 5.0}))
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: next(readings))
    read = Gauges()
    values = read.read()
    assert values["system/cpu/0"] == pytest.approx(50.0), "time of guests is part of that of users"
    assert values["system/cpu/1"] == 0.0
    assert values["system/cpu"] == pytest.approx(25.0)
    assert values["system/iowait"] == pytest.approx(37.5)
    again = read.read()
    assert "system/cpu" not in again, "counters that stood still or ran backwards say nothing"
    assert "system/memory" in again


def test_cards_are_named_as_the_collection_names_them():
    read = {
        "gpu0_percent": 12.0, "gpu0_memory_percent": 34.0, "gpu0_power_w": 90.0, "gpu11_percent": 5.0,
        "memory_percent": 50.0, "cpu_percent": 7.0,
    }  # fmt: skip
    assert gauges._known(read) == {
        "system/gpu/0": 12.0, "system/gpu_memory/0": 34.0, "system/gpu/11": 5.0, "system/memory": 50.0
    }  # fmt: skip


def test_disks_and_links_count_by_the_busiest(monkeypatch):
    def disk(busy):
        return SimpleNamespace(busy_time=busy)

    def net(received, sent):
        return SimpleNamespace(bytes_recv=received, bytes_sent=sent)

    clock = iter([100.0, 102.0])
    disks = iter(
        [{"a": disk(0), "b": disk(0), "loop0": disk(0)}, {"a": disk(500), "b": disk(1500), "loop0": disk(9999)}]
    )
    links = iter(
        [
            {"eth0": net(0, 0), "odd": net(0, 0), "lo": net(0, 0)},
            {"eth0": net(125_000_000, 1000), "odd": net(0, 25_000_000), "lo": net(10**12, 0)},
        ]
    )
    monkeypatch.setattr(gauges.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: next(disks))
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: next(links))
    monkeypatch.setattr(
        psutil, "net_if_stats", lambda: {"eth0": SimpleNamespace(speed=10_000), "odd": SimpleNamespace(speed=0)}
    )
    monkeypatch.setattr(gauges, "Machine", lambda: SimpleNamespace(read=dict))
    values = Gauges().read()
    assert values["system/disk"] == pytest.approx(75.0)
    assert values["system/network"] == pytest.approx(10.0), "one of unknown speed counts as 1 Gbit/s"


def test_what_the_system_hides_is_left_out(monkeypatch):
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: None)
    read = Gauges()
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: 1 / 0)
    values = read_after_a_tick(read)
    assert "system/disk" not in values
    assert "system/network" not in values
    assert "system/cpu" in values
