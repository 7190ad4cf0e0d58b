"""A cell whose trainings are watched: a trial around it, a live line while it runs, its findings at the end."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from labdeck.errors import TrainingEnded, TrainingPaused
from labdeck.magics.debugging import forget, remember
from labdeck.magics.live import LiveLine
from labdeck.runs import active
from labdeck.runs.autolog import options
from labdeck.runs.outcome import describe_error, outcome_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from typing_extensions import Self

    from labdeck.debugger.hub import Hub
    from labdeck.findings.actions.base import Action
    from labdeck.findings.rule import Rule
    from labdeck.magics.cells import Body
    from labdeck.magics.context import Context
    from labdeck.runs.trial import Trial
    from labdeck.wire.judging import WatchReport

NOTHING = "nothing was trained here that can be watched: PyTorch, Keras, XGBoost and LightGBM are found by themselves"
EMPTY = "its trial, which holds nothing, was deleted"
OFF = "the debugger is switched off by LABDECK_DEBUGGER=0: nothing was watched"
PAUSED = "labdeck.debugger.paused() hands over the model, the optimizer and the finding"


@dataclass
class Wanted:
    """How a cell is to be watched: as `labdeck.watch` has it, and what a trial that is started for it is called."""

    rules: list[Rule] | None
    actions: Sequence[Action]
    budget: float | None = 0.03
    flight: int = 5
    trial: str | None = None
    experiment: str | None = None


class WatchedCell:
    """Watches what is trained between entering and leaving.

    Args:
        context: Of the notebook.
        wanted: How.
    """

    def __init__(self, context: Context, wanted: Wanted) -> None:
        self.context = context
        self.trial: Trial | None = None
        self._wanted = wanted
        self._owns = self._is_left_out = False
        self._attached: AbstractContextManager[Any] | None = None
        self._line = LiveLine(context.shell, self._say)

    def run(self, body: Body) -> WatchReport | Awaitable[WatchReport | None] | None:
        """Run the cell; return how it went, None if it is silent, an awaitable if it awaits.

        A training that was ended on purpose ends the cell, too, but is no error.
        """
        try:
            value = body.run(self)
        except TrainingEnded as ended:
            return self._ended(ended)
        if isinstance(value, Awaitable):
            return self._wait_for(value, body)
        return None if body.is_silent else self.report()

    def report(self, note: str = "") -> WatchReport:
        """Return how the watching went."""
        assert self.trial is not None  # noqa: S101 - it was entered
        from labdeck.debugger.switch import is_enabled

        report = self.context.studio.debugger.status(self.trial.id, note=note)
        if note or report.detail.watches:
            return report
        note = f"{NOTHING}; {EMPTY}" if self._is_left_out else NOTHING
        return msgspec.structs.replace(report, note=note if is_enabled() else OFF)

    def __enter__(self) -> Self:
        """Begin to watch."""
        from labdeck.debugger.watch import attach_automatically

        wanted = self._wanted
        self.trial = active.innermost()
        self._owns = self.trial is None
        if self.trial is None:
            self.trial = self._home().trial(wanted.trial).start()
        remember(self.context, self.trial)
        self._attached = attach_automatically(
            rules=wanted.rules,
            actions=wanted.actions,
            budget=wanted.budget,
            flight=wanted.flight,
            trial=self.trial,
            quiet=True,  # the cell's card says why it ended
        )
        self._attached.__enter__()
        self._line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no more; a trial started for this ends as the cell ended, and is deleted if it holds nothing."""
        assert self.trial is not None  # noqa: S101 - it was entered
        self._line.__exit__()
        try:
            if self._attached is not None:
                with warnings.catch_warnings():
                    if isinstance(error, TrainingEnded):
                        warnings.simplefilter("ignore")  # the cell's card says why it ended
                    self._attached.__exit__(kind, error, trace)
        finally:
            if self._owns:
                state = outcome_of(error)
                self.trial.finish(state, describe_error(error) if state == "failed" else "")
                if error is None:
                    self._leave_out_if_empty(self.trial)

    def _leave_out_if_empty(self, trial: Trial) -> None:
        from labdeck.debugger.switch import is_enabled

        detail = trial.detail()
        kept = detail.params or detail.metrics or detail.components or detail.artifacts or detail.children
        if is_enabled() and not kept and not self.context.studio.debugger.status(trial.id).detail.watches:
            trial.delete()
            forget(self.context, trial)
            self._is_left_out = True

    def _home(self) -> Any:
        if self._wanted.experiment is not None or self.context.experiment is not None:
            return self.context.choose_experiment(self._wanted.experiment)
        return options.current().open_experiment()

    def _ended(self, ended: TrainingEnded) -> WatchReport:
        if self.trial is None or ended.trial_id not in ("", self.trial.id):
            raise ended
        note = (
            f"paused: {ended.message}; {PAUSED}" if isinstance(ended, TrainingPaused) else f"stopped: {ended.message}"
        )
        return self.report(note)

    async def _wait_for(self, value: Awaitable[Any], body: Body) -> WatchReport | None:
        try:
            await value
        except TrainingEnded as ended:
            return self._ended(ended)
        return None if body.is_silent else self.report()

    def _say(self) -> str:
        """Return the line that is shown while the cell runs."""
        hubs = [hub for hub in self.context.studio.debugger.hubs() if self.trial and hub.trial.id == self.trial.id]
        return "   ".join(_line_of(hub) for hub in hubs)


def _line_of(hub: Hub) -> str:
    watch, rules = hub.watch_record(), hub.runner.records()
    found = sum(rule.findings for rule in rules)
    firing = ", ".join(rule.name for rule in rules if rule.state == "firing")
    parts = [f"{watch.name}: step {watch.steps:,}"]
    if found:
        parts.append(f"{found:,} finding{'s' * (found != 1)}")
    if firing:
        parts.append(f"firing: {firing}")
    if watch.step_time:
        parts.append(f"{100 * watch.cost / watch.step_time:.1f} % of a step")
    return " · ".join(parts)
