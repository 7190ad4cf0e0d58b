"""Which metric stands for a trial when nobody said."""

from __future__ import annotations

import pytest

from labdeck.store.objective import choose_objective
from labdeck.wire.records import Objective


@pytest.mark.parametrize(
    ("names", "metric", "goal"),
    [
        (["train:loss", "test:loss", "test:accuracy"], "test:accuracy", "max"),
        (["train_acc", "val_loss"], "val_loss", "min"),
        (["train/loss", "train/accuracy"], "train/accuracy", "max"),
        (["lr", "loss"], "loss", "min"),
        (["lr", "epoch"], "lr", "max"),
        (["val_loss", "test_loss"], "val_loss", "min"),
        (["Validation Accuracy", "x"], "Validation Accuracy", "max"),
        (["gloss", "accurate"], "gloss", "max"),
        (["eval/f1_score", "eval/error_rate"], "eval/f1_score", "max"),
        (["", "🧪"], "", "max"),
    ],
)
def test_the_guess(names, metric, goal):
    assert choose_objective(names, None) == Objective(metric=metric, goal=goal)


def test_nothing_to_choose_from():
    assert choose_objective([], None) is None


def test_the_choice_of_the_user_wins_even_before_its_first_point():
    chosen = Objective(metric="mine", goal="min")
    assert choose_objective(["test:accuracy"], chosen) is chosen
    assert choose_objective([], chosen) is chosen
