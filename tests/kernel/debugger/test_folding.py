"""Of a large model as many modules are shown as can be read, and each stands for all within it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdeck.debugger.folding import MOST_SHOWN, MOST_WHOLE, Module, depth_of, fold, holders, is_within


def modules(*paths: str) -> list[Module]:
    return [Module(path, "Linear", order) for order, path in enumerate(paths)]


def test_a_small_model_is_shown_whole():
    shown = fold(modules("", "a", "a.b", "c"), "")
    assert [one.path for one in shown.modules] == ["", "a", "a.b", "c"]
    assert (set(shown.sizes.values()), shown.total, shown.stands_for["a.b"]) == ({1}, 4, "a.b")
    assert [one.path for one in fold(modules("", "a", "a.b", "ab", "c"), "a").modules] == ["a", "a.b"]
    assert fold(modules("a"), "nothing").modules == ()


def test_a_large_model_is_shown_by_its_blocks():
    paths = [f"stage{a}.{b}.{c}" for a in range(4) for b in range(50) for c in ("conv", "relu")]
    shown = fold(modules("stem", *paths, "", "stage0"), "")
    assert [one.path for one in shown.modules] == ["stem", *(f"stage{a}.{b}" for a in range(4) for b in range(50))]
    assert (shown.sizes["stem"], shown.sizes["stage3.49"], shown.stands_for["stage3.49.relu"]) == (1, 2, "stage3.49")
    inside = fold(modules("stem", *paths), "stage1")
    assert [one.path for one in inside.modules] == [path for path in paths if path.startswith("stage1.")]


def test_what_lies_side_by_side_is_cut_and_counted():
    shown = fold(modules(*(f"layers.{number}" for number in range(5000))), "")
    assert (len(shown.modules), shown.total) == (MOST_SHOWN, 5000)
    assert "layers.4999" not in shown.stands_for


@pytest.mark.parametrize(("path", "outer", "within"), [
    ("fc", "", True), ("fc", "fc", True), ("fc.weight", "fc", True), ("fc/dense", "fc", True), ("fc1", "fc", False),
    ("", "fc", False), ("a.fc", "fc", False),
])  # fmt: skip
def test_a_name_that_begins_alike_lies_not_within(path, outer, within):
    assert is_within(path, outer) is within


PATHS = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4).map(".".join), max_size=900, unique=True)


@given(PATHS)
def test_every_module_without_others_is_counted_once(paths):
    leaves = [path for path in paths if path not in holders(paths)]
    shown = fold(modules(*paths), "")
    assert len(shown.modules) == shown.total
    if len(paths) <= MOST_WHOLE:
        assert [one.path for one in shown.modules] == paths
        return
    assert len(shown.modules) <= MOST_WHOLE
    for one in shown.modules:
        inside = [leaf for leaf in leaves if leaf == one.path or leaf.startswith(one.path + ".")]
        assert shown.sizes[one.path] == len(inside)
        assert all(shown.stands_for[leaf] == one.path for leaf in inside)
    assert sum(shown.sizes.values()) == len(leaves)
    assert len({depth_of(one.path) for one in shown.modules if shown.sizes[one.path] > 1}) <= 1
