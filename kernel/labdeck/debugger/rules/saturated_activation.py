"""Units behind tanh or sigmoid that are stuck at their ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from labdeck.debugger.rules.activity import Activity
from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_USUAL = ".*tanh_input|.*sigmoid_input"


@dataclass
class SaturatedActivation(Rule):
    """Most units of a tanh or sigmoid layer are driven to the flat ends of the function.

    Far from zero, tanh and sigmoid are flat: the slope, by which the gradient is multiplied on its way back, falls
    below 1e-7, and whatever lies before the unit stops learning. It comes from inputs or initial weights that are too
    large, from a learning rate that drives the weights up, or from a missing normalisation.

    What helps: scale the input to about mean 0 and variance 1, initialise by Glorot's rule, put a normalisation layer
    before the activation, lower the learning rate, decay the weights, or use ReLU-like activations.

    Formula: a unit is saturated if its input lies strictly between the bounds on less than `threshold_inactivity`
    percent of the samples; the rule finds a layer of whose units more than `threshold_layer` percent are saturated. The
    bounds are where the slope falls below about 1e-7 in the numbers that a float32 can tell apart. A channel of a
    convolution is one unit, and batches are added up until they hold enough samples to tell, as in DeadRelu. X. Glorot,
    Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010); the rule, its bounds
    and its parameters are SageMaker's. It needs whole inputs, so it costs more than most rules.

    Attributes:
        threshold_tanh_min, threshold_tanh_max: Between these, tanh has a slope.
        threshold_sigmoid_min, threshold_sigmoid_max: Between these, sigmoid has one.
        threshold_inactivity: Percent of samples on which the input of a unit must lie between them.
        threshold_layer: Percent of units that may be saturated.
        tensor_regex: Which tensors are inputs of tanh and sigmoid. Default: those whose names say so, and those of
            the collections `tanh_inputs` and `sigmoid_inputs`, which go by the type of the module or the function that
            is called. A LogSigmoid is none: it is flat on one side only.

    Example:
        >>> import numpy as np
        >>> from labdeck.findings.window import window_of
        >>> inputs = np.full((128, 4), 20.0); inputs[:, 0] = 1.0
        >>> [found.value for found in SaturatedActivation().judge(window_of({"tanh_input_0": inputs}))]
        [75.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "scale the input, normalise before the activation, or lower the learning rate"

    threshold_tanh_min: float = -9.4999
    threshold_tanh_max: float = 9.4999
    threshold_sigmoid_min: float = -23.0
    threshold_sigmoid_max: float = 16.99999
    threshold_inactivity: float = bounded(1.0, least=0, most=100)
    threshold_layer: float = bounded(50.0, least=0, most=100)
    tensor_regex: str | None = _USUAL
    _usual: bool = field(init=False, repr=False)
    _picker: Picker = field(init=False, repr=False)
    _activity: Activity = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        usual = self.tensor_regex in (None, _USUAL)
        self._usual = usual
        self._picker = Picker(("tanh_inputs", "sigmoid_inputs") if usual else None, self.tensor_regex or _USUAL)
        self._activity = Activity(self.threshold_inactivity)

    def needs(self) -> tuple[Need, ...]:
        """Return the inputs of tanh and sigmoid, whole."""
        needs = self._picker.needs(arrays=True, modes=("TRAIN",))
        return (*needs[:1], *(replace(each, optional=True) for each in needs[1:]))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the layers most of whose units are saturated."""
        if window.mode != "TRAIN":
            return
        for name in self._picker.names(window):
            array = window.array(name)
            if array is None or not array.size or (self._usual and "logsigmoid_input" in name.lower()):
                continue
            low, high = self._bounds(window, name)
            share = self._activity.idle_share(name, (array > low) & (array < high) | (array != array))  # noqa: PLR0124
            if share is not None and share > self.threshold_layer:
                message = f"{share:.0f} % of the units of {name} are saturated"
                yield Finding(message, name, share, self.threshold_layer)

    def _bounds(self, window: Window, name: str) -> tuple[float, float]:
        if "sigmoid_inputs" in window.info(name).collections or "sigmoid" in name.lower():
            return self.threshold_sigmoid_min, self.threshold_sigmoid_max
        return self.threshold_tanh_min, self.threshold_tanh_max
