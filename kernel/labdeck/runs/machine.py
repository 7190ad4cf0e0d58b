"""Reads what the machine and this process use now: processor, memory, disk, network, graphics cards."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

_MEGA = 1e6
_MOST_CARDS = 16


class Machine:
    """Reads how much is used; rates are those since the reading before.

    What a system does not tell is left out. Names and units:

    - `cpu_percent`: of all cores together; `process_cpu_percent`: of one core, so eight busy threads are 800.
    - `memory_percent`, `process_memory_mb`: of the machine; resident, in 10⁶ bytes.
    - `disk_percent`: how full the disk of the working folder is; `disk_read_mb_s`, `disk_written_mb_s`.
    - `network_received_mb_s`, `network_sent_mb_s`.
    - `gpu0_percent`, `gpu0_memory_percent`, `gpu0_memory_mb`, `gpu0_power_w`, `gpu0_temperature_c`, and so on for each
      NVIDIA card.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cards = _cards()
        self._totals: dict[str, int] = {}
        self._read_at = 0.0
        self.read()  # rates need a first reading

    def read(self) -> dict[str, float]:
        """Return what is used now, by name."""
        values: dict[str, float] = {}
        for part in (self._processor, self._memory, self._disk, self._rates, self._graphics):
            with suppress(Exception):  # a container may hide any of it
                values.update(part())
        return values

    def _processor(self) -> dict[str, float]:
        return {"cpu_percent": psutil.cpu_percent(), "process_cpu_percent": self._process.cpu_percent()}

    def _memory(self) -> dict[str, float]:
        resident = self._process.memory_info().rss / _MEGA
        return {"memory_percent": psutil.virtual_memory().percent, "process_memory_mb": resident}

    def _disk(self) -> dict[str, float]:
        return {"disk_percent": psutil.disk_usage(".").percent}

    def _rates(self) -> dict[str, float]:
        totals: dict[str, int] = {}
        with suppress(Exception):
            disk = psutil.disk_io_counters()
            if disk is not None:
                totals.update(disk_read_mb_s=disk.read_bytes, disk_written_mb_s=disk.write_bytes)
        with suppress(Exception):
            network = psutil.net_io_counters()
            totals.update(network_received_mb_s=network.bytes_recv, network_sent_mb_s=network.bytes_sent)
        before, self._totals = self._totals, totals
        now = time.monotonic()
        seconds, self._read_at = now - self._read_at, now
        # Counters of some systems start anew; then there is no rate.
        return {
            name: (total - before[name]) / seconds / _MEGA
            for name, total in totals.items()
            if seconds > 0 and total >= before.get(name, total + 1)
        }

    def _graphics(self) -> dict[str, float]:
        values: dict[str, float] = {}
        for number, card in enumerate(self._cards):
            for name, ask in card.items():
                with suppress(Exception):  # not every card tells everything
                    values[f"gpu{number}_{name}"] = ask()
        return values


def _cards() -> list[dict[str, Callable[[], float]]]:
    """Return what each NVIDIA card can be asked; nothing where there is none, or no driver."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pynvml  # type: ignore[import-untyped]

            pynvml.nvmlInit()
        count = min(int(pynvml.nvmlDeviceGetCount()), _MOST_CARDS)
        return [_questions(pynvml, pynvml.nvmlDeviceGetHandleByIndex(number)) for number in range(count)]
    except Exception:  # noqa: BLE001 - whatever the driver, or its absence, raises
        return []


def _questions(nvml: Any, handle: Any) -> dict[str, Callable[[], float]]:
    memory = nvml.nvmlDeviceGetMemoryInfo
    return {
        "percent": lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        "memory_percent": lambda: 100 * memory(handle).used / memory(handle).total,
        "memory_mb": lambda: memory(handle).used / _MEGA,
        "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
        "temperature_c": lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
    }
