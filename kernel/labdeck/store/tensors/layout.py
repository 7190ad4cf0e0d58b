"""What the numbers of a row mean: which reductions of which tensors stand where."""

from __future__ import annotations

import re
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray


class TensorInfo(msgspec.Struct, frozen=True):
    """What is known of a tensor beside its values.

    Attributes:
        name: "conv1.weight", "gradient/conv1.weight", "relu1_output_0", "loss" for example.
        collections: The collections it belongs to: "weights", "gradients", "losses" …
        module: The path of its module within the model, "" for the model itself or none.
        module_type: The class of that module, "Conv2d" for example.
        shape: Its shape; () for a scalar.
        dtype: Its type in numpy's words ("float32"), or "bfloat16" and the like.
        parameter: The parameter it tells of, for weights, gradients, updates and optimizer state.
    """

    name: str
    collections: tuple[str, ...] = ()
    module: str = ""
    module_type: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    parameter: str = ""


class Column(msgspec.Struct, frozen=True):
    """Where a reduction of a tensor stands in a row.

    Attributes:
        tensor: Index into the layout's tensors.
        reduction: Its name; "value" is a scalar itself.
        start, width: The place in the row; wider than 1 only for histograms and quantiles.
    """

    tensor: int
    reduction: str
    start: int
    width: int = 1


class Layout(msgspec.Struct, frozen=True, dict=True):
    """The meaning of a row; the same object for every row that has it.

    Attributes:
        tensors: The tensors a row tells of, those without any column too (whole arrays alone are kept of them).
        columns: Their reductions.

    Example:
        >>> layout = make_layout([(TensorInfo("w"), ("mean", "l2")), (TensorInfo("loss"), ("value",))])
        >>> layout.width, layout.place("w", "l2"), layout.select(regex="^l")
        (3, 1, ('loss',))
    """

    tensors: tuple[TensorInfo, ...]
    columns: tuple[Column, ...]

    @cached_property
    def width(self) -> int:
        """Numbers in a row."""
        return max((column.start + column.width for column in self.columns), default=0)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the tensors, in their order."""
        return tuple(tensor.name for tensor in self.tensors)

    @cached_property
    def by_name(self) -> dict[str, TensorInfo]:
        """The tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @cached_property
    def _columns(self) -> dict[tuple[str, str], Column]:
        return {(self.tensors[column.tensor].name, column.reduction): column for column in self.columns}

    @cached_property
    def _selections(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {}

    @cached_property
    def _places(self) -> dict[tuple[tuple[str, ...], str], NDArray[np.intp] | None]:
        return {}

    @cached_property
    def _reductions(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, reduction in self._columns:
            found.setdefault(name, []).append(reduction)
        return {name: tuple(reductions) for name, reductions in found.items()}

    def column(self, name: str, reduction: str) -> Column | None:
        """Return where a reduction stands, None if it is not there."""
        return self._columns.get((name, reduction))

    def place(self, name: str, reduction: str) -> int | None:
        """Return the index of a reduction that is one number, None if it is not there."""
        column = self._columns.get((name, reduction))
        return None if column is None else column.start

    def places(self, names: tuple[str, ...], reduction: str) -> NDArray[np.intp] | None:
        """Return the indices of one reduction of several tensors, None unless all have it; asked again it is quick."""
        key = (names, reduction)
        if key not in self._places:
            found = [self.place(name, reduction) for name in names]
            whole = [place for place in found if place is not None]
            self._places[key] = np.array(whole, np.intp) if len(whole) == len(found) else None
        return self._places[key]

    def reductions(self, name: str) -> tuple[str, ...]:
        """Return the reductions of a tensor."""
        return self._reductions.get(name, ())

    def select(self, collection: str = "", regex: str = "") -> tuple[str, ...]:
        """Return the tensors of a collection, and those whose names a regular expression finds.

        Of all tensors, if neither is given. Asked again it is quick.
        """
        key = (collection, regex)
        if key not in self._selections:
            pattern = re.compile(regex) if regex else None
            self._selections[key] = tuple(
                tensor.name
                for tensor in self.tensors
                if not (collection or regex)
                or (collection and collection in tensor.collections)
                or (pattern is not None and pattern.search(tensor.name))
            )
        return self._selections[key]


WIDTHS = {"histogram": 97, "quantiles": 5}
"""Numbers of a reduction, where there are more than one; see `labdeck.findings.reductions`."""


def make_layout(wanted: list[tuple[TensorInfo, tuple[str, ...]]]) -> Layout:
    """Return the layout of a row that holds these reductions of these tensors, one after the other."""
    columns, start = [], 0
    for number, (_, reductions) in enumerate(wanted):
        for reduction in reductions:
            width = WIDTHS.get(reduction, 1)
            columns.append(Column(number, reduction, start, width))
            start += width
    return Layout(tuple(info for info, _ in wanted), tuple(columns))
