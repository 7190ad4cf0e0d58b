"""Trees as columns of numbers, a row a node; texts such as "0-3" are left out, they are Tree and Node again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Node(NamedTuple):
    tree: int
    node: int
    feature: int
    split: float
    yes: int
    no: int
    missing: int
    gain: float
    cover: float


def _columns(nodes: Sequence[_Node]) -> dict[str, NDArray[Any]]:
    """Return them by column: Tree, Node, Feature (its number, -1 of a leaf), Split, Yes, No, Missing, Gain, Cover.

    Gain is a leaf's value, as XGBoost has it; Split is NaN there.
    """
    whole, floating = np.int64, np.float64
    kinds = (whole, whole, whole, floating, whole, whole, whole, floating, floating)
    names = ("Tree", "Node", "Feature", "Split", "Yes", "No", "Missing", "Gain", "Cover")
    columns = list(zip(*nodes, strict=True)) if nodes else [()] * len(names)
    return {name: np.array(column, kind) for name, column, kind in zip(names, columns, kinds, strict=True)}


def flatten_xgboost(
    trees: Sequence[Mapping[str, Any]], first: int, features: Mapping[str, int]
) -> dict[str, NDArray[Any]]:
    """Return the columns of trees as `Booster.get_dump(dump_format="json")` tells them.

    Args:
        trees: Each its root.
        first: The number of the first one.
        features: The number of each feature, by name.

    Example:
        >>> tree = {"nodeid": 0, "split": "f0", "split_condition": 0.5, "yes": 1, "no": 2, "missing": 1, "gain": 3.0,
        ...         "cover": 9, "children": [{"nodeid": 1, "leaf": 0.1}, {"nodeid": 2, "leaf": 0.2}]}
        >>> found = flatten_xgboost([tree], 0, {"f0": 0})
        >>> found["Feature"].tolist(), found["Yes"].tolist(), found["Gain"].tolist()
        ([0, -1, -1], [1, -1, -1], [3.0, 0.1, 0.2])
    """
    nodes = [node for number, tree in enumerate(trees) for node in _walk_xgboost(tree, first + number, features)]
    return _columns(sorted(nodes))


def _walk_xgboost(tree: Mapping[str, Any], number: int, features: Mapping[str, int]) -> Iterator[_Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        cover = float(node.get("cover", np.nan))
        if "leaf" in node:
            leaf = node["leaf"]
            value = float(leaf) if isinstance(leaf, (int, float)) else float(np.mean(leaf))
            yield _Node(number, node["nodeid"], -1, np.nan, -1, -1, -1, value, cover)
            continue
        condition = node.get("split_condition")
        split = float(condition) if isinstance(condition, (int, float)) else np.nan  # a set of categories
        feature = features.get(node["split"], -1)
        yes, no, missing = node["yes"], node["no"], node.get("missing", node["yes"])
        yield _Node(number, node["nodeid"], feature, split, yes, no, missing, float(node.get("gain", np.nan)), cover)
        waiting += node["children"]


def flatten_lightgbm(trees: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return the columns of trees as `Booster.dump_model()["tree_info"]` tells them; nodes are numbered from the root.

    Example:
        >>> leaves = {"left_child": {"leaf_value": 0.1, "leaf_count": 4}, "right_child": {"leaf_value": 0.2}}
        >>> root = {"split_feature": 2, "threshold": 0.5, "split_gain": 3.0, "internal_count": 9, **leaves}
        >>> found = flatten_lightgbm([{"tree_index": 7, "tree_structure": root}])
        >>> found["Tree"].tolist(), found["Feature"].tolist(), found["No"].tolist()
        ([7, 7, 7], [2, -1, -1], [2, -1, -1])
    """
    nodes = [node for tree in trees for node in _walk_lightgbm(tree["tree_structure"], int(tree["tree_index"]))]
    return _columns(nodes)


def _walk_lightgbm(root: Mapping[str, Any], number: int) -> Iterator[_Node]:
    waiting, known = [(0, root)], 1
    while waiting:
        at, node = waiting.pop(0)
        if "left_child" not in node:
            cover = float(node.get("leaf_count", np.nan))
            yield _Node(number, at, -1, np.nan, -1, -1, -1, float(node["leaf_value"]), cover)
            continue
        yes, no = known, known + 1
        known += 2
        threshold = node["threshold"]
        split = float(threshold) if isinstance(threshold, (int, float)) else np.nan  # a set of categories
        missing = yes if node.get("default_left", True) else no
        gain, cover = float(node["split_gain"]), float(node["internal_count"])
        yield _Node(number, at, int(node["split_feature"]), split, yes, no, missing, gain, cover)
        waiting += [(yes, node["left_child"]), (no, node["right_child"])]
