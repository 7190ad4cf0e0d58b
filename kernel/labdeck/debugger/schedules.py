"""When something is recorded: every so many steps, from a step on, up to a step, and at steps that are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labdeck.errors import UsageError
from labdeck.store.tensors.frames import MODES
from labdeck.wire.debugging import Mode

KEYS = ("interval", "start", "end", "steps")


@dataclass(frozen=True)
class Schedule:
    """At which steps of a mode something is due.

    A step is due if it is one of `steps`, or if it lies in `start` … `end` and is a multiple of `interval`.

    Attributes:
        interval: Every so many steps, counted from step 0; 0 for none but `steps`.
        start: The first step.
        end: The step before which it ends; None for never.
        steps: Steps beside.

    Example:
        >>> schedule = Schedule(interval=100, start=100, end=301, steps=frozenset({7}))
        >>> [step for step in range(1000) if schedule.is_due(step)]
        [7, 100, 200, 300]
    """

    interval: int = 1
    start: int = 0
    end: int | None = None
    steps: frozenset[int] = frozenset()

    def is_due(self, step: int, factor: int = 1) -> bool:
        """Say whether something is due at a step, with the interval stretched by a factor; named steps always are."""
        if step in self.steps:
            return True
        if step < self.start or not self.interval or (self.end is not None and step >= self.end):
            return False
        return step % (self.interval * factor) == 0


EVERY = Schedule()
NEVER = Schedule(interval=0)


def to_schedule(settings: Mapping[str, Any], base: Schedule = EVERY) -> Schedule:
    """Return the schedule that settings name: "interval", "start", "end", "steps"; `base` for those that they do not.

    Raises:
        UsageError: A setting is no step, or the end does not lie behind the start.

    Example:
        >>> to_schedule({"interval": 10, "start": 5}).is_due(10)
        True
    """
    interval = _step(settings.get("interval", base.interval), "interval")
    start = _step(settings.get("start", base.start), "start")
    end = settings.get("end", base.end)
    end = None if end is None else _step(end, "end")
    if end is not None and end <= start:
        raise UsageError(f"a schedule that ends at {end} and starts at {start} has no step", "let it end later")
    if "steps" in settings:
        steps = _steps(settings["steps"])
        if "interval" not in settings and "start" not in settings and "end" not in settings:
            interval = 0  # only those that are named
    else:
        steps = base.steps
    return Schedule(interval, start, end, steps)


def to_schedules(settings: Mapping[str, Any], modes: tuple[Mode, ...]) -> dict[Mode, Schedule]:
    """Return a schedule a mode: what stands under a mode's name goes before what is said for all.

    Args:
        settings: The keys of a schedule, and names of modes ("train", "EVAL") with such keys of their own, or with
            False for a mode in which nothing is recorded.
        modes: The modes that are meant where none is named.

    Raises:
        UsageError: See `to_schedule`.
    """
    common = to_schedule(settings)
    found: dict[Mode, Schedule] = dict.fromkeys(modes, common)
    for mode in MODES:
        own = settings.get(mode, settings.get(mode.lower()))
        if own is None:
            continue
        if isinstance(own, Mapping):
            found[mode] = to_schedule(own, common)
        elif own is False:
            found.pop(mode, None)
        elif own is True:
            found[mode] = common
        else:
            raise UsageError(f"{mode.lower()}={own!r} says not when", 'say train={"interval": 10}, or False')
    return found


def _step(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        try:
            whole = int(value)
        except (TypeError, ValueError):
            whole = -1
        if isinstance(value, bool) or whole != value:
            raise UsageError(f"{what}={value!r} is no step", "steps are whole numbers from 0 on")
        value = whole
    least = 1 if what == "interval" else 0
    if value < least:
        raise UsageError(f"{what}={value!r} is less than {least}", "steps are whole numbers from 0 on")
    return int(value)


def _steps(given: Any) -> frozenset[int]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise UsageError(f"steps={given!r} are no steps", "name them in a list: steps=[0, 10, 100]")
    return frozenset(_step(step, "steps") for step in given)
