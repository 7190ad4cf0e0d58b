"""A training as its readers see it: tensors by name, steps by mode."""

from __future__ import annotations

import logging
import os
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labdeck.compat.smdebug.collection import Collection
from labdeck.compat.smdebug.exceptions import (
    NoMoreData,
    SMDebugTypeError,
    SMDebugValueError,
    StepUnavailable,
    TensorUnavailable,
)
from labdeck.compat.smdebug.mode_keys import ModeKeys
from labdeck.compat.smdebug.patterns import matches, matches_harmlessly
from labdeck.compat.smdebug.tensor import StepState, Tensor

if TYPE_CHECKING:
    from labdeck.compat.smdebug.source import Batch, Source

_WAIT = 1.0
"""Seconds after which a wait looks by itself, should no word have come."""
_WINDOW = "SMDEBUG_INCOMPLETE_STEP_WAIT_WINDOW"


class Trial:
    """The tensors of one training; get one from `create_trial`.

    Every question looks for news first, until the training has ended; `no_refresh` holds that off.

    Args:
        source: Where the tensors are.
        name: What the trial is called.
        range_steps: First and end of the global steps that are loaded, None for either is without a bound.
        cache: Keep arrays that were read in memory.
        parallel, check, index_mode: Accepted and not used: reading is always through the index, and always checked.

    Raises:
        SMDebugValueError: A range that is none.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        range_steps: Any = None,
        parallel: bool = True,  # noqa: ARG002 - accepted and not used
        check: bool = False,  # noqa: ARG002 - accepted and not used
        index_mode: bool = True,  # noqa: ARG002 - accepted and not used
        cache: bool = False,
    ) -> None:
        self.source = source
        self.name = name
        self.path = source.path
        self.range_steps = _checked_range(range_steps)
        self.cache = cache
        self.dynamic_refresh = True
        self.loaded_all_steps = False
        self.last_complete_step = -1
        self.logger = logging.getLogger("labdeck.smdebug")
        self._window = int(os.environ.get(_WINDOW, "1000"))
        self._tensors: dict[str, Tensor] = {}
        self._steps: dict[int, tuple[ModeKeys, int]] = {}
        self._mode_steps: dict[ModeKeys, dict[int, int]] = {}
        self._workers_of: dict[int, set[str]] = {}
        self._batches: list[Batch] = []
        self._batches_at: dict[int, list[Batch]] = {}
        self._newest_names = 0
        self._members: dict[tuple[str, tuple[str, ...]], tuple[int, set[str]]] = {}
        self.maybe_refresh()

    @property
    def num_workers(self) -> int:
        """How many workers save each step."""
        return self.source.worker_count()

    def maybe_refresh(self) -> None:
        """Look for news, unless there can be none or `no_refresh` is on."""
        if self.dynamic_refresh and not self.loaded_all_steps:
            self.refresh_data()

    def refresh_data(self) -> None:
        """Look for news."""
        ended = self.source.has_ended()  # asked first: what is written before the mark is read below
        for batch in self.source.news():
            if self._is_in_range(batch.global_step):
                self._add(batch)
        self._give_up_incomplete()
        if ended:
            self.loaded_all_steps = True
            self.last_complete_step = max(self._steps, default=self.last_complete_step)

    def _is_in_range(self, step: int) -> bool:
        first, end = self.range_steps or (None, None)
        return (first is None or step >= first) and (end is None or step < end)

    def _add(self, batch: Batch) -> None:
        step = batch.global_step
        if step not in self._steps:
            self._steps[step] = (batch.mode, batch.mode_step)
            self._mode_steps.setdefault(batch.mode, {}).setdefault(batch.mode_step, step)
        self._batches.append(batch)
        self._batches_at.setdefault(step, []).append(batch)
        if id(batch.names) != self._newest_names:  # steps that look alike may share them
            self._newest_names = id(batch.names)
            for name in batch.names:
                if name not in self._tensors:
                    self._tensors[name] = Tensor(name, self)
        workers = self._workers_of.setdefault(step, set())
        workers.add(batch.worker)
        if len(workers) >= self.num_workers:
            self.last_complete_step = max(self.last_complete_step, step)

    def _give_up_incomplete(self) -> None:
        """Take steps for complete that so many later ones have left behind."""
        waiting = sorted(step for step in self._steps if step > self.last_complete_step)
        if len(waiting) > self._window:
            self.last_complete_step = waiting[self._window // 2]

    def tensor(self, tname: str) -> Tensor:
        """Return a tensor; TensorUnavailable when none of that name was saved so far."""
        if not self.has_tensor(tname):
            raise TensorUnavailable(tname)
        return self._tensors[tname]

    def has_tensor(self, tname: str) -> bool:
        """Tell whether a tensor of that name was saved so far."""
        if tname not in self._tensors:
            self.maybe_refresh()
        return tname in self._tensors

    def tensor_names(
        self,
        *,
        step: int | None = None,
        mode: ModeKeys = ModeKeys.GLOBAL,
        regex: str | Iterable[str] | None = None,
        collection: Collection | str | None = None,
    ) -> list[str]:
        """Return the names of the tensors that fit everything asked for, sorted.

        Args:
            step: Those saved at this step, of `mode`.
            mode: Those saved in this mode; default any.
            regex: Those in whose name one of these expressions occurs.
            collection: Those of a collection.

        Raises:
            SMDebugValueError: No regular expression, or no such collection.
        """
        self.maybe_refresh()
        found = self._names(step, mode)
        if regex is not None:
            patterns = [regex] if isinstance(regex, str) else list(regex)
            found = {name for name in found if matches(name, patterns)}
        if collection is not None:
            found = found & self._names_in(collection)
        return sorted(found)

    tensors = tensor_names

    def _names(self, step: int | None, mode: ModeKeys) -> set[str]:
        if step is not None:
            found = self.global_step(mode, step)
            chosen = self._batches_at.get(found, []) if found is not None else []
        elif mode is ModeKeys.GLOBAL:
            return set(self._tensors)
        else:
            chosen = [batch for batch in self._batches if batch.mode is mode]
        return {name for names in {id(one.names): one.names for one in chosen}.values() for name in names}

    def _names_in(self, collection: Collection | str) -> set[str]:
        if not isinstance(collection, (str, Collection)):
            raise SMDebugTypeError(f"{collection!r} is no collection", "give its name")
        group = self.collection(collection if isinstance(collection, str) else collection.name)
        key = (group.name, tuple(group.include_regex))
        seen, members = self._members.get(key, (0, set()))
        if seen < len(self._tensors):
            new = list(self._tensors)[seen:]
            members = members | {name for name in new if matches_harmlessly(name, group.include_regex)}
            self._members[key] = (len(self._tensors), members)
        return members | group.tensor_names

    def steps(self, mode: ModeKeys | None = ModeKeys.GLOBAL, show_incomplete_steps: bool = False) -> list[int]:
        """Return the steps that were saved, those that some workers have still to save only if asked for."""
        self.maybe_refresh()
        if mode in (None, ModeKeys.GLOBAL):
            known = {step: step for step in self._steps}
        else:
            known = self._mode_steps.get(mode, {})
        return sorted(step for step, at in known.items() if show_incomplete_steps or self.is_complete(at))

    def is_complete(self, global_step: int) -> bool:
        """Tell whether all workers have saved a step, or will not any more."""
        if self.loaded_all_steps or self.last_complete_step >= global_step:
            return True
        return len(self._workers_of.get(global_step, ())) >= self.num_workers

    def modes(self) -> list[ModeKeys]:
        """Return the modes in which steps were saved."""
        self.maybe_refresh()
        return [mode for mode in ModeKeys if mode in self._mode_steps]

    def mode(self, global_step: int) -> ModeKeys | None:
        """Return the mode of a global step; None when it was not saved."""
        return self.mode_modestep(global_step)[0]

    def mode_step(self, global_step: int) -> int | None:
        """Return the step within its mode of a global step; None when it was not saved."""
        return self.mode_modestep(global_step)[1]

    def mode_modestep(self, global_step: int) -> tuple[ModeKeys | None, int | None]:
        """Return both."""
        if global_step not in self._steps:
            self.maybe_refresh()
        return self._steps.get(global_step, (None, None))

    def global_step(self, mode: ModeKeys, mode_step: int) -> int | None:
        """Return the global step of a step of a mode; None when it was not saved."""
        if mode is ModeKeys.GLOBAL:
            return mode_step
        if mode_step not in self._mode_steps.get(mode, {}):
            self.maybe_refresh()
        return self._mode_steps.get(mode, {}).get(mode_step)

    def workers(self) -> list[str]:
        """Return the names of the workers."""
        self.maybe_refresh()
        return sorted(self.source.workers())

    def collections(self) -> dict[str, Collection]:
        """Return names to collections, saved or not."""
        self.maybe_refresh()
        return self.source.collections()

    def collection(self, coll_name: str) -> Collection:
        """Return a collection; SMDebugValueError when the hook had none of that name."""
        found = self.collections()
        if coll_name not in found:
            raise SMDebugValueError(f"there is no collection {coll_name!r}", "list them with trial.collections()")
        return found[coll_name]

    def has_passed_step(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> StepState:
        """Tell whether a step is there, is still to come, or was not saved."""
        known = self.steps(mode, show_incomplete_steps=True)
        at = bisect_left(known, step)
        if at == len(known):
            return StepState.UNAVAILABLE if self.loaded_all_steps else StepState.NOT_YET_AVAILABLE
        later = self.global_step(mode, known[at])
        if later is None or not self.is_complete(later):
            return StepState.NOT_YET_AVAILABLE
        return StepState.AVAILABLE if known[at] == step else StepState.UNAVAILABLE

    def wait_for_steps(self, required_steps: Iterable[int], mode: ModeKeys = ModeKeys.GLOBAL) -> None:
        """Return when all these steps are there; it wakes when something is written.

        Raises:
            StepUnavailable: One was not saved.
            NoMoreData: The training has ended before one.
        """
        for step in required_steps:
            while (state := self._state_now(step, mode)) is StepState.NOT_YET_AVAILABLE:
                self.source.wait(_WAIT)
            if state is StepState.UNAVAILABLE:
                last = max(self.steps(mode, show_incomplete_steps=True), default=-1)
                if self.loaded_all_steps and step > last:
                    raise NoMoreData(step, mode, last)
                raise StepUnavailable(step, mode)

    def _state_now(self, step: int, mode: ModeKeys) -> StepState:
        if not self.loaded_all_steps:
            self.refresh_data()
        return self.has_passed_step(step, mode)

    def inputs(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> list[str]:
        """Return the names of the inputs of the model at a step."""
        return self._of(step, mode, "inputs", ".*_input_")

    def labels(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> list[str]:
        """Return the names of the labels at a step."""
        return self._of(step, mode, "labels", "labels")

    def predictions(self, step: int, mode: ModeKeys = ModeKeys.GLOBAL) -> list[str]:
        """Return the names of the predictions at a step."""
        return self._of(step, mode, "predictions", "predictions")

    def _of(self, step: int, mode: ModeKeys, collection: str, pattern: str) -> list[str]:
        if collection in self.collections():
            return self.tensor_names(step=step, mode=mode, collection=collection)
        return self.tensor_names(step=step, mode=mode, regex=pattern)

    def batches(self) -> list[Batch]:
        """Return everything that was saved so far, in the order in which it was seen."""
        return self._batches

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trial):
            return NotImplemented
        return (self.name, self.path) == (other.name, other.path)

    def __hash__(self) -> int:
        return hash((self.name, self.path))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self._tensors)} tensors, {len(self._steps)} steps)"


def _checked_range(given: Any) -> tuple[int | None, int | None] | None:
    if given is None:
        return None
    bounds = tuple(given)
    whole = all(bound is None or (isinstance(bound, int) and bound >= 0) for bound in bounds)
    if len(bounds) != 2 or not whole:  # noqa: PLR2004 - first and end
        raise SMDebugValueError(f"range_steps is {given!r}", "write (first, end), None for either has no bound")
    first, end = bounds
    if first is not None and end is not None and end <= first:
        raise SMDebugValueError(f"range_steps is {given!r}", "the end must come after the first")
    return first, end
