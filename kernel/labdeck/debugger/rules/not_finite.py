"""Which tensors of a step hold NaN or infinity."""

from __future__ import annotations

from math import inf, isfinite, isinf, isnan, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.by_layout import ByLayout
from labdeck.findings.window import Window
from labdeck.store.tensors.given import is_given
from labdeck.store.tensors.layout import Layout

USUAL = ("losses", "gradients", "weights", "biases", "optimizer", "inputs", "labels", "outputs", "predictions")
"""Collections whose tensors are finite in a healthy training; ratios, times and trees need not be."""
COUNTED = ("gradients", "weights", "biases")
"""Those of which NaN and infinity are counted for this."""
_ALWAYS = {"weights", "biases"}
"""Collections whose tensors exist at every step; of others, NaN in every reduction may mean that there was none."""
_TELLING = ("l2", "abs_l2", "l1", "abs_l1", "abs_max", "abs_mean", "abs_sum", "mean", "sum")
"""Reductions that are not finite exactly if something of the tensor is not, the clearest first; else both extremes."""
_EXTREMES = ("max", "min")


class Bad(NamedTuple):
    """A tensor that is not finite: whether it holds NaN and infinities, and one of them, NaN before infinity."""

    name: str
    has_nan: bool
    value: float


class _Places(NamedTuple):
    counted: tuple[str, ...]
    nans: NDArray[np.intp]
    infs: NDArray[np.intp]
    told: tuple[str, ...]
    telling: NDArray[np.intp]
    scalars: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]


class NotFinite:
    """Finds the tensors of a window that hold NaN or infinity, by their counts, else by what else is known of them.

    NaN also stands for a loss that there is not at a step; only one that is marked as measured (see `given`) counts.
    """

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._places = ByLayout(lambda layout: _arrange(layout, picker.of(layout)))

    def look(self, window: Window) -> list[Bad]:
        """Return the chosen tensors that are not finite, in the order of the window."""
        places = self._places(window.layout)
        numbers = window.numbers
        bad: dict[str, Bad] = {}
        counts = numbers[places.nans], numbers[places.infs]
        for at in np.flatnonzero((counts[0] > 0) | (counts[1] > 0)):
            bad[places.counted[at]] = _bad(places.counted[at], bool(counts[0][at] > 0))
        told = numbers[places.telling]
        for at in np.flatnonzero(~np.isfinite(told)):
            value = float(told[at])
            if isinf(value) or _exists(window, places.told[at]):
                bad[places.told[at]] = Bad(places.told[at], isnan(value), value)
        for name in places.unknown:
            array = window.array(name)
            if array is not None and array.dtype.kind in "fc" and not np.isfinite(array).all():
                bad[name] = _bad(name, bool(np.isnan(array).any()))
        for name, place in places.scalars:
            value = float(numbers[place])
            if not isfinite(value) and is_given(value):
                bad[name] = Bad(name, isnan(value), value)
        return [bad[name] for name in self._picker.names(window) if name in bad] if bad else []


def _bad(name: str, has_nan: bool) -> Bad:
    return Bad(name, has_nan, nan if has_nan else inf)


def _exists(window: Window, name: str) -> bool:
    """Say whether a tensor, of which a reduction is NaN, is there at all."""
    if not _ALWAYS.isdisjoint(window.info(name).collections):
        return True
    columns = (window.layout.column(name, reduction) for reduction in window.layout.reductions(name))
    return any(not np.isnan(window.numbers[each.start]) for each in columns if each is not None)


def _arrange(layout: Layout, names: tuple[str, ...]) -> _Places:
    counted, told, unknown, scalars = [], [], [], []
    for name in names:
        if layout.place(name, "nan_count") is not None and layout.place(name, "inf_count") is not None:
            counted.append((name, layout.place(name, "nan_count"), layout.place(name, "inf_count")))
            continue
        value = layout.place(name, "value")
        if value is not None:
            scalars.append((name, value))
            continue
        telling = [place for each in _TELLING if (place := layout.place(name, each)) is not None][:1]
        telling = telling or [place for each in _EXTREMES if (place := layout.place(name, each)) is not None]
        told += [(name, place) for place in telling]
        if not telling:
            unknown.append(name)
    return _Places(
        tuple(name for name, _, _ in counted),
        np.array([place for _, place, _ in counted], np.intp),
        np.array([place for _, _, place in counted], np.intp),
        tuple(name for name, _ in told),
        np.array([place for _, place in told], np.intp),
        tuple(scalars),
        tuple(unknown),
    )
