"""What was once found out about a layout is not found out again at every step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from labdeck.store.tensors.layout import Layout

Answer = TypeVar("Answer")

_MOST = 64


class ByLayout(Generic[Answer]):
    """Answers of a function of a layout, remembered by the very object: to compare two means to compare all tensors.

    A layout that is remembered stays alive, so that no other takes its identity. A training has a few layouts that take
    turns; of one that changes shape at every step the oldest answers are forgotten.

    Args:
        find: Called with a layout, and with whatever else is asked with it; the arguments behind must be hashable.
        most: Answers that are kept.

    Example:
        >>> from labdeck.store.tensors.layout import TensorInfo, make_layout
        >>> layout = make_layout([(TensorInfo("w"), ("mean",)), (TensorInfo("loss"), ("value",))])
        >>> known_of = ByLayout(lambda layout, reduction: [n for n in layout.names if layout.place(n, reduction)])
        >>> known_of(layout, "value"), known_of(layout, "value") is known_of(layout, "value")
        (['loss'], True)
    """

    def __init__(self, find: Callable[..., Answer], most: int = _MOST) -> None:
        self._find = find
        self._most = most
        self._known: dict[tuple[Hashable, ...], tuple[Layout | None, Answer]] = {}

    def __call__(self, layout: Layout | None, *rest: Hashable) -> Answer:
        """Return the answer for this layout; None, for what has no layout, is remembered as well."""
        key = (id(layout), *rest)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            found = self._known[key] = (layout, self._find(layout, *rest))
        return found[1]

    def __iter__(self) -> Iterator[Answer]:
        """Go through the answers that are kept, the oldest first."""
        return iter([answer for _, answer in self._known.values()])

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        """Forget them all."""
        self._known.clear()
