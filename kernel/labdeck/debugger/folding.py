"""Which modules of a model are shown: all of a small one; of a large one, modules that stand for what lies within."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST_WHOLE = 300
"""Modules that are shown each by itself: more cannot be read."""
MOST_SHOWN = 2_000
"""Modules that are shown at all, where so many lie side by side."""
_SEPARATOR = re.compile("[./]")  # PyTorch writes dots into the paths of modules, Keras slashes


@dataclass(frozen=True)
class Module:
    """A module: its path, its class, and when it ran (-1 if that is not known)."""

    path: str
    kind: str
    order: int


@dataclass(frozen=True)
class Shown:
    """Modules that are shown.

    Attributes:
        modules: In their order.
        stands_for: The path of the shown module that each module belongs to, by its own path.
        sizes: How many modules that hold no others each shown one stands for, by its path; 1 for itself.
        total: How many would be shown if there were room for all.
    """

    modules: tuple[Module, ...]
    stands_for: Mapping[str, str]
    sizes: Mapping[str, int]
    total: int


def is_within(path: str, outer: str) -> bool:
    """Say whether a module is the outer one or lies within it; every module lies within ""."""
    return not outer or path == outer or (path.startswith(outer) and _SEPARATOR.match(path, len(outer)) is not None)


def depth_of(path: str) -> int:
    """Return how many modules a module lies within; 0 is the model itself."""
    return len(_ends(path))


def holders(paths: Iterable[str]) -> set[str]:
    """Return the paths of modules that hold others."""
    return {path[:end] for path in paths for end in _ends(path)[:-1]}


def fold(modules: Sequence[Module], within: str) -> Shown:
    """Choose the modules to be shown of those that lie within one, "" for the whole model."""
    inside = [module for module in modules if is_within(module.path, within)]
    if len(inside) <= MOST_WHOLE:
        paths = {module.path: module.path for module in inside}
        return Shown(tuple(inside), paths, dict.fromkeys(paths, 1), len(inside))
    outer = holders(module.path for module in inside)
    leaves = [module for module in inside if module.path and module.path not in outer]
    depth = _level(leaves, depth_of(within) + 1)
    groups: dict[str, list[Module]] = {}
    for leaf in leaves:
        groups.setdefault(_cut(leaf.path, depth), []).append(leaf)
    chosen = list(groups)[:MOST_SHOWN]
    kinds = {module.path: module.kind for module in inside}
    shown = tuple(Module(path, kinds.get(path, ""), groups[path][0].order) for path in chosen)
    kept = set(chosen)
    stands_for = {module.path: cut for module in inside if (cut := _cut(module.path, depth)) in kept}
    return Shown(shown, stands_for, {path: len(groups[path]) for path in chosen}, len(groups))


def _level(leaves: Sequence[Module], least: int) -> int:
    """Return the deepest level that has no more modules than can be read; one that says nothing is no level."""
    deepest = max(depth_of(leaf.path) for leaf in leaves)
    level = least
    for depth in range(least, deepest + 1):
        count = len({_cut(leaf.path, depth) for leaf in leaves})
        if count <= MOST_WHOLE:
            level = depth
        elif level == depth - 1 and len({_cut(leaf.path, level) for leaf in leaves}) == 1:
            return depth
    return level


def _cut(path: str, depth: int) -> str:
    """Return the path of the module of a depth that a module lies within; its own if it is no deeper."""
    ends = _ends(path)
    return path if len(ends) <= depth else path[: ends[depth - 1]]


def _ends(path: str) -> list[int]:
    """Return where the parts of a path end."""
    return [*(found.start() for found in _SEPARATOR.finditer(path)), len(path)] if path else []
