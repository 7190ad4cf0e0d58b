"""Trees that grow too deep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_NODES = r"(?:^|/)trees/Node$"


def depths(
    trees: NDArray[np.int64], nodes: NDArray[np.int64], yes: NDArray[np.int64], no: NDArray[np.int64]
) -> dict[int, int]:
    """Return the depth of each tree: the most splits between its root, node 0, and a leaf.

    Args:
        trees: Number of the tree of each node, shape (n,).
        nodes: Number of the node within its tree.
        yes: The node below on the one side, -1 under a leaf.
        no: The node below on the other side, -1 under a leaf.

    Example:
        >>> depths(np.zeros(5, int), np.arange(5), np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1]))
        {0: 2}
    """
    found = {}
    for tree in np.unique(trees).tolist():
        inside = trees == tree
        below = {
            node: [child for child in children if child >= 0]
            for node, *children in zip(nodes[inside].tolist(), yes[inside].tolist(), no[inside].tolist(), strict=True)
        }
        depth, level = 0, below.get(0, [])
        while level and depth <= len(below):
            depth += 1
            level = [child for node in level for child in below.get(node, [])]
        found[tree] = depth
    return found


@dataclass
class TreeDepth(Rule):
    """A tree of the booster is deeper than it should be.

    What goes wrong: each level lets a tree fit interactions of one more feature, and halves the rows that a leaf learns
    from. Deep trees learn the training data by heart, take memory, and are slow to answer.

    What to do: lower `max_depth`, raise `min_child_weight` or `gamma` so that splits that gain little are left out, and
    add trees instead.

    Formula: `depth of a tree > depth`. SageMaker Debugger takes `floor(log2(largest node number))` for the depth, which
    is right only for full trees; where the trees say which nodes lie below which, that is counted, and the formula
    serves for trees that do not.

    Attributes:
        depth: The deepest that a tree may be; a stump with one split has depth 1.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> columns = {"trees/Tree": [0, 0, 0, 0, 0], "trees/Node": range(5), "trees/Yes": [1, 3, -1, -1, -1],
        ...            "trees/No": [2, 4, -1, -1, -1]}
        >>> trees = {name: np.array(column) for name, column in columns.items()}
        >>> [found.value for found in TreeDepth(depth=1).judge(window_of(trees))]
        [2.0]
    """

    remedy = "lower max_depth, or raise min_child_weight or gamma"

    depth: int = bounded(4, least=0)

    def needs(self) -> tuple[Need, ...]:
        """The trees, whole."""
        return (Need(collection="trees", regex=r"(?:^|/)trees/", arrays=True),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Name the deepest tree of those of this step."""
        for name in window.select(regex=_NODES):
            yield from self._judge(window, name)

    def _judge(self, window: Window, name: str) -> Iterator[Finding]:
        nodes = window.array(name)
        if nodes is None or not nodes.size:
            return
        folder = name.removesuffix("Node")
        trees = window.array(f"{folder}Tree")
        trees = np.zeros(nodes.shape, np.int64) if trees is None else trees
        found = _depths(trees, nodes, window.array(f"{folder}Yes"), window.array(f"{folder}No"))
        deepest = max(found, key=lambda tree: found[tree])
        if found[deepest] > self.depth:
            yield Finding(f"tree {deepest} is {found[deepest]} deep", name, float(found[deepest]), float(self.depth))


def _depths(
    trees: NDArray[Any], nodes: NDArray[Any], yes: NDArray[Any] | None, no: NDArray[Any] | None
) -> dict[int, int]:
    if yes is not None and no is not None:
        return depths(trees, nodes, yes, no)
    return {tree: int(np.floor(np.log2(max(nodes[trees == tree].max(), 1)))) for tree in np.unique(trees).tolist()}
