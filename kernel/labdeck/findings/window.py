"""What a rule sees: one recorded step of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.findings.reductions import reduce
from labdeck.store.tensors.frames import Moment
from labdeck.store.tensors.given import given
from labdeck.store.tensors.layout import Layout, TensorInfo, make_layout
from labdeck.wire.debugging import Mode


class Window:
    """One step of one mode: the reductions and the whole arrays that are known of it.

    Args:
        moment: When.
        layout: What the numbers mean.
        values: float64, shape (layout.width,).
        arrays: Whole arrays by tensor, of numpy or what `numpy.asarray` takes; they are valid only during `judge`.
        origins: The line of source that made a tensor, by tensor, as far as it is known.

    Example:
        >>> window = window_of({"loss": 0.5, "gradient/w": np.array([1e-9, -1e-9])}, step=3)
        >>> window.step, window.value("loss"), window.value("gradient/w", "abs_mean")
        (3, 0.5, 1e-09)
    """

    def __init__(
        self,
        moment: Moment,
        layout: Layout,
        values: NDArray[np.float64],
        arrays: Mapping[str, Any] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.moment = moment
        self.layout = layout
        self.numbers = values
        self.arrays: Mapping[str, Any] = {} if arrays is None else arrays
        self.origins: Mapping[str, str] = {} if origins is None else origins

    @property
    def mode(self) -> Mode:
        """What the model is doing."""
        return self.moment.mode

    @property
    def step(self) -> int:
        """The step, counted within the mode."""
        return self.moment.step

    @property
    def global_step(self) -> int:
        """The step, counted over all modes."""
        return self.moment.global_step

    @property
    def time(self) -> float:
        """When, in seconds since 1970-01-01 UTC."""
        return self.moment.time

    def select(self, collection: str = "", regex: str = "") -> tuple[str, ...]:
        """Return the tensors of this step that are in a collection or whose names a regular expression finds."""
        return self.layout.select(collection, regex)

    def info(self, name: str) -> TensorInfo:
        """Return what is known of a tensor; KeyError."""
        return self.layout.by_name[name]

    def has(self, name: str) -> bool:
        """Say whether anything of a tensor is known at this step."""
        return name in self.layout.by_name

    def value(self, name: str, reduction: str = "value") -> float:
        """Return one reduction of a tensor: as it was recorded, else of the whole array; NaN if neither is there."""
        place = self.layout.place(name, reduction)
        if place is not None:
            return float(self.numbers[place])
        array = self.array(name)
        return np.nan if array is None else float(reduce(array, reduction))

    def values(self, names: tuple[str, ...], reduction: str) -> NDArray[np.float64]:
        """Return one reduction of several tensors, float64 (n,), NaN where it is not known.

        `names` come from `select`, whose answers are the same objects for steps that look alike: then it is quick.
        """
        places = self.layout.places(names, reduction)
        if places is not None:
            return self.numbers[places]
        return np.array([self.value(name, reduction) for name in names], np.float64)

    def wide(self, name: str, reduction: str) -> NDArray[np.float64] | None:
        """Return a histogram or quantiles of a tensor, None if they are not known."""
        column = self.layout.column(name, reduction)
        if column is not None:
            return self.numbers[column.start : column.start + column.width]
        array = self.array(name)
        return None if array is None else np.asarray(reduce(array, reduction))

    def array(self, name: str) -> NDArray[Any] | None:
        """Return the whole array of a tensor, None if it is not known. Copy what is to outlive `judge`."""
        found = self.arrays.get(name)
        return None if found is None else _to_numpy(found)


def _to_numpy(found: Any) -> NDArray[Any]:
    """Return an array of numpy, or a tensor of PyTorch, as numpy's; of types that numpy lacks as float32."""
    try:
        return np.asarray(found)
    except (TypeError, RuntimeError):
        plain = found.detach()
        return np.asarray(plain.cfloat() if plain.is_complex() else plain.float())


def window_of(
    values: Mapping[str, Any],
    step: int = 0,
    mode: Mode = "TRAIN",
    *,
    collections: Mapping[str, tuple[str, ...]] | None = None,
    time: float | None = None,
) -> Window:
    """Return a window of whole arrays and scalars, for rules over numbers of one's own.

    Args:
        values: Arrays of any shape by tensor; Python numbers are scalars, and NaN is one that was measured.
        step: Counted within the mode, and over all modes.
        mode: What the model is doing.
        collections: The collections of some tensors; others get those that their names tell (see `guess_collections`).
        time: Seconds since 1970-01-01 UTC; default the step.
    """
    wanted: list[tuple[TensorInfo, tuple[str, ...]]] = []
    row: list[float] = []
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in values.items():
        array = np.asarray(value)
        inside = (collections or {}).get(name) or guess_collections(name)
        scalar = array.ndim == 0 and array.dtype.kind in "biuf"
        info = TensorInfo(name, inside, shape=array.shape, dtype=array.dtype.name)
        wanted.append((info, ("value",) if scalar else ()))
        if scalar:
            row.append(given(float(array)))
        else:
            arrays[name] = array
    moment = Moment(mode, step, step, float(step) if time is None else time)
    return Window(moment, make_layout(wanted), np.array(row, np.float64), arrays)


def guess_collections(name: str) -> tuple[str, ...]:
    """Return the collections that a tensor's name alone tells of.

    Example:
        >>> guess_collections("gradient/conv1.weight"), guess_collections("relu_output_0")
        (('gradients',), ('outputs', 'relu_outputs'))
    """
    if name.startswith("gradient/"):
        return ("gradients",)
    for kind in ("input", "output"):
        if f"_{kind}_" in name or name.endswith(f"_{kind}"):
            layers = [layer for layer in ("relu", "tanh", "sigmoid") if layer in name.lower()]
            return (f"{kind}s", *(f"{layer}_{kind}s" for layer in layers))
    if name.endswith("weight"):
        return ("weights",)
    if name.endswith("bias"):
        return ("biases",)
    return ("losses",) if "loss" in name.lower() else ()
