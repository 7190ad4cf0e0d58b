"""Losses that do not fall."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.evaluations import Passes
from labdeck.debugger.rules.picking import EVERY_MODE, Picker
from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode

_ORDER: tuple[Mode, ...] = ("EVAL", "TRAIN", "GLOBAL")


@dataclass
class _Loss:
    """One loss: its latest values, with their steps, when it was judged last, and whence a rise began that goes on."""

    points: deque[tuple[int, float]] = field(default_factory=deque)
    judged: int = -1
    rises_from: tuple[float, int] | None = None


@dataclass
class LossNotDecreasing(Rule):
    """The loss no longer falls.

    Early on, a loss that stands still tells of a learning rate that is far too low or too high, of gradients that
    vanish, of labels that do not belong to their inputs, or of an optimizer without parameters. Later, it tells that
    the training has converged and may be stopped.

    What helps: early on, try to learn ten samples by heart: if that fails, something is broken; else change the
    learning rate by factors of ten. Later, lower the learning rate, or stop.

    Formula: every `num_steps` steps, 100 · (before - now) / |before| is the fall in percent. It is too small if it is
    below `diff_percent`; but a rise of at most `increase_threshold_percent` is tolerated, being noise. Of rises in a
    row it is the sum that must be tolerable, so that no loss climbs for ever by a little each time. `now` is the mean
    of the losses of the last `num_steps` steps and `before` that of the `num_steps` steps before them, or, if none
    was recorded then, the newest loss that is older; if a loss is recorded only every `num_steps` steps or less often,
    single values are compared, as in SageMaker's rule. Of mode EVAL the mean of each pass counts as one value. Without
    `mode`, losses of EVAL are judged if there are any, else those of TRAIN, else those of GLOBAL. The rule and its
    parameters are SageMaker's.

    Attributes:
        collection_names: Collections to look at, too; text parts them by commas.
        tensor_regex: Tensors to look at, too, by name.
        use_losses_collection: Look at the collection `losses`.
        num_steps: Steps between two judgements, and over which losses are averaged.
        diff_percent: Smallest fall that counts, in percent.
        increase_threshold_percent: Largest rise that is tolerated, in percent.
        mode: Judge only the losses of this mode.

    Raises:
        UsageError: There is no such mode, or nothing is left to look at.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = LossNotDecreasing(num_steps=2)
        >>> losses = [4.0, 4.0, 2.0, 2.0, 2.0, 2.0]
        >>> [w.step for w in (window_of({"loss": x}, i) for i, x in enumerate(losses)) for _ in rule.judge(w)]
        [5]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "change the learning rate by a factor of ten, check labels and optimizer, or stop if it has converged"
    )

    collection_names: str | None = None
    tensor_regex: str | None = None
    use_losses_collection: bool = True
    num_steps: int = bounded(10, least=1)
    diff_percent: float = bounded(0.1, least=0)
    increase_threshold_percent: float = bounded(5.0, least=0)
    mode: Mode | None = None
    _picker: Picker = field(init=False, repr=False)
    _losses: dict[tuple[str, Mode], _Loss] = field(init=False, repr=False, default_factory=dict)
    _rank: int = field(init=False, repr=False, default=len(_ORDER))
    _passes: Passes = field(init=False, repr=False, default_factory=lambda: Passes("EVAL"))
    _evaluated: int = field(init=False, repr=False, default=0)
    _rhythm: int = field(init=False, repr=False, default=1)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        if self.mode is not None:
            self.mode = _mode(self.mode)
        collections = self.collection_names
        if self.use_losses_collection:
            collections = "losses" if not collections else f"losses,{collections}"
        if not collections and not self.tensor_regex:
            raise UsageError("LossNotDecreasing has no loss to look at", "name collection_names or tensor_regex")
        self._picker = Picker(collections, self.tensor_regex)

    def needs(self) -> tuple[Need, ...]:
        """Return the losses."""
        return self._picker.needs(modes=_ORDER if self.mode is None else (self.mode,))

    def rhythm(self) -> int:
        """Return every how many steps it judges: so many, or, of validation, those of a pass or of several."""
        return max(self.num_steps, self._rhythm)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the losses that have not fallen since they were judged last."""
        values = self._picker.finite(window) if window.mode in ((self.mode,) if self.mode else _ORDER) else {}
        yield from self._take_pass(self._passes.take(window, values))
        if window.mode == "EVAL":
            self._evaluated += 1
            return
        for name, value in values.items():
            yield from self._take(name, window.mode, window.step, value)

    def conclude(self) -> Iterator[Finding]:
        """Yield what the last pass of validation tells, if nothing came after it."""
        yield from self._take_pass(self._passes.finish())

    def _take_pass(self, means: dict[str, float]) -> Iterator[Finding]:
        for name, mean in means.items():
            yield from self._take(name, "EVAL", self._passes.ended, mean)

    def _take(self, name: str, mode: Mode, step: int, value: float) -> Iterator[Finding]:
        self._rank = min(self._rank, _rank(mode))
        loss = self._losses.setdefault((name, mode), _Loss())
        points = loss.points
        points.append((step, value))
        edge = step - self.num_steps
        while len(points) > 1 and points[1][0] <= edge - self.num_steps:
            points.popleft()
        if loss.judged < 0:
            loss.judged = points[0][0] - 1
        if step - loss.judged < self.num_steps:
            return
        loss.judged = step
        older = [point for point in points if point[0] <= edge]
        if not older:
            return
        before_edge = [each for when, each in older if when > edge - self.num_steps] or [older[-1][1]]
        recent = [each for when, each in points if when > edge]
        before, now = sum(before_edge) / len(before_edge), sum(recent) / len(recent)
        found = self._compare(loss, before, now, step, name)
        if mode == "EVAL":
            self._rhythm, self._evaluated = max(1, self._evaluated), 0
        if found is not None and _rank(mode) <= self._rank:
            found.step, found.mode = step, mode
            yield found

    def _compare(self, loss: _Loss, before: float, now: float, step: int, name: str) -> Finding | None:
        fall = _percent(before, now)
        if fall >= 0:
            loss.rises_from = None
            said = f"{name} has fallen by only {fall:.3g} % in {self.num_steps} steps"
            return Finding(said, name, fall, self.diff_percent) if fall < self.diff_percent else None
        level, since = loss.rises_from = loss.rises_from or (before, step - self.num_steps)
        rise = -_percent(level, now)
        if rise <= self.increase_threshold_percent:
            return None
        said = f"{name} has risen by {rise:.3g} % in {step - since} steps"
        return Finding(said, name, -rise, -self.increase_threshold_percent)


def _percent(before: float, now: float) -> float:
    """Return by how many percent a loss has fallen; from zero it falls or rises by 100."""
    if before:
        return 100.0 * (before - now) / abs(before)
    return 100.0 * ((now < 0) - (now > 0))


def _rank(mode: Mode) -> int:
    return _ORDER.index(mode) if mode in _ORDER else 0


def _mode(given: str) -> Mode:
    for mode in EVERY_MODE:
        if given.strip().rpartition(".")[2].upper() == mode:
            return mode
    raise UsageError(f"there is no mode {given!r}", f"choose from {', '.join(EVERY_MODE)}")
