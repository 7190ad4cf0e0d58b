"""Keeps the debugger's own cost within a share of the training's time, by recording less often."""

from __future__ import annotations

from collections import deque
from statistics import median

MOST = 128
"""The largest factor by which intervals are stretched: what is seen more rarely explains nothing."""
_COLD = 3
"""Steps at the beginning that are not measured: everything is slow the first time."""
_SEEN, _HEAVY = 64, 16
"""Steps over which medians are taken; those at which everything is recorded are rare."""
_ENOUGH = 3
"""Steps at which everything was recorded before anything is left out: one slow one proves nothing."""
_EVERY = 16
"""Steps from one decision to the next."""
_SLACK = 0.7
"""Share of the budget that recording more often may take: else it would go back and forth."""
_FAR, _AT_ONCE = 10, 8
"""How many budgets a step must cost to be acted upon at once, and the factor that is chosen at most for that."""
_ALERT = 3
"""Steps that are recorded in full after something was found."""
LIGHT, FLIGHT, HEAVY = 0, 1, 2
"""Kinds of steps: only scalars; the flight recorder, too; everything that is due."""


class Budget:
    """Measures what steps and the debugger take, and says how often it may record.

    Args:
        share: Of a step's time, 0.03 for 3 %; None for no limit.

    Example:
        >>> budget, now = Budget(0.03), 0.0
        >>> for step in range(200):
        ...     now += 0.010  # seconds a step, of which the debugger takes 1 ms when it records
        ...     budget.note(now, *((0.001, HEAVY) if step % budget.factor == 0 else (0.00002, LIGHT)))
        >>> budget.factor, round(budget.share(), 3) <= 0.03
        (4, True)
    """

    def __init__(self, share: float | None) -> None:
        self.limit = share
        self.factor = 1
        """By how much intervals are stretched."""
        self.interval = 1
        """Every how many steps something is due that costs, before it is stretched."""
        self.flight_each = True
        """The flight recorder may take every step, not only those at which everything is recorded."""
        self._steps: deque[float] = deque(maxlen=_SEEN)
        self._costs: tuple[deque[float], ...] = tuple(deque(maxlen=many) for many in (_SEEN, _SEEN, _HEAVY))
        self._copies: deque[float] = deque(maxlen=_SEEN)
        self._last = 0.0
        self._noted = 0
        self._alert_ends = 0
        self._rests = {False: 0, True: 0}

    def alert(self, step: int, *, urgent: bool) -> None:
        """Have the next steps recorded in full; where that happens all the time, it doubles the cost at the most.

        Args:
            step: The next one, over all modes.
            urgent: It is an error; warnings before it are no reason to leave it alone.
        """
        if step >= self._rests[urgent]:
            self._alert_ends = step + _ALERT
            self._rests[urgent] = step + _ALERT * (1 + self.factor * self.interval)

    def factor_at(self, step: int) -> int:
        """Return by how much intervals are stretched at a step, counted over all modes."""
        return 1 if step < self._alert_ends else self.factor

    @property
    def allowed(self) -> float | None:
        """Seconds of a step that the debugger may take; None for any, or as long as no step was measured."""
        return None if self.limit is None or not self._steps else self.limit * self.step_time

    def note(self, now: float, cost: float, kind: int, copying: float = 0.0) -> None:
        """Take in a step.

        Args:
            now: When it ended, in seconds of any clock.
            cost: Seconds that the debugger took of it, in hook, hub and rules.
            kind: LIGHT, FLIGHT or HEAVY.
            copying: Seconds of these that the flight recorder took.
        """
        self._noted = noted = self._noted + 1
        last, self._last = self._last, now
        if noted <= _COLD:
            return
        self._steps.append(now - last - cost)
        self._costs[kind].append(cost)
        if copying:
            self._copies.append(copying)
        if self.limit is None:
            return
        if noted % _EVERY == 0:
            self._decide()
        elif self.factor == 1 and kind == HEAVY and cost > _FAR * self.limit * self.step_time:
            self.factor = min(self._wanted(), _AT_ONCE)

    @property
    def step_time(self) -> float:
        """Median seconds from the end of one step to that of the next, without the debugger's part; 0 if unknown."""
        return max(median(self._steps), 0.0) if self._steps else 0.0

    @property
    def cost(self) -> float:
        """Seconds that the debugger takes a step on average, from the medians of its kinds of steps."""
        return self._mean(self.factor, self._base(each=self.flight_each))

    def share(self) -> float:
        """Return the cost as a share of the step's time; 0 if it is unknown."""
        step = self.step_time
        return self.cost / step if step else 0.0

    def _median(self, kind: int) -> float | None:
        return median(self._costs[kind]) if self._costs[kind] else None

    def _base(self, *, each: bool) -> float:
        """Return what a step costs at which not everything is recorded."""
        light, flight = self._median(LIGHT), self._median(FLIGHT)
        copying = median(self._copies) if self._copies else 0.0
        if each:
            return flight if flight is not None else (light or 0.0) + copying
        return light if light is not None else max((flight or 0.0) - copying, 0.0)

    def _mean(self, factor: int, base: float) -> float:
        heavy = self._median(HEAVY)
        return base if heavy is None else base + max(heavy - base, 0.0) / (self.interval * factor)

    def _decide(self) -> None:
        """Choose the smallest factor that keeps the budget; the flight recorder gets half of it at the most."""
        if self.limit is None or len(self._costs[HEAVY]) < _ENOUGH:
            return
        slack = 1.0 if self.flight_each else _SLACK
        self.flight_each = self._base(each=True) <= self.limit * self.step_time / 2 * slack
        self.factor = self._wanted()

    def _wanted(self) -> int:
        """Return the smallest factor that leaves, beside what every step costs, as much as may be taken.

        Where every step costs more than two thirds of the budget anyway, that is half as much again: to look away
        would save nothing that matters.
        """
        base = self._base(each=self.flight_each)
        room = max((self.limit or 0.0) * self.step_time - base, base / 2)
        factor = 1
        while factor < MOST and self._mean(factor, base) - base > room * (1.0 if factor >= self.factor else _SLACK):
            factor *= 2
        return factor
