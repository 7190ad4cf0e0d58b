"""Cards of what is computed about trials side by side."""

from __future__ import annotations

import pytest

from labdeck.runs.grouping import group_trials
from labdeck.wire.comparing import (
    CodeDifference,
    CodePart,
    Difference,
    DifferenceLine,
    DifferenceRow,
    EnvironmentDifference,
    FieldRow,
    FieldTable,
    Hunk,
    Importance,
    ImportanceRow,
)
from labdeck_ui import comparing_cards as cards
from labdeck_ui.as_html import html_card
from labdeck_ui.as_text import text_card
from labdeck_ui.formatters import _CARDS


def table(name="t", values=((0.1, 1.0), (0.1, 3.0), (None, 2.0))):
    rows = tuple(
        FieldRow(trial_id=f"{n:032x}", trial_name=name, trial_number=n, values=each) for n, each in enumerate(values, 1)
    )
    return FieldTable(fields=("params.lr", "metrics.acc"), rows=rows)


def importance(name="params.lr", **changes):
    rows = (ImportanceRow(field=name, importance=0.75, correlation=-0.5, count=9),)
    rows += (ImportanceRow(field="params.opt", importance=0.25, correlation=None, count=9),)
    values = {"target": name, "rows": rows, "trials": 9, "left_out": 0, "explained": 0.8, "method": "a forest"}
    return Importance(**{**values, **changes})


def code(name="train.py"):
    lines = (
        DifferenceLine(kind="same", before=1, after=1, text="import x"),
        DifferenceLine(kind="removed", before=2, after=None, text=name),
        DifferenceLine(kind="added", before=None, after=2, text="lr = 0.2"),
    )
    part = CodePart(
        kind="file", status="changed", before=name, after=name, added=1, removed=1, hunks=(Hunk(lines=lines),)
    )
    git = (DifferenceRow(kind="git", name="commit", before="aaa", after=None),)
    return CodeDifference(before="a", after="b", status="different", git=git, parts=(part,))


def environment(name="numpy"):
    rows = (DifferenceRow(kind="package", name=name, before="1", after=None),)
    return EnvironmentDifference(before="a", after="b", status="different", rows=rows)


def difference(make, name="lr"):
    rows = (DifferenceRow(kind="parameter", name=name, before="0.1", after="0.2"),)
    return Difference(
        before=make.trial(), after=make.trial(), params=rows, metrics=(), code=code(name), environment=environment(name)
    )


def test_importance_ranks_fields():
    text = text_card(cards.importance_card(importance(warning="few")))
    assert "75.0%" in text
    assert "−0.5" in text
    assert "80%" in text
    assert "few" in text
    assert "a forest" in text


def test_importance_of_nothing():
    card = cards.importance_card(importance(rows=(), explained=None, warning="0 of 0 trials"))
    assert not card.grids
    assert card.warning == "0 of 0 trials"


def test_groups():
    text = text_card(cards.groups_card(group_trials(table(), ["params.lr"], ["metrics.acc"])))
    assert "2 groups" in text
    assert "2 ± 1" in text
    assert "none" in text


def test_a_table_of_fields():
    text = text_card(cards.table_card(table()))
    assert "3 trials" in text
    assert "metrics.acc" in text


def test_a_difference(make):
    text = text_card(cards.difference_card(difference(make)))
    for part in ("0.1", "0.2", "+ lr = 0.2", "− lr", "commit", "—"):
        assert part in text
    assert "import x" not in text, "what did not change is not worth a line in a cell"


def test_what_was_not_recorded():
    gone = CodeDifference(before="a", after="b", status="unrecorded", missing=("a",))
    assert cards.code_card(gone).title == "not recorded for 1 trial"
    nothing = EnvironmentDifference(before="a", after="b", status="same")
    assert cards.environment_card(nothing).title == "same"
    assert not cards.environment_card(nothing).grids


@pytest.mark.parametrize("which", range(6))
def test_names_are_text(which, hostile, maker):
    made = (
        importance(hostile, warning=hostile),
        group_trials(table(hostile, ((hostile, 1.0),)), ["params.lr"], ["metrics.acc"]),
        table(hostile, ((hostile, 1.0),)),
        difference(maker(hostile), hostile),
        code(hostile),
        environment(hostile),
    )[which]
    card = _CARDS[type(made)](made)
    page = html_card(card)
    for tag in ("<img", "<script", "<a "):
        assert tag not in page
    assert "\x1b" not in text_card(card)
