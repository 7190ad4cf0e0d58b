"""Losses of training and of validation, side by side: each loss with itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode

_PHASE = re.compile(r"(?i)(?:^|(?<=[/_. -]))(?:train|training|val|valid|validation|test|eval)(?:[/_. -]|$)")


class Means:
    """The mean of each of several losses; not each of them is there at each step."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Take in the losses of one step."""
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value, count + 1

    def take(self) -> dict[str, float]:
        """Return the means, and begin anew."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means


class Passes:
    """Puts the steps of a mode together to passes: steps in a row, without a step of another mode between them.

    The loss of one batch of validation says little, and 40 batches of one pass do not tell whether it falls.

    Attributes:
        ended: The last step of the pass that was over last.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.ended = 0
        self._step = self._offset = 0
        self._means = Means()

    def take(self, window: Window, values: Mapping[str, float]) -> dict[str, float]:
        """Take in a step of any mode; return the mean of each loss over the pass that is over by it, if one is."""
        offset = window.global_step - window.step
        done = self.finish() if window.mode != self.mode or offset != self._offset else {}
        if window.mode == self.mode and values:
            self._offset, self._step = offset, window.step
            self._means.add(values)
        return done

    def finish(self) -> dict[str, float]:
        """Return the mean of each loss over the pass that goes on, which ends here."""
        self.ended = self._step
        return self._means.take()


class Evaluation(NamedTuple):
    """One evaluation of one loss: its mean in training since the one before, and that in validation.

    Attributes:
        train, validation: The losses.
        first: The loss of training as it was first.
        step, mode: The latest of training.
        tensor: The loss of validation, by its name in the windows.
        train_tensor: The loss of training; a network has one name for both.
    """

    train: float
    validation: float
    first: float
    step: int
    mode: Mode
    tensor: str
    train_tensor: str


class Evaluations:
    """Finds the evaluations of a training.

    Of networks: a pass in mode EVAL, with the steps of TRAIN before it. Of boosters: a step at which losses of several
    data sets were recorded, "train-rmse" and "validation-rmse" for example. A loss is compared with itself alone, by
    its name, in which words like "train" and "val" do not count: one that is computed in training only, such as that of
    a discriminator, has nothing to be compared with.

    Attributes:
        rhythm: Steps between the latest evaluation and the one before it, of those that were taken in.
    """

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._passes = Passes("EVAL")
        self._means = Means()
        self._firsts: dict[str, float] = {}
        self._train_step = 0
        self._taken = 0
        self.rhythm = 1

    def take(self, window: Window) -> Iterator[Evaluation]:
        """Take in a step; yield the evaluations that are complete by it."""
        values = self._picker.finite(window)
        if window.mode in ("TRAIN", "GLOBAL"):
            for name, value in values.items():
                self._firsts.setdefault(name, value)
            pairs = _boosted(values)
            if pairs:
                for train, other in pairs:
                    yield self._evaluation(values[train], values[other], window.step, window.mode, other, train)
                return
        self._taken += window.mode == "TRAIN"
        yield from self._compare(self._passes.take(window, values))
        if values and window.mode == "TRAIN":
            self._means.add(values)
            self._train_step = window.step

    def finish(self) -> Iterator[Evaluation]:
        """Yield the evaluations that are complete because the training has ended."""
        yield from self._compare(self._passes.finish())

    def _compare(self, validations: Mapping[str, float]) -> Iterator[Evaluation]:
        trains = self._means.take() if validations else {}
        if not trains:
            return
        self.rhythm, self._taken = max(1, self._taken), 0
        plain = {_plain(name): name for name in reversed(trains)}
        for name, validation in validations.items():
            train = name if name in trains else plain.get(_plain(name))
            if train is not None:
                yield self._evaluation(trains[train], validation, self._train_step, "TRAIN", name, train)

    def _evaluation(
        self, train: float, validation: float, step: int, mode: Mode, tensor: str, train_tensor: str
    ) -> Evaluation:
        return Evaluation(train, validation, self._firsts[train_tensor], step, mode, tensor, train_tensor)


def _plain(name: str) -> str:
    """Return the name of a loss without the words that tell training from validation.

    Example:
        >>> _plain("train_loss"), _plain("val/loss"), _plain("loss/validity"), _plain("epoch-test-mae")
        ('loss', 'loss', 'loss/validity', 'epoch-mae')
    """
    return _PHASE.sub("", name).strip("/_. -")


def _boosted(values: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return the losses of boosters that belong together: that of training, and that of another data set."""
    trains: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for name in values:
        dataset, dash, metric = name.rpartition("-")
        if dash and dataset.lower().startswith(("train", "dtrain")):
            trains.setdefault(metric, name)
        elif dash:
            others.append((metric, name))
    return [(trains[metric], name) for metric, name in others if metric in trains]
