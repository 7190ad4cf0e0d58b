"""What is to be recorded at a step: what the user wants and what rules need, each reduction once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labdeck.debugger.collections import BUILT_IN, ONLY_TRAINED, TRAINING, UNCHANGED, exists_in, is_at_hand
from labdeck.debugger.saving import Saving
from labdeck.debugger.schedules import EVERY, NEVER, Schedule
from labdeck.findings.rule import Need
from labdeck.store.tensors.blocks import can_keep, item_size
from labdeck.store.tensors.frames import MODES
from labdeck.store.tensors.layout import Layout, TensorInfo, make_layout
from labdeck.wire.debugging import Mode

_TENSORS = ONLY_TRAINED - {"updates"} | UNCHANGED | {"inputs", "outputs"}
_IN_FLIGHT = frozenset({"weights", "biases", "gradients"})


@dataclass(frozen=True)
class Plan:
    """What a hook is to hand over at the step it was asked for; the same object for steps that look alike.

    Attributes:
        layout: The reductions that are recorded.
        arrays: Tensors whose whole arrays are needed, to be stored or for rules.
        flight: Tensors whose whole arrays the flight recorder keeps.
        stored: Those of `arrays` that are stored.
        collections: The collections of all of these, and those that are due without having a tensor yet.
        is_heavy: Beside the flight recorder it holds more than the scalars that are at hand anyway.
    """

    layout: Layout
    arrays: tuple[str, ...] = ()
    flight: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    collections: frozenset[str] = frozenset()
    is_heavy: bool = False


NO_PLAN = Plan(make_layout([]))
"""Of a step at which nothing is due."""


class _Slot(NamedTuple):
    """Things that are due at the same steps."""

    bit: int
    schedule: Schedule
    first: int | None
    stretches: bool


@dataclass
class _Wanted:
    """What a slot wants: reductions by tensor, and tensors whose arrays are needed and stored."""

    reductions: dict[str, dict[str, None]] = field(default_factory=dict)
    arrays: dict[str, None] = field(default_factory=dict)
    stored: dict[str, None] = field(default_factory=dict)
    collections: set[str] = field(default_factory=set)


class Planner:
    """Decides what is due at a step.

    Args:
        savings: What the user wants.
        flight: The flight recorder is on.
    """

    def __init__(self, savings: Sequence[Saving], *, flight: bool) -> None:
        self.savings = tuple(savings)
        self._own = [saving for saving in self.savings if saving.collection not in BUILT_IN]
        self._flight = flight
        self._needs: tuple[Need, ...] = ()
        self.infos: dict[str, TensorInfo] = {}
        self.in_flight: tuple[str, ...] = ()
        """Tensors that the flight recorder keeps."""
        self._layouts: dict[Layout, Layout] = {}
        self._build()

    def describe(self, infos: Iterable[TensorInfo]) -> None:
        """Take the tensors that there are in place of those that there were."""
        self.infos = {info.name: self._with_own(info) if self._own else info for info in infos}
        self._build()

    def require(self, needs: Sequence[Need]) -> None:
        """Take what the active rules need in place of what they needed."""
        if tuple(needs) != self._needs:
            self._needs = tuple(needs)
            self._build()

    def due(self, mode: Mode, step: int, factor: int, *, flight: bool) -> Plan | None:
        """Return what is due at a step, None for nothing.

        Args:
            mode: What the model is doing.
            step: Counted within the mode.
            factor: By how much intervals are stretched that may be.
            flight: The flight recorder takes this step, if it takes steps of this mode.
        """
        mask = 0
        for bit, schedule, first, stretches in self._slots[mode]:
            if step < first if first is not None else schedule.is_due(step, factor if stretches else 1):
                mask |= bit
        if flight and mode in TRAINING and self.in_flight:
            mask |= 1
        if not mask:
            return None
        plan = self._plans.get((mode, mask))
        if plan is None:
            plan = self._plans[mode, mask] = self._plan(mode, mask)
        return plan

    def flight_size(self) -> int:
        """Return the bytes that the flight recorder is to keep of a step."""
        found = [self.infos[name] for name in self.in_flight]
        return sum(math.prod(info.shape) * item_size(info.dtype) for info in found)

    def interval(self, mode: Mode) -> int:
        """Return every how many steps something is due that costs, before it is stretched; 1 if nothing is."""
        intervals = [slot.schedule.interval for slot in self._slots[mode] if slot.stretches and slot.schedule.interval]
        return min(intervals, default=1)

    def members(self, saving: Saving, mode: Mode) -> list[TensorInfo]:
        """Return the tensors that are recorded for a saving in a mode."""
        key = (id(saving), mode)
        found = self._members.get(key)
        if found is None:
            explicit = saving.asked and mode not in TRAINING
            among = self._inside.get(saving.collection, ()) if saving.is_plain else self.infos.values()
            found = self._members[key] = [
                info
                for info in among
                if (saving.is_plain or saving.holds(info)) and exists_in(info, mode, changed=not explicit)
            ]
        return found

    def needed(self, need: Need, mode: Mode) -> list[TensorInfo]:
        """Return the tensors that a rule needs in a mode."""
        if need.collection and not need.regex:
            among: Iterable[TensorInfo] = self._inside.get(need.collection, ())
        else:
            pattern = re.compile(need.regex) if need.regex else None
            among = (
                info
                for info in self.infos.values()
                if pattern is None or need.collection in info.collections or pattern.search(info.name)
            )
        return [info for info in among if exists_in(info, mode, changed=True)]

    # -- building --------------------------------------------------------------------------------------------------

    def _with_own(self, info: TensorInfo) -> TensorInfo:
        """Return a tensor that says which collections of the user it is in."""
        own = [one.collection for one in self._own if one.holds(info)]
        missing = tuple(name for name in own if name not in info.collections)
        if not missing:
            return info
        return TensorInfo(
            info.name,
            info.collections + missing,
            info.module,
            info.module_type,
            info.shape,
            info.dtype,
            info.parameter,
        )

    def _build(self) -> None:
        """Sort everything that is wanted by when it is wanted."""
        self._plans: dict[tuple[Mode, int], Plan] = {}
        self._members: dict[tuple[int, Mode], list[TensorInfo]] = {}
        self._inside: dict[str, list[TensorInfo]] = {}
        for info in self.infos.values():
            for name in dict.fromkeys(info.collections):
                self._inside.setdefault(name, []).append(info)
        self._slots: dict[Mode, list[_Slot]] = {mode: [] for mode in MODES}
        self._wanted: dict[tuple[Mode, int], _Wanted] = {}
        self.in_flight = self._flight_names()
        for mode in MODES:
            for saving in self.savings:
                schedule = saving.schedules.get(mode, NEVER)
                if schedule == NEVER:
                    continue
                wanted = self._slot(mode, schedule, None, stretches=False)
                wanted.collections.add(saving.collection)
                for handy, infos in _parted(self.members(saving, mode)):
                    wanted = self._slot(mode, schedule, None, stretches=not handy)
                    _add(wanted, infos, saving.reductions, arrays=saving.arrays, stored=saving.arrays)
            for need in self._needs:
                for handy, infos in _parted(self.needed(need, mode) if mode in need.modes else []):
                    wanted = self._slot(mode, EVERY, need.first, stretches=need.first is None and not handy)
                    _add(wanted, infos, need.reductions, arrays=need.arrays, stored=False)
                if mode in need.modes and need.collection in BUILT_IN and BUILT_IN[need.collection].scalar:
                    self._slot(mode, EVERY, need.first, stretches=False).collections.add(need.collection)

    def _slot(self, mode: Mode, schedule: Schedule, first: int | None, *, stretches: bool) -> _Wanted:
        for slot in self._slots[mode]:
            if slot[1:] == (schedule, first, stretches):
                return self._wanted[mode, slot.bit]
        bit = 2 << len(self._slots[mode])  # the lowest is the flight recorder's
        self._slots[mode].append(_Slot(bit, schedule, first, stretches))
        return self._wanted.setdefault((mode, bit), _Wanted())

    def _flight_names(self) -> tuple[str, ...]:
        if not self._flight:
            return ()
        return tuple(
            info.name
            for info in self.infos.values()
            if not _IN_FLIGHT.isdisjoint(info.collections) and can_keep(info.dtype)
        )

    def _plan(self, mode: Mode, mask: int) -> Plan:
        """Unite what the slots of a mask want."""
        union, heavy = _Wanted(), False
        for slot in self._slots[mode]:
            if mask & slot.bit:
                wanted = self._wanted[mode, slot.bit]
                heavy = heavy or slot.stretches or slot.first is not None
                union.arrays |= wanted.arrays
                union.stored |= wanted.stored
                union.collections |= wanted.collections
                for name, reductions in wanted.reductions.items():
                    union.reductions[name] = {**union.reductions.get(name, {}), **reductions}
        rows = [
            (info, tuple(union.reductions.get(name, ())))
            for name, info in self.infos.items()
            if name in union.reductions or name in union.arrays
        ]
        layout = make_layout(rows)
        for info, _ in rows:
            union.collections.update(info.collections)
        return Plan(
            layout=self._layouts.setdefault(layout, layout),
            arrays=tuple(union.arrays),
            flight=tuple(dict.fromkeys((*self.in_flight, *union.arrays))) if mask & 1 else (),
            stored=tuple(name for name in union.stored if can_keep(self.infos[name].dtype)),
            collections=frozenset(union.collections),
            is_heavy=heavy,
        )


def is_scalar(info: TensorInfo) -> bool:
    """Say whether a tensor is one number that has no reductions but itself; a parameter of one number has them."""
    return info.shape == () and _TENSORS.isdisjoint(info.collections)


def _parted(infos: list[TensorInfo]) -> list[tuple[bool, list[TensorInfo]]]:
    """Part tensors into those that are at hand at each step and those that cost something."""
    handy = [info for info in infos if info.shape == () and is_at_hand(info)]
    rest = [info for info in infos if info.shape != () or not is_at_hand(info)] if handy else infos
    return [(is_handy, part) for is_handy, part in ((True, handy), (False, rest)) if part]


def _add(wanted: _Wanted, infos: list[TensorInfo], reductions: tuple[str, ...], *, arrays: bool, stored: bool) -> None:
    """Take in what is wanted of some tensors."""
    asked: dict[str, None] = dict.fromkeys(reductions)
    for info in infos:
        kept = wanted.reductions.setdefault(info.name, {})
        kept.update({"value": None} if info.shape == () and is_scalar(info) else asked)
    if arrays:
        wanted.arrays.update(dict.fromkeys(info.name for info in infos))
    if stored:
        wanted.stored.update(dict.fromkeys(info.name for info in infos))
