"""Brings what a hook saves into Labdeck's store, and has it watched: a hub, under a trial, behind an `out_dir`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from labdeck.compat.smdebug import jobs, news
from labdeck.compat.smdebug.exceptions import SMDebugValueError
from labdeck.compat.smdebug.folder import is_folder_of_smdebug
from labdeck.compat.smdebug.mode_keys import to_mode
from labdeck.compat.smdebug.reduction_config import to_bool
from labdeck.compat.smdebug.sheet import URI, Pointer, read_pointers, to_sheet, write_pointer, write_sheet
from labdeck.debugger.hub import Hub
from labdeck.debugger.plan import NO_PLAN, Plan, is_scalar
from labdeck.debugger.reducing import Reducer
from labdeck.debugger.switch import is_enabled
from labdeck.runs import active
from labdeck.runs.autolog.options import open_unnamed
from labdeck.store.tensors.blocks import can_keep
from labdeck.store.tensors.layout import Layout, TensorInfo, make_layout

if TYPE_CHECKING:
    from labdeck.compat.smdebug.collection import Collection
    from labdeck.compat.smdebug.mode_keys import ModeKeys
    from labdeck.findings.rule import Need
    from labdeck.runs.trial import Trial
    from labdeck.wire.debugging import Mode

SCALARS = "scalars"
_MOST_KINDS = 256
"""Kinds of steps whose layouts are remembered."""
_ours: set[str] = set()
"""Trials that hooks of this process have begun: the next hook begins one of its own."""


def is_switched_off() -> bool:
    """Tell whether the environment says that nothing shall be saved: USE_SMDEBUG=0, or LABDECK_DEBUGGER=0."""
    return not (is_enabled() and to_bool(os.environ.get("USE_SMDEBUG", "1"), "USE_SMDEBUG"))


@dataclass
class Held:
    """A tensor of the step that goes on.

    Attributes:
        info: What is known of it.
        array: Its value, a copy.
        reductions: What is saved of it, in Labdeck's words.
        is_whole: It is saved as a whole.
        keeps_shape: Its shape is saved at each step.
        is_metric: It is a metric of the trial, too.
    """

    info: TensorInfo
    array: Any
    reductions: tuple[str, ...] = ()
    is_whole: bool = False
    is_metric: bool = False
    keeps_shape: bool = False


@dataclass
class _Kind:
    """What steps have in common that hold the same tensors in the same way."""

    needs: Plan
    plan: Plan
    reducer: Reducer
    reduced: list[str] = field(default_factory=list)
    values: list[tuple[str, int]] = field(default_factory=list)


class Recording:
    """The recording of one hook; it begins with the first step.

    Args:
        out_dir: Where word is left of the trial; None for nowhere.
        worker: This worker's name.
        workers: How many save each step.
        framework: What trains.
        before_end: Called right before the trial ends.

    Raises:
        SMDebugValueError: `out_dir` holds an earlier training.
    """

    def __init__(
        self,
        out_dir: str | Path | None,
        worker: str,
        workers: int,
        framework: str,
        before_end: Callable[[], None],
    ) -> None:
        self._out_dir = None if out_dir is None else Path(str(out_dir)).expanduser()
        self._is_remote = str(out_dir or "").startswith("s3://")
        self._worker, self._workers = worker, workers
        self._framework = framework
        self._before_end = before_end
        self._trial: Trial | None = None
        self._owned = False
        self._hub: Hub | None = None
        self._infos: dict[str, TensorInfo] = {}
        self._kinds: dict[Any, _Kind] = {}
        self._needed: frozenset[str] = frozenset()
        self.model = "model"
        self.parameters = 0
        self.has_rules = False
        self._told = 0
        if self._out_dir is not None and not self._is_remote:
            _require_unused(self._out_dir, worker)

    @property
    def address(self) -> str:
        """What `create_trial` takes."""
        return URI + self._begin().trial.id

    @property
    def is_on(self) -> bool:
        """It records, or will."""
        return self._hub is None or self._hub.is_on

    def begin_step(self, mode: ModeKeys, collections: Mapping[str, Collection]) -> tuple[int, int]:
        """A step begins; return its numbers: over all modes, and within the mode."""
        hub = self._begin()
        if self._told != len(collections):
            self._told = len(collections)
            write_sheet(hub.session, hub.trial.id, to_sheet(collections, ended=False))
        self.has_rules = bool(hub.runner.names)
        plan = hub.due(to_mode(mode)) if self.has_rules else None
        self._needed = frozenset() if plan is None else frozenset({*plan.layout.names, *plan.arrays, *plan.flight})
        return hub.global_step, hub.steps[to_mode(mode)]

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record what is trained with as parameters of the trial."""
        self._begin().trial.log_params(params)

    def is_needed(self, name: str) -> bool:
        """Tell whether a rule needs a tensor at this step; of one that was never seen that is not known."""
        return name in self._needed or (self.has_rules and name not in self._infos)

    def is_needed_in(self, collection: str, tensor: str) -> bool:
        """Tell whether a rule needs anything of a collection at this step; `tensor` is one that is like its tensors."""
        hub = self._hub
        if not self.has_rules:
            return False
        known = {name for name, info in self._infos.items() if collection in info.collections}
        if known & self._needed:
            return True
        return hub is not None and not known and any(_asks(need, collection, tensor) for need in hub.runner.needs)

    def end_step(self, mode: ModeKeys, held: Mapping[str, Held]) -> None:
        """The step has ended.

        Raises:
            TrainingStopped, TrainingPaused: A rule's action or a person ends the training here.
        """
        hub = self._begin()
        where = to_mode(mode)
        self._describe(hub, held)
        needs = (hub.due(where) if self.has_rules else None) or NO_PLAN
        if not held:
            hub.skip(where)
            news.announce()
            return
        self._log(where, hub.steps[where], held)
        kind = self._kind(needs, held)
        row = np.full(kind.plan.layout.width, np.nan)
        kind.reducer.fill([held[name].array if name in held else None for name in kind.reduced], row)
        for name, place in kind.values:
            row[place] = float(held[name].array.reshape(-1)[0])
        arrays = {name: held[name].array for name in {*kind.plan.arrays, *kind.plan.flight} if name in held}
        try:
            hub.take(where, kind.plan, row, arrays)
        finally:
            news.announce()

    def _describe(self, hub: Hub, held: Mapping[str, Held]) -> None:
        """Tell the hub of tensors that are new; those whose shape alone changes are told of once."""
        changed = False
        for name, one in held.items():
            known = self._infos.get(name)
            if known is not None and known.shape and one.info.shape and not one.keeps_shape:
                one.info = msgspec.structs.replace(one.info, shape=known.shape)
            if known != one.info:
                self._infos[name] = one.info
                changed = True
        if changed:
            hub.describe(list(self._infos.values()), self.parameters)

    def close(self, collections: Mapping[str, Collection], *, finish: bool = True) -> None:
        """Nothing will be recorded any more."""
        if self._hub is None or self._trial is None:
            return
        self._hub.close()
        session = self._trial.experiment.session
        write_sheet(session, self._trial.id, to_sheet(collections, ended=True))
        if self._owned and finish:
            self._trial.finish()
        news.announce()

    # -- how it begins ---------------------------------------------------------------------------------------------

    def _begin(self) -> Hub:
        if self._hub is None:
            trial = self._trial = self._open_trial()
            active.before_leaving(trial, self._before_end)
            self._hub = Hub(
                trial, name=self.model, framework=self._framework, save=False, rules=(), budget=None, flight=0
            )
            for rule, actions in jobs.rules_of_job():
                self._hub.add_rule(rule, actions)
            if self._out_dir is not None and not self._is_remote:
                pointer = Pointer(trial.id, self._worker, self._workers, trial.name, trial.experiment.name)
                write_pointer(self._out_dir, pointer)
        return self._hub

    def _open_trial(self) -> Trial:
        running = active.innermost()
        if running is not None and running.id not in _ours:
            _ours.add(running.id)
            return running
        name = None if self._out_dir is None else self._out_dir.name
        if name and self._worker != "worker_0":
            name = f"{name} {self._worker}"
        trial = open_unnamed().trial(name or None).start()
        _ours.add(trial.id)
        self._owned = True
        return trial

    # -- what a step becomes ---------------------------------------------------------------------------------------

    def _kind(self, needs: Plan, held: Mapping[str, Held]) -> _Kind:
        key = (
            id(needs),
            tuple((one.info, one.reductions, one.is_whole) for one in held.values()),
        )
        known = self._kinds.get(key)
        if known is None:
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            known = self._kinds[key] = _make_kind(needs, held)
        return known

    def _log(self, mode: Mode, step: int, held: Mapping[str, Held]) -> None:
        """Let the trial have what is a metric."""
        prefix = "" if mode == "GLOBAL" else f"{mode.lower()}:"
        metrics = {
            prefix + name.removeprefix("scalar/"): float(one.array.reshape(-1)[0])
            for name, one in held.items()
            if one.is_metric and one.array.size == 1 and one.array.dtype.kind in "biuf"
        }
        if metrics and self._trial is not None:
            self._trial.log(metrics, step=step)


def _make_kind(needs: Plan, held: Mapping[str, Held]) -> _Kind:
    """Unite what is saved of each tensor with what rules need of it."""
    wanted: list[tuple[TensorInfo, tuple[str, ...]]] = []
    stored, values = [], []
    for name, one in held.items():
        required = needs.layout.reductions(name)
        if _is_number(one):
            wanted.append((one.info, ("value",)))
            values.append(name)
            continue
        numeric = one.array.dtype.kind in "biufc"
        reductions = dict.fromkeys(each for each in (*one.reductions, *required) if each != "value") if numeric else {}
        wanted.append((one.info, tuple(reductions)))
        if one.is_whole and can_keep(one.info.dtype):
            stored.append(name)
    layout = make_layout(wanted)
    reduced = [name for name in held if any(each != "value" for each in layout.reductions(name))]
    numbers = {info.name: number for number, info in enumerate(layout.tensors)}
    parts = [[column for column in layout.columns if column.tensor == numbers[name]] for name in reduced]
    plan = Plan(
        layout=layout,
        arrays=tuple(dict.fromkeys([*stored, *(name for name in needs.arrays if name in held)])),
        flight=needs.flight,
        stored=tuple(stored),
        collections=frozenset(each for one in held.values() for each in one.info.collections),
        is_heavy=True,
    )
    return _Kind(needs, plan, Reducer(parts), reduced, [(name, _place(layout, name)) for name in values])


def _asks(need: Need, collection: str, tensor: str) -> bool:
    """Tell whether a rule asks for tensors of a collection that has none so far."""
    return need.collection == collection or bool(need.regex and re.search(need.regex, tensor))


def _is_number(held: Held) -> bool:
    return is_scalar(held.info) and held.array.dtype.kind in "biuf"


def _place(layout: Layout, name: str) -> int:
    place = layout.place(name, "value")
    return -1 if place is None else place


def _require_unused(out_dir: Path, worker: str) -> None:
    if is_folder_of_smdebug(out_dir) or any(pointer.worker == worker for pointer in read_pointers(out_dir)):
        raise SMDebugValueError(f"{out_dir} holds an earlier training", "give another out_dir, or remove that one")
