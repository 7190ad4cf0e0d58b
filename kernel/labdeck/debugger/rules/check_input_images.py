"""Images that were not normalised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_LEAST_AXES = 3


@dataclass
class _Sum:
    images: int
    total: NDArray[np.float64]
    numbers: int


@dataclass
class CheckInputImages(Rule):
    """The images that enter the model are not centred around zero.

    What goes wrong: with inputs that are all positive, or hundreds large, the gradients of the first layer's weights
    all point the same way and are out of scale; training is slow or does not get off the ground.

    What to do: subtract the mean and divide by the standard deviation of each channel over the training set
    (`torchvision.transforms.Normalize`), with the same numbers in evaluation.

    Formula: once `threshold_samples` images were seen, `|mean of a channel| > threshold_mean` over all of them, for
    some channel. It is judged once. This is what SageMaker Debugger documents.

    Attributes:
        threshold_mean: Largest absolute mean of a channel.
        threshold_samples: Images that are gathered before they are judged.
        regex: Names of the tensors with the images; default the first input of the whole model, whose name begins with
            the model's class: "Net_input_0".
        channel: The axis of the channels: 1 of (images, channels, height, width).

    Example:
        >>> from labdeck.findings.window import window_of
        >>> images = np.full((500, 3, 4, 4), 128, np.uint8)
        >>> [found.value for found in CheckInputImages().judge(window_of({"Net_input_0": images}))]
        [128.0]
    """

    remedy = "subtract each channel's mean and divide by its standard deviation before the images enter the model"

    threshold_mean: float = bounded(0.2, least=0)
    threshold_samples: int = bounded(500, least=1)
    regex: str = r".*hybridsequential0_input_0|(?:^|/)[A-Z]\w*_input_0$"
    channel: int = 1
    _sums: dict[str, _Sum] = field(default_factory=dict, init=False, repr=False, compare=False)
    _judged: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def needs(self) -> tuple[Need, ...]:
        """The images, whole, until enough were seen."""
        return (Need(regex=self.regex, arrays=True, modes=("TRAIN", "GLOBAL"), first=max(self.threshold_samples, 1)),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Add up; judge once enough was added up."""
        if window.mode not in {"TRAIN", "GLOBAL"}:
            return
        for name in window.select(regex=self.regex):
            images = window.array(name)
            if images is not None and name not in self._judged:
                yield from self._add(name, images)

    def _add(self, name: str, images: NDArray[Any]) -> Iterator[Finding]:
        if images.ndim < _LEAST_AXES or not images.size:
            return
        if not -images.ndim <= self.channel < images.ndim:
            raise UsageError(
                f"{name} has {images.ndim} axes, so none is {self.channel}", "correct the parameter channel"
            )
        at = self.channel % images.ndim
        others = tuple(axis for axis in range(images.ndim) if axis != at)
        sums = images.sum(axis=others, dtype=np.float64)
        known = self._sums.get(name)
        if known is None or known.total.shape != sums.shape:
            known = _Sum(0, np.zeros_like(sums), 0)
        known = _Sum(known.images + len(images), known.total + sums, known.numbers + images.size // len(sums))
        self._sums[name] = known
        if known.images < self.threshold_samples:
            return
        self._judged.add(name)
        means = known.total / known.numbers
        worst = int(np.nanargmax(np.abs(means))) if np.isfinite(means).any() else 0
        if not abs(means[worst]) <= self.threshold_mean:
            said = f"the mean of channel {worst} is {means[worst]:.3g} over {known.images:,} images"
            yield Finding(said, name, float(means[worst]), self.threshold_mean)
