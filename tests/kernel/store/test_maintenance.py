"""`check` finds what is lost, `gc` removes what nobody needs and nothing else."""

from __future__ import annotations

import os
import time

import msgspec
import numpy as np
import pytest

from labdeck.store.contract import Receipt, SeriesKey
from labdeck.store.ids import new_id
from labdeck.store.journal import Journal
from labdeck.store.maintenance import DAY, HOUR, check, collect
from labdeck.store.open import locate, open_store
from labdeck.store.process import this_process
from labdeck.store.tensors.blocks import to_block
from labdeck.store.tensors.frames import Moment
from labdeck.testing.making import artifact, start, start_trial
from labdeck.wire import commands as wire

NOW = time.time()


@pytest.fixture
def store(any_location):
    with open_store(any_location) as opened:
        yield opened


def full_trial(store, name):
    """A trial that ended, with points, a tensor and an artifact of its own."""
    trial_id = start_trial(store.catalog, "exp", name)
    points(store, trial_id)
    writer = store.tensors.writer(trial_id)
    writer.arrays(Moment("TRAIN", 0, 0, NOW), {"weight": to_block(np.zeros(4))})
    writer.close()
    stored = store.artifacts.put_bytes(name.encode() * 100)
    file = msgspec.structs.replace(artifact(name, stored.sha256), size=stored.size)
    store.catalog.apply(
        [
            wire.LogArtifact(trial_id=trial_id, artifact=file),
            wire.FinishTrial(id=trial_id, state="completed", ended=NOW),
        ]
    )
    return trial_id


def points(store, trial_id):
    writer = store.columns.writer(trial_id)
    writer.log({"loss": 0.5}, 0)
    writer.close()


def age(store, seconds=2 * HOUR):
    """Make every file look older."""
    for part in ("columns", "tensors", "artifacts"):
        for path in (store.location.folder / part).rglob("*"):
            os.utime(path, (NOW - seconds, NOW - seconds))


def test_a_healthy_store_has_no_defects(store):
    full_trial(store, "a")
    assert check(store) == ()


def test_what_is_lost_or_belongs_to_nothing_is_found(store):
    trial_id, stranger = full_trial(store, "a"), new_id()
    points(store, stranger)
    digest = store.catalog.detail(trial_id).artifacts[0].sha256
    store.artifacts.path(digest).unlink()
    for path in (store.location.folder / "tensors" / trial_id).iterdir():
        path.write_bytes(b"damaged")
    found = {(item.severity, item.path.split("/")[0]): item.message for item in check(store)}
    assert found["warning", "columns"] == "no trial refers to it"
    assert found["error", "artifacts"] == "the content of an artifact is missing"
    assert "damaged" in found["error", "tensors"]
    assert len(found) == 3


def test_only_what_was_deleted_long_ago_goes(store):
    kept, young, old = (full_trial(store, name) for name in ("kept", "young", "old"))
    store.catalog.apply([wire.Delete(ids=(young,), time=NOW - DAY), wire.Delete(ids=(old,), time=NOW - 40 * DAY)])
    age(store)
    planned = collect(store, deleted_before=NOW - 30 * DAY, dry_run=True)
    assert (planned.trials, planned.orphans) == (1, 0)
    assert planned.bytes > 0
    assert store.catalog.trial_ids() == {kept, young, old}, "a dry run removes nothing"
    freed = collect(store, deleted_before=NOW - 30 * DAY)
    assert (freed.trials, freed.orphans, freed.artifacts) == (1, 0, 1)
    assert freed.bytes > 0
    assert store.catalog.trial_ids() == store.columns.trial_ids() == store.tensors.trial_ids() == {kept, young}
    assert len(store.artifacts.digests()) == 2
    assert check(store) == ()


def test_a_deleted_experiment_goes_with_its_trials(store):
    trial_id = full_trial(store, "a")
    home = store.catalog.experiment("exp").id
    start_trial(store.catalog, "other")
    store.catalog.apply([wire.Delete(ids=(home,), time=NOW - 40 * DAY)])
    assert collect(store, deleted_before=NOW - 30 * DAY, dry_run=True).trials == 1
    collect(store, deleted_before=NOW - 30 * DAY)
    assert trial_id not in store.columns.trial_ids()
    assert store.catalog.experiments(deleted=True) == ()


def test_orphans_go_once_they_are_an_hour_old(store):
    full_trial(store, "a")
    stranger = new_id()
    points(store, stranger)
    store.artifacts.put_bytes(b"nobody's")
    fresh = collect(store, deleted_before=0.0)
    assert (fresh.orphans, fresh.artifacts) == (0, 0)
    age(store)
    planned = collect(store, deleted_before=0.0, dry_run=True)
    assert (planned.orphans, planned.artifacts) == (1, 1)
    freed = collect(store, deleted_before=0.0)
    assert (freed.orphans, freed.artifacts) == (1, 1)
    assert stranger not in store.columns.trial_ids()
    assert check(store) == ()


def test_an_empty_catalog_beside_full_folders_costs_nobody_their_points(store):
    stranger = new_id()
    points(store, stranger)
    age(store, 100 * DAY)
    assert collect(store, deleted_before=NOW).orphans == 0
    assert stranger in store.columns.trial_ids()


def test_ended_trials_are_packed_and_running_ones_left_alone(store):
    ended = full_trial(store, "ended")
    runs = start_trial(store.catalog, "exp", "runs")
    points(store, runs)
    freed = collect(store, deleted_before=0.0)
    assert freed.packed == 1
    assert (store.location.folder / "columns" / ended / "metrics.parquet").exists()
    assert not (store.location.folder / "columns" / runs / "metrics.parquet").exists()
    for trial_id in (ended, runs):
        assert store.columns.series(trial_id, SeriesKey("", "loss")).values.tolist() == [0.5]


def test_old_events_are_pruned(store, monkeypatch):
    monkeypatch.setattr("labdeck.store.maintenance.KEEP_EVENTS", 3)
    for index in range(4):
        start_trial(store.catalog, "exp", f"t{index}")
    assert collect(store, deleted_before=0.0).events == store.catalog.cursor() - 3


@pytest.mark.postgres
def test_two_databases_that_share_a_place_for_files_do_not_touch_each_others(postgres_server, tmp_path, monkeypatch):
    monkeypatch.setenv("LABDECK_FILES", str(tmp_path))
    names = [f"test_{new_id()}" for _ in range(2)]
    mine, other = (open_store(locate(postgres_server.create_database(name))) for name in names)
    trials = [(store, full_trial(store, "a")) for store in (mine, other)]
    for store in (mine, other):
        store.artifacts.put_bytes(b"nobody's")
        age(store)
    collect(mine, deleted_before=NOW)
    for store, trial_id in trials:
        assert len(store.columns.series(trial_id, SeriesKey("", "loss"))) == 1
        assert store.artifacts.path(store.catalog.detail(trial_id).artifacts[0].sha256).exists()
    assert (len(mine.artifacts.digests()), len(other.artifacts.digests())) == (1, 2)
    for store, name in zip((mine, other), names, strict=True):
        store.close()
        postgres_server.drop_database(name)


@pytest.fixture
def journal(store):
    """The outbox of a process that died before its one fact was delivered."""
    made = Journal(store.location.folder / "outbox" / f"{new_id()}.log", this_process())
    made.append(1, start())
    made.close(remove=False)
    return made.path


def outbox_defects(store):
    return [(item.severity, item.path) for item in check(store) if item.path.startswith("outbox/")]


def test_facts_that_were_not_delivered_are_found_and_gc_delivers_them(store, journal):
    assert outbox_defects(store) == [("warning", f"outbox/{journal.name}")]
    collect(store, deleted_before=0.0)
    assert outbox_defects(store) == []
    assert store.catalog.experiment("exp").trials == 1


def test_the_outbox_of_a_process_that_lives_is_no_defect(store):
    alive = Journal(store.location.folder / "outbox" / f"{new_id()}.log", this_process())
    alive.append(1, start())
    assert outbox_defects(store) == []
    alive.close(remove=True)


def test_a_damaged_outbox_is_found_before_and_after_its_rest_was_delivered(store, journal):
    content = bytearray(journal.read_bytes())
    content[-1] ^= 0xFF
    journal.write_bytes(content)
    assert outbox_defects(store) == [("error", f"outbox/{journal.name}")]
    collect(store, deleted_before=0.0)
    assert outbox_defects(store) == [("error", f"outbox/{journal.stem}.damaged")]
    foreign = journal.with_name("foreign.log")
    foreign.write_text("not an outbox at all")
    assert ("error", "outbox/foreign.log") in outbox_defects(store)


def test_an_empty_outbox_is_a_leftover_that_gc_removes(store, journal):
    journal.write_bytes(b"")
    assert outbox_defects(store) == [("warning", f"outbox/{journal.name}")]
    collect(store, deleted_before=0.0)
    assert journal.exists(), "its writer may be about to write"
    os.utime(journal, (1.0, 1.0))
    collect(store, deleted_before=0.0)
    assert not journal.exists()


def test_writers_whose_outbox_is_gone_are_forgotten(location):
    with open_store(location) as store:
        gone, there = ("0" * 31 + digit for digit in "12")
        for writer in (gone, there):
            store.catalog.apply([], Receipt(writer, 5))
        (location.folder / "outbox" / f"{there}.damaged").write_bytes(b"")
        collect(store, deleted_before=0.0)
        assert (store.catalog.position(gone), store.catalog.position(there)) == (0, 5)
