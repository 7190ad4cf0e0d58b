"""Tensors that hold NaN or infinity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.not_finite import COUNTED, USUAL, Bad, NotFinite
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window


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
