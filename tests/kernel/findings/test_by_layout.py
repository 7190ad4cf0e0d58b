"""Answers about layouts are remembered by the layout itself, and not for ever."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from labdeck.findings.by_layout import ByLayout
from labdeck.store.tensors.layout import TensorInfo, make_layout


def named(name):
    return make_layout([(TensorInfo(name), ("mean",))])


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b"]))), st.integers(1, 20))
def test_it_asks_once_for_each_as_long_as_they_are_few(asked, most):
    layouts = [None, *(named(str(number)) for number in range(5))]
    calls = []

    def find(layout, word):
        calls.append((layout, word))
        return None if layout is None else layout.names[0] + word

    known = ByLayout(find, most)
    for number, word in asked:
        assert known(layouts[number], word) == (None if number == 0 else f"{number - 1}{word}")
        assert len(known) <= most
    if len(set(asked)) <= most:
        assert len(calls) == len(set(asked))


def test_like_layouts_are_two_and_the_oldest_is_forgotten():
    calls = []
    known = ByLayout(lambda layout: calls.append(layout) or len(calls), 2)
    first, second, third = named("w"), named("w"), named("w")
    assert [known(each) for each in (first, second, first, third)] == [1, 2, 1, 3]
    assert list(known) == [2, 3]
    assert [known(third), known(second), known(first)] == [3, 2, 4]
    known.clear()
    assert (len(known), known(first)) == (0, 5)


def test_a_layout_that_is_made_anew_at_every_step_never_gets_the_answer_of_another():
    known = ByLayout(lambda layout: layout.names[0])
    for step in range(1000):
        assert known(named(f"x{step}")) == f"x{step}"
        if step % 100 == 0:
            gc.collect()
    assert len(known) == 64
