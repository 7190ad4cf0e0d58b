"""The series colours: one list, and the rule by which a trial gets its colour.

`labextension/src/parts/palette.ts` follows the same rule with the same list; a test compares the two.

The list was found by searching the sRGB cube for ten colours that stand out from white and from JupyterLab's dark
background (#212121) at a contrast of at least 3 to 1 each (WCAG 2.2, success criterion 1.4.11), and that differ most
from each other in OKLab distance, as seen with normal vision and with simulated protanopia and deuteranopia (matrices
of Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009,
severity 1).
"""

from __future__ import annotations

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


def trial_colour(number: int) -> str:
    """Return the colour of a trial, "#rrggbb", the same wherever the trial is shown.

    Args:
        number: The trial's number within its experiment, from 1. Ten trials in a row differ; then a new round begins.

    Example:
        >>> trial_colour(1), trial_colour(11)
        ('#1e5aff', '#1e5aff')
    """
    return SERIES_COLOURS[(number - 1) % len(SERIES_COLOURS)]
