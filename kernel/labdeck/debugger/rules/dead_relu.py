"""Units behind a ReLU that never answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from labdeck.debugger.rules.activity import Activity
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_USUAL = ".*relu_output"
_LEAKY = re.compile(r"(leaky_?|\bp|\br|_p|_r)relu_output", re.IGNORECASE)
"""Names of outputs of activations that are called alike and cannot die."""


@dataclass
class DeadRelu(Rule):
    """Most units of a ReLU layer are zero for every sample.

    A ReLU passes no gradient where its input is negative. A unit whose input is negative for all samples therefore gets
    no gradient from any of them and stays as it is for good: it is dead, and the network is smaller than it looks. It
    happens when one large step pushes the biases far below zero: the learning rate is too high, the input is not
    centred, or the initial biases are negative.

    What helps: a lower learning rate or warm-up, LeakyReLU, ELU or GELU in place of ReLU, He initialisation with biases
    of zero, and normalisation before the activation.

    Formula: a unit is dead if it is above zero on less than `threshold_inactivity` percent of the samples; the rule
    finds a layer of whose units more than `threshold_layer` percent are dead. A channel of a convolution is one unit,
    active on a sample if it is above zero anywhere. Batches are added up until they hold enough samples to tell (100,
    for one percent). The rule and its parameters are SageMaker's; L. Lu et al., "Dying ReLU and initialization" (2019).
    It needs whole outputs, so it costs more than most rules.

    Attributes:
        tensor_regex: Which tensors are outputs of ReLUs. Default: those whose names say so, and those of the
            collection `relu_outputs`, which goes by the type of the module or the function that is called. A LeakyReLU
            is none.
        threshold_inactivity: Percent of samples on which a unit must be active.
        threshold_layer: Percent of units that may be dead.

    Example:
        >>> import numpy as np
        >>> from labdeck.findings.window import window_of
        >>> outputs = np.zeros((128, 4)); outputs[:, 0] = 1.0
        >>> [found.value for found in DeadRelu().judge(window_of({"relu_output_0": outputs}))]
        [75.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "lower the learning rate, or use LeakyReLU or GELU in place of ReLU"

    tensor_regex: str | None = _USUAL
    threshold_inactivity: float = bounded(1.0, least=0, most=100)
    threshold_layer: float = bounded(50.0, least=0, most=100)
    _usual: bool = field(init=False, repr=False)
    _picker: Picker = field(init=False, repr=False)
    _activity: Activity = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        usual = self.tensor_regex in (None, _USUAL)
        self._usual = usual
        self._picker = Picker("relu_outputs" if usual else None, self.tensor_regex or _USUAL)
        self._activity = Activity(self.threshold_inactivity)

    def needs(self) -> tuple[Need, ...]:
        """Return the outputs of ReLUs, whole."""
        return self._picker.needs(arrays=True, modes=("TRAIN",))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the layers most of whose units are dead."""
        if window.mode != "TRAIN":
            return
        for name in self._picker.names(window):
            array = window.array(name)
            if array is None or not array.size or (self._usual and _is_leaky(window, name)):
                continue
            share = self._activity.idle_share(name, array > 0)
            if share is not None and share > self.threshold_layer and not np.isnan(array).any():
                yield Finding(f"{share:.0f} % of the units of {name} are dead", name, share, self.threshold_layer)


def _is_leaky(window: Window, name: str) -> bool:
    return _LEAKY.search(name) is not None and "relu_outputs" not in window.info(name).collections
