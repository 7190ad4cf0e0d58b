"""The hub of one watched model: decides what is due, writes what a hook computed, has it judged, obeys requests.

It knows no framework. A hook asks `due` before a step, computes what the plan names, and hands it over with `take`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger import cells, registry
from labdeck.debugger.budget import FLIGHT, HEAVY, LIGHT, Budget
from labdeck.debugger.collections import TRAINING
from labdeck.debugger.naming import Naming
from labdeck.debugger.plan import NO_PLAN, Plan, Planner
from labdeck.debugger.preview import PreviewRow, preview_of, warnings_of
from labdeck.debugger.requests import Listener
from labdeck.debugger.saving import Save, to_savings
from labdeck.debugger.steering import Controls, Steering
from labdeck.debugger.surroundings import Around
from labdeck.debugger.switch import is_enabled
from labdeck.debugger.tape import Tape
from labdeck.findings.runner import Runner
from labdeck.findings.window import Window
from labdeck.runs import active
from labdeck.wire.commands import PutWatch
from labdeck.wire.debugging import WatchRecord

if TYPE_CHECKING:
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.runs.trial import Trial
    from labdeck.store.tensors.layout import TensorInfo
    from labdeck.wire.debugging import Mode

EVERY = 1.0
"""Seconds between two tellings of how the watching goes."""
_NOTHING: Mapping[str, Any] = {}
_NO_VALUES = np.empty(0)

_log = logging.getLogger("labdeck.debugger")


class Hub:
    """Watches one model for as long as it is trained.

    Nothing of it raises into the training but TrainingStopped and TrainingPaused: what fails switches it off and is
    said once. A forked child records nothing. With `LABDECK_DEBUGGER=0` it is off from the beginning.

    Args:
        trial: The running trial it records into.
        name: What the model is called; "-2" … is appended for a second one of the trial.
        framework: "torch", "keras", "xgboost", "lightgbm", "sklearn" or "arrays".
        save: What is recorded; see `labdeck.debugger.saving.to_savings`.
        rules: Rules or their classes; None for the framework's default ones.
        actions: What is done because of any rule's findings.
        budget: Share of a step that may be added to what every step costs, 0.03 for 3 %: intervals are stretched to
            keep it. None for no limit.
        flight: Steps that the flight recorder keeps in memory; 0 for none.

    Raises:
        UsageError: `save` or `rules` make no sense.

    Example:
        >>> import labdeck
        >>> from labdeck.store.tensors.layout import TensorInfo
        >>> trial = labdeck.experiment("digits").trial("by hand").start()
        >>> hub = Hub(trial, name="Net", framework="arrays", rules=(), budget=None,
        ...           save={"weights": ["mean", "l2"]})
        >>> hub.describe([TensorInfo("w", ("weights",), shape=(2,))])
        >>> for step in range(3):
        ...     plan = hub.due("TRAIN")
        ...     hub.scalar("loss", 1 / (step + 1), "losses")
        ...     hub.take("TRAIN", plan, np.array([0.5, float(step)]))
        >>> hub.close()
        >>> trial.finish()
        >>> trial.experiment.session.tensors.reader(trial.id).series("w", "l2").values.tolist()
        [0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        trial: Trial,
        *,
        name: str,
        framework: str,
        save: Save = None,
        rules: Iterable[Rule | type[Rule] | str] | None = None,
        actions: Sequence[Action] = (),
        budget: float | None = 0.03,
        flight: int = 5,
    ) -> None:
        self.trial = trial
        self.session = trial.experiment.session
        self.framework = framework
        self.is_on = is_enabled()
        self.facts: dict[str, Any] = {"cores": os.cpu_count() or 1}
        self.controls = Controls()
        self._turn = threading.RLock()
        self._warnings: dict[str, None] = {}
        self._parameters = 0
        self._unmatched: tuple[str, ...] = ()
        self._state: Literal["on", "off", "failed"] = "on"
        self._reason = ""
        self._closed = not self.is_on
        self._told: tuple[float, WatchRecord | None] = (0.0, None)
        self._budget = Budget(budget)
        self._planner = Planner(to_savings(save), flight=flight > 0)
        self.name = registry.enter(self, name) if self.is_on else name
        naming = Naming("" if self.is_alone else self.name)
        self._tape = Tape(self.session, trial.id, flight, self, naming)
        self.clock = self._tape.clock
        self.steering = Steering(self)
        surroundings = Around(self.session, self.facts)
        share = None if budget is None else budget / 2
        self.runner = Runner(
            trial.id, registry.posting(self), self.steering, surroundings, self.steering.record, share, self.alert
        )
        self._version, self._has_rules, self.guards_gradients = -1, False, False
        self._listener = Listener(self.session, trial.id, self.steering)
        if self.is_on:
            with registry.opening(self):
                self._begin(rules, actions)

    def _begin(self, rules: Iterable[Rule | type[Rule] | str] | None, actions: Sequence[Action]) -> None:
        from labdeck.debugger import rules as built_in

        for rule in built_in.defaults(self.framework) if rules is None else rules:
            self.add_rule(rule, actions)
        if self.is_alone:
            self._tape.go_on_counting()
        self._require()
        self.session.add_source(self._tell)
        self._listener.start()
        cells.follow()
        active.before_leaving(self.trial, self._trial_ends)

    @property
    def steps(self) -> dict[Mode, int]:
        """Steps so far, by mode: those of TRAIN are the optimizer's."""
        return self._tape.steps

    @property
    def global_step(self) -> int:
        """Steps so far, over all modes."""
        return self._tape.global_step

    # -- rules -----------------------------------------------------------------------------------------------------

    def add_rule(self, rule: Rule | type[Rule] | str, actions: Sequence[Action] = ()) -> str:
        """Have a rule judge from the next step on; return its name; NotFound, UsageError."""
        if isinstance(rule, str):
            from labdeck.debugger import rules as built_in

            rule = built_in.find(rule)
        wanted = (rule if isinstance(rule, type) else type(rule)).__name__
        with registry.naming(self, wanted) as name:
            return self.runner.add(rule, actions, name)

    # -- what a hook calls -----------------------------------------------------------------------------------------

    def describe(self, infos: Sequence[TensorInfo], parameters: int = 0) -> None:
        """Say which tensors there are, and how many numbers the model has; again whenever that changes."""
        if not self.is_on:
            return
        try:
            with self._turn:
                self._planner.describe(infos)
                self._parameters = parameters
                self._unmatched = warnings_of(self._planner)
                self._tape.expect(self._planner.flight_size())
                self._budget.interval = self._planner.interval("TRAIN")
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.fail(error)

    def due(self, mode: Mode) -> Plan | None:
        """Return what is due at the coming step of a mode, None for nothing."""
        if not self.is_on:
            return None
        if self.runner.version != self._version:
            self._require()
        factor, step = self._budget.factor_at(self._tape.global_step), self._tape.steps[mode]
        flight = self._tape.has_ring and (self._budget.flight_each or step % factor == 0)
        return self._planner.due(mode, step, factor, flight=flight)

    def take(
        self,
        mode: Mode,
        plan: Plan,
        values: NDArray[np.float64],
        arrays: Mapping[str, Any] = _NOTHING,
        scalars: Mapping[str, float] = _NOTHING,
        origins: Mapping[str, str] | None = None,
        cost: float = 0.0,
    ) -> None:
        """End a step at which something was due: count it, write it, have it judged.

        Args:
            mode: What the model was doing.
            plan: What `due` returned.
            values: float64, shape (plan.layout.width,); NaN for what does not exist at this step. It may be used again
                when this returns.
            arrays: Those of `plan.arrays` and `plan.flight` that there are: of numpy, or of PyTorch in memory of the
                CPU; copied before this returns.
            scalars: Further scalars of this step; the collection of those that were not described is "scalars".
            origins: The line of source that made a tensor, by tensor.
            cost: Seconds that the hook took for all this.

        Raises:
            TrainingStopped, TrainingPaused: A rule's action or a person ends the training here.
        """
        if not self.is_on:
            return
        begun = time.perf_counter()
        self.steering.thread = threading.get_ident()
        copying = 0.0
        try:
            for name, value in scalars.items():
                self.scalar(name, value)
            moment, layout, row, copying = self._tape.write(mode, plan, values, arrays, origins or _NOTHING)
            needed = {name: arrays[name] for name in plan.arrays if name in arrays} if plan.arrays else _NOTHING
            if self._has_rules and (len(row) or needed):
                naming = self._tape.naming
                self.runner.judge(
                    Window(moment, layout, row, naming.mapping(needed), naming.mapping(origins or _NOTHING))
                )
        except Exception as error:  # noqa: BLE001 - nothing raises into the training but what ends it on purpose
            self.fail(error)
        if mode in TRAINING:
            kind = HEAVY if plan.is_heavy else FLIGHT if plan.flight else LIGHT
            now = time.perf_counter()
            self._budget.note(now, now - begun + cost, kind, copying)
        if self.steering.is_asked:
            self.steering.obey()

    def skip(self, mode: Mode) -> None:
        """End a step at which nothing was due; scalars that wait are written and judged all the same.

        Raises:
            TrainingStopped, TrainingPaused: See `take`.
        """
        if not self.is_on:
            return
        if self._tape.scalars:
            self.take(mode, NO_PLAN, _NO_VALUES)
            return
        self._tape.count(mode)
        if mode in TRAINING:
            self._budget.note(time.perf_counter(), 0.0, LIGHT)
        if self.steering.is_asked:
            self.steering.thread = threading.get_ident()
            self.steering.obey()

    def scalar(self, name: str, value: float, collection: str = "scalars") -> None:
        """Add a scalar to the step that goes on; of a tensor that was described, its own collections count."""
        if self.is_on:
            info = self._planner.infos.get(name)
            self._tape.scalars.add(name, value, info.collections if info is not None else (collection,))

    def sample(self, values: Mapping[str, float]) -> None:
        """Record and judge what the machine does at this moment, in percent, by name; may be called in any thread."""
        if not self.is_on or self.clock.is_resting:
            return
        try:
            moment, layout, row = self._tape.sample(values)
            self.runner.judge(Window(moment, layout, row))
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.fail(error)

    def warn(self, text: str) -> None:
        """Have the user told something in the panel, once."""
        self._warnings.setdefault(text)

    def say(self, text: str) -> None:
        """Tell the user something now, as a warning, and in the panel."""
        self.warn(text)
        with suppress(UserWarning):  # a warning that was made an error must not end the training
            warnings.warn(f"Labdeck: {text}", UserWarning, stacklevel=3)

    def preview(self) -> tuple[PreviewRow, ...]:
        """Return what the user's wishes come to: collections, tensors, reductions, intervals, bytes a step."""
        return preview_of(self._planner)

    # -- beside the training ---------------------------------------------------------------------------------------

    def record(self) -> str:
        """Keep what the flight recorder holds; return the recording's id, "" if there is nothing; once at a step."""
        if not self.is_on:
            return ""
        arrays = self.controls.arrays
        if arrays is not None and threading.get_ident() == self.steering.thread:
            self._tape.complete(lambda: arrays(self._planner.in_flight))
        return self._tape.record()

    def _require(self) -> None:
        """Take in what the rules need now."""
        with self._turn:
            self._version = self.runner.version
            self._has_rules = bool(self.runner.names)
            self._planner.require(self.runner.needs)
            self.guards_gradients = any("nan_count" in each.reductions for each in self.runner.needs)
            self._budget.interval = self._planner.interval("TRAIN")

    @property
    def is_alone(self) -> bool:
        """No other hub watches in this trial."""
        return not self.is_on or registry.is_alone(self)

    def alert(self, is_error: bool = True) -> None:
        """Have the step that goes on, or comes next, and some after it recorded in full: something was found."""
        self._budget.alert(self._tape.global_step, urgent=is_error)

    def wait(self) -> None:
        """Have the rules look at a training of which nothing was heard for a while."""
        if self.is_on and not self.clock.is_resting:
            self.runner.wait(registry.idle(self), self._tape.recorded)

    def watch_record(self) -> WatchRecord:
        """Return how the watching goes."""
        budget, tape = self._budget, self._tape
        return WatchRecord(
            name=self.name,
            framework=self.framework,
            state="paused" if self.steering.is_paused and self._state == "on" else self._state,
            reason=self._reason,
            steps=tape.steps["TRAIN"] or tape.steps["GLOBAL"],
            recorded=tape.recorded,
            tensors=len(self._planner.infos),
            parameters=self._parameters,
            step_time=1000 * budget.step_time,
            cost=1000 * budget.cost,
            budget=budget.limit,
            interval=budget.interval * budget.factor,
            recordings=tape.recordings,
            dropped=tape.dropped,
            warnings=(*self._unmatched, *self._warnings),
        )

    def _tell(self) -> tuple[PutWatch, ...]:
        """Say how the watching goes, now and then: a source of the session's outbox."""
        when, known = self._told
        now = time.monotonic()
        if now - when < EVERY:
            return ()
        record = self.watch_record()
        self._told = (now, record)
        return (PutWatch(trial_id=self.trial.id, watch=record),) if record != known else ()

    # -- its end ---------------------------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """Switch everything off because of an error, and say so once; never raises."""
        if not self.is_on:
            return
        self.is_on = False
        self._state, self._reason = "failed", f"{type(error).__name__}: {error}"
        _log.warning("the debugger of %s switched itself off", self.name, exc_info=error)
        self.say(f"the debugger switched itself off ({self._reason}); training goes on")

    def close(self, reason: str = "") -> None:
        """End: write what waits, let the rules conclude, say that it is over; a second call has no effect."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
        self._listener.close()
        try:
            if self.is_on:
                self.runner.conclude()
            if self._state == "on":
                self._state, self._reason = "off", reason
            self.is_on = False
            self._tape.close()
            self.session.remove_source(self._tell)
            self.steering.close()
            self.session.post(PutWatch(trial_id=self.trial.id, watch=self.watch_record()))
        except Exception as error:  # noqa: BLE001 - nothing raises into the training
            self.fail(error)
        self.controls = Controls()  # a thread of ours that is about to end keeps no model in memory
        registry.leave(self)

    def _trial_ends(self) -> None:
        self.close()
        registry.forget(self.trial.id)

    def after_fork(self) -> None:
        """In a forked child: record nothing, and touch nothing that is the parent's."""
        self.is_on = False
        self._closed = True
        self._turn = threading.RLock()
        self._tape.after_fork()
