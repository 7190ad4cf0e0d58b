"""Tensors that hold NaN or infinity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isfinite, isinf, isnan, nan
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.store.tensors.given import is_given
from labdeck.store.tensors.layout import Layout

USUAL = ("losses", "gradients", "weights", "biases", "optimizer", "inputs", "labels", "outputs", "predictions")
"""Collections whose tensors are finite in a healthy training; ratios, times and trees need not be."""
COUNTED = ("gradients", "weights", "biases")
"""Those of which NaN and infinity are counted for this."""
_ALWAYS = {"weights", "biases"}
"""Collections whose tensors exist at every step; of others, NaN in every reduction may mean that there was none."""
_TELLING = ("l2", "abs_l2", "l1", "abs_l1", "abs_max", "abs_mean", "abs_sum", "mean", "sum")
"""Reductions that are not finite exactly if something of the tensor is not, the clearest first; else both extremes."""
_EXTREMES = ("max", "min")


class Bad(NamedTuple):
    """A tensor that is not finite: whether it holds NaN and infinities, and one of them, NaN before infinity."""

    name: str
    has_nan: bool
    value: float


class _Places(NamedTuple):
    layout: Layout
    counted: tuple[str, ...]
    nans: NDArray[np.intp]
    infs: NDArray[np.intp]
    told: tuple[str, ...]
    telling: NDArray[np.intp]
    scalars: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]


class NotFinite:
    """Finds the tensors of a window that hold NaN or infinity, by their counts, else by what else is known of them.

    NaN also stands for a loss that there is not at a step. One that was measured is marked (see `given`); without a
    mark it is believed to be one if the loss was finite before, if other tensors are not finite either, or if there are
    no gradients that could tell; while the model is evaluated, only if its origin is known.
    """

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._memory: dict[int, _Places] = {}
        self._were_finite: set[str] = set()

    def look(self, window: Window) -> list[Bad]:
        """Return the chosen tensors that are not finite, in the order of the window."""
        places = self._places(window)
        numbers = window.numbers
        bad: dict[str, Bad] = {}
        counts = numbers[places.nans], numbers[places.infs]
        for at in np.flatnonzero((counts[0] > 0) | (counts[1] > 0)):
            bad[places.counted[at]] = _bad(places.counted[at], bool(counts[0][at] > 0))
        told = numbers[places.telling]
        for at in np.flatnonzero(~np.isfinite(told)):
            value = float(told[at])
            if isinf(value) or _exists(window, places.told[at]):
                bad[places.told[at]] = Bad(places.told[at], isnan(value), value)
        for name in places.unknown:
            array = window.array(name)
            if array is not None and array.dtype.kind in "fc" and not np.isfinite(array).all():
                bad[name] = _bad(name, bool(np.isnan(array).any()))
        for name, place in places.scalars:
            value = float(numbers[place])
            if isfinite(value):
                self._were_finite.add(name)
            elif is_given(value) or self._is_believed(window, name, others=bool(bad)):
                bad[name] = Bad(name, isnan(value), value)
        return [bad[name] for name in self._picker.names(window) if name in bad] if bad else []

    def _is_believed(self, window: Window, name: str, *, others: bool) -> bool:
        if window.mode in ("EVAL", "PREDICT"):
            return bool(window.origins)
        return others or name in self._were_finite or not window.select("gradients")

    def _places(self, window: Window) -> _Places:
        layout = window.layout
        found = self._memory.get(id(layout))
        if found is None:
            if len(self._memory) >= 64:  # noqa: PLR2004 - few layouts alternate
                self._memory.clear()
            found = self._memory[id(layout)] = _arrange(layout, self._picker.names(window))
        return found


def _bad(name: str, has_nan: bool) -> Bad:
    return Bad(name, has_nan, nan if has_nan else inf)


def _exists(window: Window, name: str) -> bool:
    """Say whether a tensor, of which a reduction is NaN, is there at all."""
    if not _ALWAYS.isdisjoint(window.info(name).collections):
        return True
    columns = (window.layout.column(name, reduction) for reduction in window.layout.reductions(name))
    return any(not np.isnan(window.numbers[each.start]) for each in columns if each is not None)


def _arrange(layout: Layout, names: tuple[str, ...]) -> _Places:
    counted, told, unknown, scalars = [], [], [], []
    for name in names:
        if layout.place(name, "nan_count") is not None and layout.place(name, "inf_count") is not None:
            counted.append((name, layout.place(name, "nan_count"), layout.place(name, "inf_count")))
            continue
        value = layout.place(name, "value")
        if value is not None:
            scalars.append((name, value))
            continue
        telling = [place for each in _TELLING if (place := layout.place(name, each)) is not None][:1]
        telling = telling or [place for each in _EXTREMES if (place := layout.place(name, each)) is not None]
        told += [(name, place) for place in telling]
        if not telling:
            unknown.append(name)
    return _Places(
        layout,
        tuple(name for name, _, _ in counted),
        np.array([place for _, place, _ in counted], np.intp),
        np.array([place for _, _, place in counted], np.intp),
        tuple(name for name, _ in told),
        np.array([place for _, place in told], np.intp),
        tuple(scalars),
        tuple(unknown),
    )


@dataclass
class ExplodingTensor(Rule):
    """A tensor holds NaN or infinity.

    Once one number of a weight is not finite, the next forward pass spreads it over all the outputs, the backward pass
    over all the weights, and everything trained so far is lost: nothing recovers from it by itself. It comes from steps
    that are too large (the loss grows, then overflows), from the logarithm of zero, a division by zero or the square
    root of a negative number, from half precision beyond 65504, or from NaN in the data.

    What helps: look at the first step and the first tensor (the rule NaNOrigin names the line of source); lower the
    learning rate, clip gradients by norm, add a small constant where a logarithm, a root or a division is taken, check
    the input for NaN, and keep sums and softmax in float32.

    Formula: some |t| is infinite, or t is NaN; only NaN counts with `only_nan`. At one step there is one finding for
    the losses, one for the gradients and so on, which names the first tensor and says how many others there are:
    thousands of findings would tell no more. The rule and its parameters are SageMaker's.

    Attributes:
        collection_names: Look only at the tensors of these collections; text parts them by commas.
        tensor_regex: Look only at tensors whose names this finds. Default: all recorded losses, gradients, weights,
            biases, inputs, labels, outputs, predictions and states of the optimizer; of gradients, weights and biases
            NaN and infinity are counted for it.
        only_nan: Take no offence at infinities.

    Example:
        >>> import numpy as np
        >>> from labdeck.findings.window import window_of
        >>> window = window_of({"gradient/a.weight": [1.0, np.nan], "gradient/b.weight": [np.inf], "loss": 2.0})
        >>> [found.message for found in ExplodingTensor().judge(window)]
        ['gradient/a.weight holds NaN, as does 1 more of the gradients']
    """

    severity: ClassVar = "error"
    remedy: ClassVar[str] = (
        "lower the learning rate or clip the gradients, and guard logarithms, roots and divisions against zero"
    )

    collection_names: str | None = None
    tensor_regex: str | None = None
    only_nan: bool = False
    _picker: Picker = field(init=False, repr=False)
    _not_finite: NotFinite = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self._picker = Picker(self.collection_names, self.tensor_regex, USUAL)
        self._not_finite = NotFinite(self._picker)

    def needs(self) -> tuple[Need, ...]:
        """Return the counts of NaN and infinity."""
        if self.collection_names or self.tensor_regex:
            return (*self._picker.needs("nan_count", "inf_count", optional=True), *self._picker.there())
        return (*Picker(COUNTED).needs("nan_count", "inf_count", optional=True), *self._picker.there(optional=True))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the first tensor of each kind that is not finite."""
        kinds: dict[str, list[Bad]] = {}
        for bad in self._not_finite.look(window):
            if bad.has_nan or not self.only_nan:
                collections = window.info(bad.name).collections
                kinds.setdefault(collections[0] if collections else "tensors", []).append(bad)
        for kind, found in kinds.items():
            first = found[0]
            others = len(found) - 1
            more = f", as {'does' if others == 1 else 'do'} {others} more of the {kind}" if others else ""
            what = "NaN" if first.has_nan else "infinity"
            origin = window.origins.get(first.name, "")
            message = f"{first.name} holds {what}{more}"
            yield Finding(message, first.name, first.value, origin=origin)
