"""Output in the store: order, bounds, damage, upkeep, archives."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdeck.errors import NotFound, StoreCorrupt
from labdeck.store import outputs as module
from labdeck.store.archive import export_archive
from labdeck.store.ids import new_id
from labdeck.store.maintenance import check, collect
from labdeck.store.open import locate, open_store
from labdeck.store.output_lines import Lines
from labdeck.store.outputs import OutputFiles, Printed
from labdeck.store.unarchive import import_archive
from labdeck.testing.making import start_trial
from labdeck.wire.commands import Delete, FinishTrial


@pytest.fixture
def outputs(tmp_path):
    return OutputFiles(tmp_path / "outputs")


def said(*texts, stream="stdout"):
    return [Printed(1.5, stream, text) for text in texts]


def texts(page):
    return [line.text for line in page.lines]


def test_lines_of_several_writers_keep_the_order_in_which_they_came(outputs):
    trial_id = new_id()
    one, other = outputs.writer(trial_id), outputs.writer(trial_id)
    for number in range(5):
        one.add(said(f"one {number}"))
        other.add(said(f"other {number}", stream="stderr"))
    page = outputs.read(trial_id)
    assert texts(page) == [f"{who} {n}" for n in range(5) for who in ("one", "other")]
    assert [line.number for line in page.lines] == list(range(1, 11))
    assert [line.stream for line in page.lines][:2] == ["stdout", "stderr"]
    assert oct(outputs.path(trial_id).stat().st_mode)[-3:] == "600"


LETTERS = st.characters(blacklist_characters="\n\r", blacklist_categories=("Cs",))


@settings(max_examples=60)
@given(
    st.lists(st.text(LETTERS, max_size=20), max_size=30), st.text(max_size=3), st.integers(-5, 40), st.integers(1, 9)
)
def test_reading_is_what_a_list_would_give(tmp_path_factory, lines, search, after, limit):
    outputs, trial_id = OutputFiles(tmp_path_factory.mktemp("outputs")), new_id()
    outputs.writer(trial_id).add(said(*lines))
    wanted = [(at + 1, text) for at, text in enumerate(lines) if not search or search.lower() in text.lower()]
    expected = wanted[after:] if after < 0 else [pair for pair in wanted if pair[0] > after]
    page = outputs.read(trial_id, after, limit, search)
    assert (page.total, page.found) == (len(lines), len(wanted))
    assert [(line.number, line.text) for line in page.lines] == expected[:limit]


def test_what_is_begun_comes_last_until_it_is_finished(outputs):
    trial_id = new_id()
    writer = outputs.writer(trial_id)
    writer.add(said("done"))
    assert writer.show(said("10%"))
    assert not writer.show(said("10%"))
    assert writer.show(said("20%"))
    page = outputs.read(trial_id)
    assert [(line.number, line.text, line.finished) for line in page.lines] == [(1, "done", True), (2, "20%", False)]
    writer.close()
    assert texts(outputs.read(trial_id)) == ["done"]


def test_what_a_dead_writer_had_begun_is_kept_by_the_next(outputs):
    trial_id = new_id()
    dead = outputs.writer(trial_id)
    dead.show(said("half a line"))
    dead._release()  # as the system does when a process is gone
    assert [line.finished for line in outputs.read(trial_id).lines] == [False]
    outputs.writer(trial_id).add(said("again"))
    assert texts(outputs.read(trial_id)) == ["half a line", "again"]


def test_only_so_much_is_kept_and_the_last_line_says_so(outputs, monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 2_000)
    trial_id = new_id()
    writers = [outputs.writer(trial_id), outputs.writer(trial_id)]
    for _ in range(100):
        for writer in writers:
            writer.add(said("x" * 50))
    page = outputs.read(trial_id)
    assert page.cut
    assert texts(page).count(module.CUT) == 1
    assert texts(page)[-1] == module.CUT
    assert outputs.size(trial_id) < 2_200
    assert not outputs.read(new_id()).cut


def test_long_lines_are_cut(outputs):
    trial_id = new_id()
    outputs.writer(trial_id).add(said("x" * 20_000))
    (text,) = texts(outputs.read(trial_id))
    assert (len(text), text[-1]) == (10_000, "…")


def test_a_torn_line_is_left_out_and_the_next_begins_anew(outputs):
    trial_id = new_id()
    outputs.writer(trial_id).add(said("whole"))
    with outputs.path(trial_id).open("ab") as file:
        file.write(b"1.5\to\tto")
    assert texts(outputs.read(trial_id)) == ["whole"]
    outputs.writer(trial_id).add(said("next"))
    assert texts(outputs.read(trial_id)) == ["whole", "to", "next"]


@given(st.binary(max_size=100), st.text(max_size=2))
def test_any_bytes_can_be_read(data, search):
    lines = Lines(data)
    for at in lines.holding(search):
        assert "\n" not in lines.record(int(at)).text


def test_a_disk_that_refuses_is_told_once_and_nothing_else_happens(outputs, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    trial_id = new_id()
    writer = outputs.writer(trial_id)
    monkeypatch.setattr(os, "write", full)
    with pytest.warns(UserWarning, match="No space left") as told:
        [writer.add(said(text)) for text in ("one", "two")]
    assert len(told) == 1


def test_an_id_that_is_none_is_refused(outputs):
    for wrong in ("../x", "", "A" * 32):
        with pytest.raises(NotFound):
            outputs.writer(wrong)
        with pytest.raises(NotFound):
            outputs.read(wrong)


def test_upkeep(store):
    kept, gone, orphan = start_trial(store.catalog), start_trial(store.catalog), new_id()
    for trial_id in (kept, gone, orphan):
        store.outputs.writer(trial_id).add(said("hello"))
    long_ago = time.time() - 7200
    for path in store.outputs.path(orphan).parent.rglob("*"):
        os.utime(path, (long_ago, long_ago))
    os.utime(store.outputs.path(orphan).parent, (long_ago, long_ago))
    assert [(item.severity, item.path) for item in check(store)] == [("warning", f"outputs/{orphan}")]
    store.catalog.apply([Delete(ids=(gone,), time=5.0)])
    assert collect(store, deleted_before=6.0, dry_run=True).orphans == 1
    freed = collect(store, deleted_before=6.0)
    assert (freed.trials, freed.orphans) == (1, 1)
    assert store.outputs.trial_ids() == {kept}


def test_archives_take_output_along(store, tmp_path):
    trial_id = start_trial(store.catalog)
    store.outputs.writer(trial_id).add(said("hello", "world"))
    store.catalog.apply([FinishTrial(id=trial_id, state="completed", ended=9.0)])
    archive = tmp_path / "a.zip"
    export_archive(store, [store.catalog.experiment("exp").id], archive)
    with open_store(locate(tmp_path / "other")) as other:
        import_archive(other, archive)
        assert texts(other.outputs.read(trial_id)) == ["hello", "world"]


def test_output_longer_than_any_is_refused(store, tmp_path, monkeypatch):
    trial_id = start_trial(store.catalog)
    store.outputs.writer(trial_id).add(said("x" * 5_000))
    archive = tmp_path / "a.zip"
    export_archive(store, [store.catalog.experiment("exp").id], archive)
    monkeypatch.setattr("labdeck.store.unarchive.LIMIT", 100)
    with open_store(locate(tmp_path / "other")) as other, pytest.raises(StoreCorrupt, match="longer than any output"):
        import_archive(other, archive)
