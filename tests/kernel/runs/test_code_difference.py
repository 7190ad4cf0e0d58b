"""Differences of code, rebuilt from what they say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.runs.code_difference import CONTEXT, compare_code
from labdeck.wire.records import Capture, TrialDetail, TrialRecord


def detail(number=1, **captures):
    trial = TrialRecord(
        id=f"{number:032x}", experiment_id="e" * 32, experiment="e", name=f"t{number}", number=number,
        state="completed", started=0.0,
    )  # fmt: skip
    return TrialDetail(trial=trial, captures=tuple(Capture(kind=kind, body=body) for kind, body in captures.items()))


def script(source, path="/home/x/train.py", **rest):
    return {"code": {"path": path, "cells": [], "source": source}, **rest}


def cells(*sources, first=1):
    numbered = [{"number": first + place, "source": source} for place, source in enumerate(sources)]
    return {"code": {"path": "a.ipynb", "cells": numbered, "source": ""}}


def compare(left, right, **options):
    return compare_code(detail(1, **left), detail(2, **right), **options)


LINES = st.lists(st.sampled_from(["a", "b", "  c", "", "x = 1"]), max_size=25)


@settings(max_examples=80)
@given(LINES, LINES)
def test_both_texts_can_be_rebuilt(left, right):
    parts = compare(script("\n".join([*left, "."])), script("\n".join([*right, "."])), equal=True).parts
    lines = [line for part in parts for hunk in part.hunks for line in hunk.lines]
    assert [line.text for line in lines if line.kind != "added"] == [*left, "."]
    assert [line.text for line in lines if line.kind != "removed"] == [*right, "."]
    assert [line.before for line in lines if line.kind != "added"] == list(range(1, len(left) + 2))
    assert [line.after for line in lines if line.kind != "removed"] == list(range(1, len(right) + 2))


@settings(max_examples=40)
@given(LINES, LINES)
def test_hunks_hold_every_change_and_little_else(left, right):
    found = compare(script("\n".join([*left, "."])), script("\n".join([*right, "."])))
    for part in found.parts:
        lines = [line for hunk in part.hunks for line in hunk.lines]
        assert sum(line.kind == "added" for line in lines) == part.added
        assert sum(line.kind == "removed" for line in lines) == part.removed
        for hunk in part.hunks:
            kinds = [line.kind for line in hunk.lines]
            changed = [place for place, kind in enumerate(kinds) if kind != "same"]
            assert changed[0] <= CONTEXT
            assert len(kinds) - 1 - changed[-1] <= CONTEXT


def test_equal_scripts():
    found = compare(script("a\nb"), script("a\nb"))
    assert (found.status, found.parts, found.equal) == ("same", (), 1)
    (part,) = compare(script("a\nb"), script("a\nb"), equal=True).parts
    assert part.status == "same"
    assert [line.text for line in part.hunks[0].lines] == ["a", "b"]


def test_a_renamed_script_is_the_same_script():
    (part,) = compare(script("a\nb", "/x/train.py"), script("a\nc", "/y/train2.py")).parts
    assert (part.status, part.before, part.after) == ("changed", "train.py", "train2.py")
    assert (part.added, part.removed) == (1, 1)


def test_nothing_recorded():
    found = compare({}, script("a"))
    assert (found.status, found.missing, found.parts) == ("unrecorded", (f"{1:032x}",), ())
    assert compare({}, {}).missing == (f"{1:032x}", f"{2:032x}")


def test_running_again_renumbers_and_changes_nothing():
    assert compare(cells("import x", "train()"), cells("import x", "train()", first=9)).status == "same"


def test_a_changed_cell_stays_one_cell():
    (part,) = compare(cells("import x", "lr = 0.1\ntrain(lr)"), cells("import x", "lr = 0.2\ntrain(lr)")).parts
    assert (part.kind, part.status, part.added, part.removed) == ("cell", "changed", 1, 1)
    (short,) = compare(cells("lr = 0.1"), cells("lr = 0.2")).parts
    assert short.status == "changed", "of a single line, a changed number does not make a stranger"


def test_cells_that_come_go_and_move():
    found = compare(cells("one()", "load_data('train.csv')", "fit"), cells("load_data('train.csv')", "fit", "plot[1]"))
    assert [(part.status, part.before, part.after) for part in found.parts] == [
        ("removed", "1", ""),
        ("added", "", "3"),
    ]
    moved = compare(
        cells("alpha = 1\nbeta = 2", "fit(model, data)", "show"),
        cells("fit(model, data)", "show", "alpha = 1\nbeta = 2"),
    )
    assert [(part.status, part.before, part.after) for part in moved.parts] == [("moved", "1", "3")]
    assert moved.status == "different"
    assert not moved.parts[0].hunks


def test_from_a_script_to_a_notebook():
    found = compare(script("a"), cells("b"))
    assert [(part.kind, part.status) for part in found.parts] == [("file", "removed"), ("cell", "added")]


def test_git():
    before = {"commit": "aaa", "branch": "main", "remote": "r", "dirty": True, "diff": "-x\n+y"}
    after = {"commit": "bbb", "branch": "main", "remote": "r", "dirty": False, "diff": ""}
    found = compare(script("a", git=before), script("a", git=after))
    assert [(row.name, row.before, row.after) for row in found.git] == [
        ("commit", "aaa", "bbb"), ("uncommitted changes", "yes", "no"),
    ]  # fmt: skip
    assert [(part.kind, part.status, part.removed) for part in found.parts] == [("uncommitted", "removed", 2)]
    assert found.status == "different"


def test_long_texts_do_not_take_long():
    left, right = (script("\n".join(f"{side}{n % 7}" for n in range(20_000))) for side in "ab")
    (part,) = compare(left, right).parts
    assert (part.added, part.removed) == (20_000, 20_000)


def test_many_cells_that_differ():
    found = compare(cells(*(f"a{n}" for n in range(60))), cells(*(f"b{n}" for n in range(50))))
    assert len([part for part in found.parts if part.before]) == 60
    assert len([part for part in found.parts if part.after]) == 50


def test_a_damaged_record_is_no_harm():
    odd = {"code": {"cells": "x", "source": None, "path": 3}, "git": {"commit": None, "diff": None}}
    assert compare(odd, odd).status == "same"
