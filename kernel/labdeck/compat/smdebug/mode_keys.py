"""The phases of a training, each with a step counter of its own."""

from __future__ import annotations

from enum import Enum


class ModeKeys(Enum):
    """A phase; GLOBAL counts the steps of all of them."""

    TRAIN = 1
    EVAL = 2
    PREDICT = 3
    GLOBAL = 4


modes = ModeKeys
"""What scripts call it."""
ALLOWED_MODES = list(ModeKeys)
ALLOWED_MODE_NAMES = [mode.name for mode in ModeKeys]


def str_to_mode_keys(mode_str: str) -> ModeKeys:
    """Return the mode of that name, in lower case.

    Raises:
        ValueError: There is none.

    Example:
        >>> str_to_mode_keys("eval")
        <ModeKeys.EVAL: 2>
    """
    for mode in ModeKeys:
        if mode.name.lower() == mode_str:
            return mode
    raise ValueError(f"{mode_str!r} is no mode: write train, eval, predict or global")
