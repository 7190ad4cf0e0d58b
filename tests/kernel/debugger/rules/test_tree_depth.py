"""Trees that grow too deep are found, whichever way they grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.debugger.boosted import findings, table, train

from labdeck.debugger.rules import TreeDepth
from labdeck.findings.window import window_of


@pytest.mark.slow
def test_a_training_with_deep_trees_is_found():
    trial, booster = train(*table(), params={"max_depth": 8, "min_child_weight": 0}, rules=[TreeDepth()])
    (found,) = findings(trial)
    frame = booster.trees_to_dataframe()
    deepest = max(deep(frame[frame.Tree == 0], f"{0}-0"), 0)
    assert (found.value, found.threshold, found.step) == (deepest, 4, 0)
    assert found.count == 10


def deep(frame, node):
    """Follow the nodes of XGBoost's own table down from one."""
    row = frame[node == frame.ID].iloc[0]
    return 0 if row.Feature == "Leaf" else 1 + max(deep(frame, row.Yes), deep(frame, row.No))


@pytest.mark.slow
def test_a_training_with_shallow_trees_stays_silent():
    trial, _ = train(*table(), params={"max_depth": 4}, rules=[TreeDepth()])
    assert findings(trial) == ()


trees = st.recursive(st.none(), lambda below: st.tuples(below, below), max_leaves=20)


def depth_of(tree):
    return 0 if tree is None else 1 + max(map(depth_of, tree))


def columns_of(forest):
    """Number the nodes of each tree as they are met."""
    rows = []
    for number, tree in enumerate(forest):
        waiting, known = [(0, tree)], 1
        while waiting:
            node, below = waiting.pop()
            if below is None:
                rows.append((number, node, -1, -1))
            else:
                rows.append((number, node, known, known + 1))
                waiting += [(known, below[0]), (known + 1, below[1])]
                known += 2
    columns = np.array(rows).T
    return {f"trees/{name}": column for name, column in zip(("Tree", "Node", "Yes", "No"), columns, strict=True)}


@given(st.lists(trees, min_size=1, max_size=4), st.integers(0, 5))
def test_the_depth_is_that_of_walking_down(forest, depth):
    deepest = max(map(depth_of, forest))
    found = [finding.value for finding in TreeDepth(depth=depth).judge(window_of(columns_of(forest)))]
    assert found == [deepest] * (deepest > depth)


@pytest.mark.parametrize(("largest", "depth"), [(2, 1), (6, 2), (14, 3), (62, 5)])
def test_without_links_the_depth_is_that_of_a_full_tree(largest, depth):
    window = window_of({"trees/Node": np.arange(largest + 1)})
    assert [finding.value for finding in TreeDepth(depth=0).judge(window)] == [depth]


def test_a_round_without_trees_is_no_offence():
    assert list(TreeDepth().judge(window_of({"trees/Node": np.empty(0, int)}))) == []
