"""How rules choose the tensors they look at, quickly for windows that look alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.errors import UsageError
from labdeck.findings.by_layout import ByLayout
from labdeck.findings.rule import Need
from labdeck.findings.window import Window
from labdeck.store.tensors.layout import Layout
from labdeck.wire.debugging import Mode

EVERY_MODE: tuple[Mode, ...] = ("TRAIN", "EVAL", "PREDICT", "GLOBAL")
Texts = str | tuple[str, ...] | list[str] | None
"""Names or patterns: one text, several parted by commas, or a sequence."""

_SPLIT = re.compile(r",(?![^()\[\]{}]*[)\]}])")


def texts(given: Texts) -> tuple[str, ...]:
    """Return names or patterns one by one; commas within brackets part nothing.

    Example:
        >>> texts("weights, gradients"), texts("fc[1,2],conv{1,3}"), texts(None)
        (('weights', 'gradients'), ('fc[1,2]', 'conv{1,3}'), ())
    """
    if given is None:
        return ()
    parts = _SPLIT.split(given) if isinstance(given, str) else [str(part) for part in given]
    return tuple(part.strip() for part in parts if part.strip())


def join(given: Texts) -> str:
    """Return one pattern that finds what any of several patterns finds, "" for none; UsageError for a broken one."""
    patterns = texts(given)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{pattern!r} is no regular expression: {error}", "correct it") from None
    return patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)


def is_frozen(window: Window, name: str) -> bool:
    """Say whether a parameter has no gradient at a step, although others have one."""
    if window.has(f"gradient/{name}") or not window.select("gradients"):
        return False
    return not window.has(name) or not {"weights", "biases"}.isdisjoint(window.info(name).collections)


def is_bias(window: Window, name: str) -> bool:
    """Say whether a parameter is a bias, by its collection or its name."""
    return name.endswith("bias") or (window.has(name) and "biases" in window.info(name).collections)


class Picker:
    """Chooses tensors of windows: those of some collections and those whose names a pattern finds; none is empty.

    Args:
        collections: Names of collections.
        patterns: Regular expressions.
        otherwise: Collections to take if neither is given.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> picker = Picker("gradients")
        >>> picker.read(window_of({"gradient/w": [1.0, -3.0], "w": [5.0]}), "abs_mean")
        (('gradient/w',), array([2.]))
    """

    def __init__(self, collections: Texts = None, patterns: Texts = None, otherwise: Texts = None) -> None:
        self.pattern = join(patterns)
        self.collections = texts(collections)
        if not self.pattern and not self.collections:
            self.collections = texts(otherwise)
        self._remember = ByLayout(self._choose)

    def needs(
        self,
        *reductions: str,
        arrays: bool = False,
        modes: Iterable[Mode] = EVERY_MODE,
        first: int | None = None,
        optional: bool = False,
    ) -> tuple[Need, ...]:
        """Return the needs of a rule that looks at these tensors; the pattern goes with the first collection."""
        rest: dict[str, Any] = {"reductions": reductions, "arrays": arrays, "modes": tuple(modes)}
        rest |= {"first": first, "optional": optional}
        if not self.collections and not self.pattern:
            return ()
        first_one, *others = self.collections or ("",)
        found = [Need(collection=first_one, regex=self.pattern, **rest)]
        return (*found, *(Need(collection=name, **rest) for name in others))

    def there(self, *, optional: bool = False) -> tuple[Need, ...]:
        """Return that these tensors concern a rule whatever is known of them: scalars have no reductions."""
        return self.needs(optional=optional)

    def finite(self, window: Window) -> dict[str, float]:
        """Return the chosen scalars that are finite; NaN may mean that there is none at this step."""
        names, values = self.read(window, "value")
        return {name: value for name, value in zip(names, values.tolist(), strict=True) if isfinite(value)}

    def names(self, window: Window) -> tuple[str, ...]:
        """Return the chosen tensors of a window, in its order; the same object for windows that look alike."""
        return self.of(window.layout)

    def of(self, layout: Layout) -> tuple[str, ...]:
        """Return the chosen tensors of all windows that look alike."""
        return self._remember(layout, "")

    def read(self, window: Window, reduction: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Return the chosen tensors of which a reduction is known, and it, float64 (n,).

        What was recorded comes first, then what is computed of whole arrays.
        """
        recorded = self._remember(window.layout, reduction)
        values = window.values(recorded, reduction) if recorded else np.empty(0)
        if not window.arrays:
            return recorded, values
        others = tuple(
            name
            for name in self.names(window)
            if name in window.arrays and window.layout.column(name, reduction) is None
        )
        if not others:
            return recorded, values
        return recorded + others, np.concatenate([values, [window.value(name, reduction) for name in others]])

    def _choose(self, layout: Layout, reduction: str) -> tuple[str, ...]:
        chosen: set[str] = set()
        for collection in self.collections:
            chosen.update(layout.select(collection))
        if self.pattern:
            chosen.update(layout.select(regex=self.pattern))
        if reduction:
            chosen = {name for name in chosen if layout.column(name, reduction) is not None}
        # Of a tensor without elements nothing can be said, least of all that it is zero throughout.
        return tuple(name for name in layout.names if name in chosen and 0 not in layout.by_name[name].shape)
