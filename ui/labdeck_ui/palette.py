"""The series colours: one list, and the rule by which a trial gets its colour.

`labextension/src/parts/palette.ts` follows the same rule with the same list; a test compares the two.

The list was found by searching the sRGB cube for ten colours that stand out from white and from JupyterLab's dark
background (#212121) at a contrast of at least 3 to 1 each (WCAG 2.2, success criterion 1.4.11), and that differ most
from each other in OKLab distance, as seen with normal vision and with simulated protanopia and deuteranopia (matrices
of Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009,
severity 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SERIES_COLOURS = (
    "#1e5aff",
    "#b44b00",
    "#3c784b",
    "#ff3cd2",
    "#a59600",
    "#a578ff",
    "#f06978",
    "#1e96c3",
    "#b40fd2",
    "#875a96",
)


def trial_colour(trial_id: str) -> str:
    """Return the colour of a trial seen alone: its last six hexadecimal digits, modulo the length of the list.

    Example:
        >>> trial_colour("0" * 31 + "1")
        '#b44b00'
    """
    return SERIES_COLOURS[_preferred(trial_id)]


def trial_colours(trial_ids: Iterable[str]) -> dict[str, str]:
    """Return the colours of trials seen together: each its own, unless an older trial among them has it already.

    Trials are served in the order of their ids, which is the order in which they were made, however they are
    given. A trial whose colour is taken gets the next free one of the list; when all are taken, a new round begins.

    Returns:
        From trial id to "#rrggbb", in the order of the ids.

    Example:
        >>> trial_colours(["0" * 32, "1" + "0" * 31])
        {'00000000000000000000000000000000': '#1e5aff', '10000000000000000000000000000000': '#b44b00'}
    """
    colours: dict[str, str] = {}
    taken: set[int] = set()
    for trial_id in sorted(set(trial_ids)):
        if len(taken) == len(SERIES_COLOURS):
            taken.clear()
        index = _preferred(trial_id)
        while index in taken:
            index = (index + 1) % len(SERIES_COLOURS)
        taken.add(index)
        colours[trial_id] = SERIES_COLOURS[index]
    return colours


def _preferred(trial_id: str) -> int:
    return int(trial_id[-6:], 16) % len(SERIES_COLOURS)
