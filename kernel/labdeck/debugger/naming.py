"""Names of tensors where several models are trained in one trial at the same time: each says whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from labdeck.findings.by_layout import ByLayout
from labdeck.store.tensors.layout import Layout, TensorInfo

_HEADS = frozenset({"gradient", "optimizer", "update", "loss"})
_MOST = 256

Value = TypeVar("Value")


class Naming:
    """Gives tensors the names under which they are stored.

    Args:
        owner: The model whose name they get; "" for none.

    Example:
        >>> names = Naming("Critic")
        >>> names.of("gradient/fc.weight"), names.of("fc.weight"), Naming("").of("fc.weight")
        ('gradient/Critic/fc.weight', 'Critic/fc.weight', 'fc.weight')
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._named = ByLayout(self._renamed, _MOST)

    def of(self, name: str) -> str:
        """Return the name under which a tensor is stored."""
        if not self._owner:
            return name
        head, slash, rest = name.partition("/")
        if slash and head in _HEADS:
            return f"{head}/{self._owner}/{rest}"
        return f"{self._owner}/{name}"

    def layout(self, layout: Layout) -> Layout:
        """Return a layout with the stored names; the same object for the same one."""
        return self._named(layout) if self._owner else layout

    def _renamed(self, layout: Layout) -> Layout:
        return Layout(tuple(map(self._info, layout.tensors)), layout.columns)

    def mapping(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return values by tensor with the stored names."""
        return {self.of(name): value for name, value in values.items()} if self._owner and values else values

    def _info(self, info: TensorInfo) -> TensorInfo:
        parameter = self.of(info.parameter) if info.parameter else ""
        return TensorInfo(
            self.of(info.name), info.collections, info.module, info.module_type, info.shape, info.dtype, parameter
        )
