"""Numbers for names that are taken."""

from __future__ import annotations

import pytest

from labdeck.store.sql.free_names import free_name, numbered


@pytest.mark.parametrize("count", [0, 1, 2, 3, 31, 32, 33, 1_000, 98_765])
def test_the_next_number_is_found_in_a_few_questions(count):
    names = {f"trial-{number}" for number in range(1, count + 1)}
    questions = []

    def taken(asked):
        questions.append(asked)
        return names.intersection(asked)

    assert numbered("trial", 1, taken) == f"trial-{count + 1}"
    assert len(questions) <= 6
    assert max(map(len, questions)) <= 64


@pytest.mark.parametrize("gaps", [{3}, {2, 5, 9}, {40}, set(range(10, 90))])
def test_with_gaps_the_number_is_free_all_the_same(gaps):
    names = {f"x-{number}" for number in range(2, 100) if number not in gaps}
    assert numbered("x", 2, names.intersection) not in names


def test_a_free_name_is_taken_as_it_is():
    assert free_name("cnn", set().intersection) == "cnn"
    assert free_name("cnn", {"cnn"}.intersection) == "cnn-2"
