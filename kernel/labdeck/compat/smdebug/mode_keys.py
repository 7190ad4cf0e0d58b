"""The phases of a training, each with a step counter of its own."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdeck.wire.debugging import Mode


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


_WORDS: dict[ModeKeys, Mode] = {
    ModeKeys.TRAIN: "TRAIN",
    ModeKeys.EVAL: "EVAL",
    ModeKeys.PREDICT: "PREDICT",
    ModeKeys.GLOBAL: "GLOBAL",
}


def to_mode(mode: ModeKeys) -> Mode:
    """Return the mode in Labdeck's words."""
    return _WORDS[mode]
