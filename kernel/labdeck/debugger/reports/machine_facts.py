"""What was recorded of a trial's machine and of the times of its steps."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from labdeck.debugger.rules.profiler_report import MEMBERS
from labdeck.errors import UsageError
from labdeck.findings.replay import judge_recorded
from labdeck.findings.rule import make_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from labdeck.debugger.reports.facts import Facts
    from labdeck.findings.replay import Judgement
    from labdeck.findings.rule import Rule
    from labdeck.wire.debugging import FindingRecord, Mode, RuleRecord
    from labdeck.wire.records import ParamValue

    Numbers = NDArray[np.float64]

PARTS = ("data", "forward", "backward", "optimizer", "update", "other")


class MachineFacts:
    """Samples of the machine and times of steps, with what the rules over them say.

    Args:
        facts: Of the trial.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._series: dict[tuple[str, Mode | None], tuple[Numbers, Numbers]] = {}

    @property
    def is_empty(self) -> bool:
        """Nothing was profiled."""
        # A model that is watched without being profiled has rows in which the times are NaN.
        return not self.measures and not len(self.values("timing/step"))

    @cached_property
    def measures(self) -> list[str]:
        """What was sampled of the machine, single cores aside."""
        names = [name for name in self.facts.inside("system") if not name.startswith("system/cpu/")]
        return [name for name in names if name != "system/cores"]

    @cached_property
    def cores(self) -> list[str]:
        """The cores, in their order."""
        return sorted(
            (name for name in self.facts.inside("system") if name.startswith("system/cpu/")),
            key=lambda name: int(name.rpartition("/")[2]),
        )

    def cards(self, what: str = "gpu") -> list[str]:
        """Return the scalars of the graphics cards: their use, or "gpu_memory"."""
        return [name for name in self.measures if name.startswith(f"system/{what}/")]

    @cached_property
    def started(self) -> float:
        """When the trial began."""
        return self.facts.detail.trial.started

    def samples(self, name: str, mode: Mode | None = None) -> tuple[Numbers, Numbers]:
        """Return seconds since the beginning and values of a scalar, as far as they are finite."""
        key = (name, mode)
        if key not in self._series:
            found = self.facts.series(name, "value", mode)
            kept = np.isfinite(found.values)
            self._series[key] = (found.times[kept] - self.started, found.values[kept])
        return self._series[key]

    def values(self, name: str, mode: Mode | None = None) -> Numbers:
        """Return the values of a scalar."""
        return self.samples(name, mode)[1]

    def together(self, names: Sequence[str]) -> dict[str, Numbers]:
        """Return the values of several scalars at the moments that all of them were sampled at."""
        found = {name: self.facts.series(name) for name in names}
        shared = np.array([], np.int64)
        for place, one in enumerate(found.values()):
            shared = one.steps if place == 0 else np.intersect1d(shared, one.steps)
        return {name: one.values[np.isin(one.steps, shared)] for name, one in found.items()}

    def seconds_of(self, mode: Mode) -> float:
        """Return how long the steps of a mode took together."""
        return float(self.values("timing/step", mode).sum())

    def parts(self, mode: Mode | None = None) -> dict[str, float]:
        """Return how long the parts of steps took together."""
        found = {part: float(self.values(f"timing/{part}", mode).sum()) for part in PARTS}
        return {part: seconds for part, seconds in found.items() if seconds > 0}

    @cached_property
    def phases(self) -> dict[str, float]:
        """Seconds before the first step, of the loop, and after the last one."""
        moments = [moment for mode in ("TRAIN", "EVAL") for moment in self.facts.reader.moments(mode)]
        if not moments:
            return {}
        times = [moment.time for moment in moments]
        lengths = self.values("timing/step")
        first = min(times) - self.started - (float(lengths[0]) if len(lengths) else 0.0)
        ended = self.facts.detail.trial.ended
        loop = max(times) - self.started - max(first, 0.0)
        after = max(ended - max(times), 0.0) if ended is not None else 0.0
        late = "after the last step: reports, files, the rest of the trial"
        return {"before the first step": max(first, 0.0), "steps": max(loop, 0.0), late: after}

    @cached_property
    def judged(self) -> Judgement:
        """What the rules over machine and steps say of what was recorded, whether or not they watched."""
        watched = {rule.rule: rule.params for rule in self.facts.debugger.rules}
        together = watched.get("ProfilerReport", {})
        return judge_recorded(
            self.facts.reader,
            [_as_watched(rule, watched.get(rule.__name__, {}), together) for rule in MEMBERS],
        )

    def rule(self, name: str) -> RuleRecord:
        """Return a rule as it judged what was recorded."""
        return next(rule for rule in self.judged.rules if rule.rule == name)

    def found(self, *rules: str) -> Iterator[FindingRecord]:
        """Yield what rules of these names found."""
        return (found for rule in rules for found in self.told(rule))

    def told(self, rule: str) -> list[FindingRecord]:
        """Return what a rule found: while the training ran, if it watched then; else in what was recorded of it.

        A rule that watched has seen every step, of which not all are recorded.
        """
        live = [found for found in self.facts.findings if found.rule == rule]
        prefix = f"{rule}: "
        live += [
            msgspec.structs.replace(found, rule=rule, message=found.message.removeprefix(prefix))
            for found in self.facts.findings
            if found.rule == "ProfilerReport" and found.message.startswith(prefix)
        ]
        return live or [found for found in self.judged.findings if found.rule == rule]


def _as_watched(rule: type[Rule], own: Mapping[str, ParamValue], together: Mapping[str, ParamValue]) -> Rule:
    """Return a rule with the parameters that it had while it watched, alone or within ProfilerReport."""
    prefix = f"{rule.__name__}_"
    params = {name.removeprefix(prefix): value for name, value in together.items() if name.startswith(prefix)}
    given = {name: "None" if value is None else value for name, value in {**params, **own}.items()}
    try:
        return make_rule(rule, given)
    except UsageError:  # it was recorded by a version whose rule had other parameters
        return rule()
