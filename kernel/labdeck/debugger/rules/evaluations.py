"""Losses of training and of validation, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode


class Passes:
    """Puts the steps of a mode together to passes: steps in a row, without a step of another mode between them.

    The loss of one batch of validation says little, and 40 batches of one pass do not tell whether it falls.

    Attributes:
        ended: The last step of the pass that was over last.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.ended = 0
        self._step = self._offset = self._count = 0
        self._sum = 0.0

    def take(self, window: Window, value: float | None) -> float | None:
        """Take in a step of any mode; return the mean of the pass that is over by it, None if none is."""
        done = None
        offset = window.global_step - window.step
        if self._count and (window.mode != self.mode or offset != self._offset):
            done = self._sum / self._count
            self.ended, self._sum, self._count = self._step, 0.0, 0
        if window.mode == self.mode and value is not None:
            self._offset, self._step = offset, window.step
            self._sum += value
            self._count += 1
        return done


class Evaluation(NamedTuple):
    """One evaluation: the mean loss of training since the one before, and that of validation.

    Attributes:
        train, validation: The losses.
        step: Of TRAIN, the latest.
        tensor: The loss of validation, by its name in the windows; a network has one loss for both.
        train_tensor: The loss of training.
    """

    train: float
    validation: float
    step: int
    tensor: str
    train_tensor: str


class Evaluations:
    """Finds the evaluations of a training.

    Of networks: a pass in mode EVAL, with the steps of TRAIN before it. Of boosters: a step at which losses of several
    data sets were recorded, "train-rmse" and "validation-rmse" for example.

    Attributes:
        rhythm: Steps between the latest evaluation and the one before it, of those that were taken in.
    """

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._passes = Passes("EVAL")
        self._validated = ""
        self._sum = 0.0
        self._count = 0
        self._tensor = ""
        self._train_step = 0
        self._taken = 0
        self.rhythm = 1

    def take(self, window: Window) -> Iterator[Evaluation]:
        """Take in a step; yield the evaluations that are complete by it."""
        values = self._picker.finite(window)
        boosted = list(_boosted(values, window.step)) if window.mode in ("TRAIN", "GLOBAL") else []
        if boosted:
            yield from boosted
            return
        self._taken += window.mode == "TRAIN"
        mean = sum(values.values()) / len(values) if values else None
        if values and window.mode == "EVAL":
            self._validated = next(iter(values))
        done = self._passes.take(window, mean)
        if done is not None and self._count:
            self.rhythm, self._taken = max(1, self._taken), 0
            tensor = self._validated or self._tensor
            yield Evaluation(self._sum / self._count, done, self._train_step, tensor, self._tensor)
            self._sum, self._count = 0.0, 0
        if mean is not None and window.mode == "TRAIN":
            self._sum += mean
            self._count += 1
            self._tensor, self._train_step = next(iter(values)), window.step


def _boosted(values: dict[str, float], step: int) -> Iterator[Evaluation]:
    trains: dict[str, tuple[str, float]] = {}
    for name, value in values.items():
        dataset, dash, metric = name.rpartition("-")
        if dash and dataset.lower().startswith(("train", "dtrain")):
            trains.setdefault(metric, (name, value))
    for name, value in values.items():
        dataset, dash, metric = name.rpartition("-")
        if dash and metric in trains and not dataset.lower().startswith(("train", "dtrain")):
            train_tensor, train = trains[metric]
            yield Evaluation(train, value, step, name, train_tensor)
