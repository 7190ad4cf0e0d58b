"""Tensors that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker, is_frozen
from labdeck.findings.by_layout import ByLayout
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.store.tensors.layout import Layout
from labdeck.wire.debugging import Mode

_FINGERPRINT = ("sum", "l2", "mean", "std", "min", "max")
_SAMPLE = 1000


@dataclass
class _Run:
    """Steps over which a tensor stayed close to what it was at the first of them."""

    first: NDArray[Any]
    whole: bool
    length: int = 1


@dataclass
class UnchangedTensor(Rule):
    """A tensor does not change from step to step.

    Weights that do not move are not trained: the optimizer was not given them, their gradient is zero or never comes,
    the learning rate is (by a schedule, say) zero, or `optimizer.step()` is missing. A loss that does not move tells
    the same; outputs that do not move tell that the input is always the same, or that a layer ignores it.

    What helps: compare `optimizer.param_groups` with `model.parameters()`; check `requires_grad`, the learning rate
    schedule, and that `backward` and `step` are called.

    Formula: numpy.allclose(t(i), t(0), rtol, atol, equal_nan) for the last `num_steps` recorded values, each compared
    with the first of them. Where whole arrays are missing, in a stored trial for example, a tensor counts as unchanged
    if its sum, norm, mean, deviation and extremes, as far as they were recorded, are the same to the last bit. The rule
    and its parameters are SageMaker's.

    Attributes:
        collection_names: The collections to look at; text parts them by commas. Default, without a pattern: weights,
            but those without a gradient, where others have one, are taken for frozen on purpose; and losses.
        tensor_regex: The tensors to look at, by name.
        num_steps: Values in a row that must be alike.
        rtol, atol: The differences that do not count, relative and absolute.
        equal_nan: NaN is like NaN.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = UnchangedTensor(tensor_regex="weight")
        >>> windows = [window_of({"fc.weight": [1.0, 2.0]}, step) for step in range(4)]
        >>> [window.step for window in windows for _ in rule.judge(window)]
        [2, 3]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "check that the optimizer was given this tensor, that it gets a gradient, and the learning rate"
    )

    collection_names: str | None = None
    tensor_regex: str | None = None
    num_steps: int = bounded(3, least=2)
    rtol: float = bounded(1e-5, least=0)
    atol: float = bounded(1e-8, least=0)
    equal_nan: bool = False
    _picker: Picker = field(init=False, repr=False)
    _fingerprints: ByLayout[dict[str, NDArray[np.intp]]] = field(init=False, repr=False)
    _runs: dict[tuple[str, Mode], _Run] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._picker = Picker(self.collection_names, self.tensor_regex, "weights,losses")
        self._fingerprints = ByLayout(_find_fingerprints)

    def needs(self) -> tuple[Need, ...]:
        """Return the tensors, whole."""
        return (*self._picker.needs(arrays=True, optional=True), *self._picker.there())

    def rhythm(self) -> int:
        """Return every how many steps it can find something: after a change it must wait for so many."""
        return self.num_steps

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the tensors that have been alike for long enough."""
        skips_frozen = not (self.collection_names or self.tensor_regex)
        for name in self._picker.names(window):
            if skips_frozen and is_frozen(window, name):
                continue
            value = self._value(window, name)
            if value is None:
                continue
            run = self._runs.get((name, window.mode))
            if run is None or run.whole != value[1] or not self._alike(run, value[0]):
                self._runs[name, window.mode] = _Run(np.array(value[0]), value[1])
                continue
            run.length += 1
            if run.length >= self.num_steps:
                yield Finding(f"{name} has not changed in {run.length} steps", name, run.length, self.num_steps)

    def _value(self, window: Window, name: str) -> tuple[NDArray[Any], bool] | None:
        """Return what stands for a tensor, and whether that is the tensor itself."""
        array = window.array(name)
        if array is not None:
            return (array, True) if array.size else None
        place = window.layout.place(name, "value")
        if place is not None:
            return window.numbers[place : place + 1], True
        known = self._fingerprints(window.layout)[name]
        return (window.numbers[known], False) if len(known) else None

    def _alike(self, run: _Run, value: NDArray[Any]) -> bool:
        first = run.first
        if first.shape != value.shape:
            return False
        if not run.whole:
            return bool(np.array_equal(first, value))
        head = value.reshape(-1)[:_SAMPLE], first.reshape(-1)[:_SAMPLE]
        return self._close(*head) and (value.size <= _SAMPLE or self._close(value, first))

    def _close(self, value: NDArray[Any], first: NDArray[Any]) -> bool:
        with np.errstate(invalid="ignore"):
            return bool(np.allclose(value, first, rtol=self.rtol, atol=self.atol, equal_nan=self.equal_nan))


def _find_fingerprints(layout: Layout) -> dict[str, NDArray[np.intp]]:
    """Return where the reductions stand that tell whether a tensor has changed, by tensor."""
    found = {name: [layout.place(name, reduction) for reduction in _FINGERPRINT] for name in layout.names}
    return {name: np.array([each for each in places if each is not None], np.intp) for name, places in found.items()}
