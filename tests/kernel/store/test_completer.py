"""A trial that is here gets what an archive knows of it, and nothing that it is not to get."""

from __future__ import annotations

import zipfile

import msgspec
import pytest

from labdeck.errors import StoreCorrupt
from labdeck.store.archive import export_archive
from labdeck.store.contract import SeriesKey
from labdeck.store.importing import STILL_RUNNING
from labdeck.store.open import locate, open_store
from labdeck.store.outputs import Printed
from labdeck.store.unarchive import import_archive
from labdeck.testing.making import WRITER, advance, artifact, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.records import Capture, Param

LOSS = SeriesKey("", "loss")


@pytest.fixture
def source(tmp_path):
    with open_store(locate(tmp_path / "source")) as store:
        yield store


@pytest.fixture
def target(any_location):
    with open_store(any_location) as store:
        yield store


@pytest.fixture
def trial_id(source):
    """A trial that failed after ten points."""
    trial_id = start_trial(source.catalog, "digits", "cnn")
    log(source, trial_id, range(10))
    printed(source, trial_id, "first")
    source.catalog.apply(
        [
            wire.LogParams(trial_id=trial_id, params=(Param(name="lr", value=0.1), Param(name="n", value=1))),
            wire.LogCapture(trial_id=trial_id, capture=Capture(kind="error", body={"message": "boom"})),
            wire.SetTags(ids=(trial_id,), set={"stage": "draft"}),
            file(source, trial_id, "model.pt", b"old", 4.0),
            wire.FinishTrial(id=trial_id, state="failed", ended=9.0),
        ]
    )
    return trial_id


def log(store, trial_id, steps, scale=1.0):
    writer = store.columns.writer(trial_id)
    for step in steps:
        writer.log({"loss": scale / (step + 1)}, step)
    writer.close()
    store.catalog.apply([advance(trial_id, summary("loss", count=len(store.columns.series(trial_id, LOSS))))])


def printed(store, trial_id, text):
    writer = store.outputs.writer(trial_id)
    writer.add([Printed(1.0, "stdout", text)])
    writer.close()


def file(store, trial_id, name, content, created):
    stored = store.artifacts.put_bytes(content)
    record = msgspec.structs.replace(artifact(name, stored.sha256), size=stored.size, created=created)
    return wire.LogArtifact(trial_id=trial_id, artifact=record)


def resume(store, trial_id, ended=20.0):
    """Let the trial go on for five points and end well."""
    store.catalog.apply([wire.ResumeTrial(id=trial_id, time=10.0, writer=WRITER)])
    log(store, trial_id, range(10, 15))
    printed(store, trial_id, "second")
    store.catalog.apply(
        [
            wire.StartComponent(trial_id=trial_id, name="test", started=11.0),
            wire.FinishComponent(trial_id=trial_id, name="test", state="completed", ended=12.0),
            wire.LogParams(trial_id=trial_id, params=(Param(name="n", value=2), Param(name="more", value="x"))),
            wire.LogCapture(trial_id=trial_id, capture=Capture(kind="git", body={"commit": "abc"})),
            file(store, trial_id, "model.pt", b"new", 11.0),
            file(store, trial_id, "plot.png", b"plot", 12.0),
            wire.FinishTrial(id=trial_id, state="completed", ended=ended),
        ]
    )


def exported(store, path):
    export_archive(store, [item.id for item in store.catalog.experiments()], path)
    return path


def values(store, trial_id):
    return store.columns.series(trial_id, LOSS).values.tolist()


def texts(store, trial_id):
    return [line.text for line in store.outputs.read(trial_id).lines]


def test_a_trial_that_went_on_is_completed(source, target, trial_id, tmp_path):
    old = exported(source, tmp_path / "old.zip")
    import_archive(target, old)
    resume(source, trial_id)
    new = exported(source, tmp_path / "new.zip")
    done = import_archive(target, new)
    assert (done.experiments, done.trials, done.completed, done.unchanged) == (("digits",), 0, 1, 0)
    assert (done.points, done.artifacts, done.skipped, done.trial_ids) == (5, 2, (), (trial_id,))
    assert target.catalog.detail(trial_id) == source.catalog.detail(trial_id)
    assert values(target, trial_id) == values(source, trial_id)
    assert texts(target, trial_id) == ["first", "second"]
    for item in target.catalog.detail(trial_id).artifacts:
        assert target.artifacts.path(item.sha256).read_bytes() == source.artifacts.path(item.sha256).read_bytes()
    before = target.catalog.cursor()
    for archive in (new, old):
        again = import_archive(target, archive)
        assert (again.experiments, again.completed, again.unchanged, again.skipped) == ((), 0, 1, ())
    assert target.catalog.cursor() == before
    assert values(target, trial_id) == values(source, trial_id)


def test_what_people_did_here_stays(source, target, trial_id, tmp_path):
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    mine = [
        wire.RenameTrial(id=trial_id, name="mine"),
        wire.Annotate(id=trial_id, note="my note"),
        wire.SetTags(ids=(trial_id,), set={"stage": "paper"}),
    ]
    target.catalog.apply(mine)
    resume(source, trial_id)
    theirs = [
        wire.Annotate(id=trial_id, note="theirs"),
        wire.SetTags(ids=(trial_id,), set={"stage": "theirs", "new": "tag"}),
    ]
    source.catalog.apply(theirs)
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    trial = target.catalog.trial(trial_id)
    assert (trial.name, trial.note, trial.tags) == ("mine", "my note", {"stage": "paper", "new": "tag"})
    assert trial.state == "completed"


def test_a_trial_that_ended_since_ends_here(source, target, tmp_path):
    trial_id = start_trial(source.catalog, "digits", "cnn")
    log(source, trial_id, range(3))
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    assert target.catalog.trial(trial_id).incomplete == STILL_RUNNING
    log(source, trial_id, range(3, 5))
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    trial = target.catalog.trial(trial_id)
    assert (trial.state, trial.incomplete, len(values(target, trial_id))) == ("interrupted", STILL_RUNNING, 5)
    source.catalog.apply([wire.FinishTrial(id=trial_id, state="completed", ended=30.0)])
    assert import_archive(target, exported(source, tmp_path / "lab.zip")).completed == 1
    trial = target.catalog.trial(trial_id)
    assert (trial.state, trial.incomplete, trial.ended) == ("completed", "", 30.0)
    # What was exported while it ran is here as it was; it is not taken for news.
    before = target.catalog.cursor()
    assert import_archive(target, tmp_path / "lab.zip").unchanged == 1
    assert target.catalog.cursor() == before


def test_a_later_end_is_news_without_new_points_too_and_an_earlier_one_is_not(source, target, trial_id, tmp_path):
    old = exported(source, tmp_path / "old.zip")
    import_archive(target, old)
    source.catalog.apply(
        [
            wire.ResumeTrial(id=trial_id, time=10.0, writer=WRITER),
            wire.FinishTrial(id=trial_id, state="completed", ended=20.0),
        ]
    )
    assert import_archive(target, exported(source, tmp_path / "new.zip")).completed == 1
    assert target.catalog.detail(trial_id) == source.catalog.detail(trial_id)
    assert target.catalog.detail(trial_id).captures == ()
    before = target.catalog.cursor()
    assert import_archive(target, old).unchanged == 1
    assert target.catalog.cursor() == before


def test_what_was_printed_another_way_here_stays(source, target, trial_id, tmp_path):
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    target.outputs.remove([trial_id])
    printed(target, trial_id, "mine")
    resume(source, trial_id)
    done = import_archive(target, exported(source, tmp_path / "lab.zip"))
    assert (done.completed, done.skipped) == (1, ("'cnn': it printed something else there; what is here stays",))
    assert texts(target, trial_id) == ["mine"]


def test_a_trial_that_went_another_way_here_is_left_alone_and_named(source, target, trial_id, tmp_path):
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    target.catalog.apply([wire.ResumeTrial(id=trial_id, time=10.0, writer=WRITER)])
    running = import_archive(target, tmp_path / "lab.zip")
    assert running.skipped == ("'cnn': it is running here; it is left as it is",)
    log(target, trial_id, range(10, 12), scale=7.0)
    target.catalog.apply([wire.FinishTrial(id=trial_id, state="completed", ended=15.0)])
    assert import_archive(target, tmp_path / "lab.zip").unchanged == 1
    resume(source, trial_id)
    before, points = target.catalog.cursor(), values(target, trial_id)
    done = import_archive(target, exported(source, tmp_path / "lab.zip"))
    assert done.skipped == ("'cnn': it has gone on here and there in different ways; it is left as it is",)
    assert (done.completed, done.unchanged, done.experiments) == (0, 0, ())
    assert (target.catalog.cursor(), values(target, trial_id)) == (before, points)


def test_points_that_came_before_an_interruption_are_told_afterwards(source, target, trial_id, tmp_path):
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    resume(source, trial_id)
    series = source.columns.series(trial_id, LOSS)
    writer = target.columns.writer(trial_id)
    writer.extend(LOSS, type(series)(series.steps[10:13], series.times[10:13], series.values[10:13]))
    writer.close()
    done = import_archive(target, exported(source, tmp_path / "lab.zip"))
    assert (done.points, done.completed) == (2, 1)
    assert values(target, trial_id) == values(source, trial_id)
    assert target.catalog.detail(trial_id).metrics[0].count == 15


def test_a_deleted_experiment_comes_back_without_what_was_deleted_by_itself(source, target, trial_id, tmp_path):
    alone = start_trial(source.catalog, "digits", "alone")
    source.catalog.apply([wire.FinishTrial(id=alone, state="completed", ended=3.0)])
    home = source.catalog.experiment("digits").id
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    target.catalog.apply([wire.Delete(ids=(alone,), time=10.0), wire.Delete(ids=(home,), time=11.0)])
    done = import_archive(target, tmp_path / "lab.zip")
    assert (done.experiments, done.trials, done.unchanged) == (("digits",), 0, 1)
    assert done.skipped == ("'alone': it was deleted here; it stays so",)
    assert target.catalog.experiment(home).deleted is None
    assert target.catalog.trial(trial_id).deleted is None
    assert target.catalog.trial(alone).deleted == 10.0
    before = target.catalog.cursor()
    assert import_archive(target, tmp_path / "lab.zip").experiments == ()
    assert target.catalog.cursor() == before


@pytest.mark.parametrize("part", ["artifacts/", "columns/", "views.json"])
def test_a_spoilt_archive_completes_nothing(source, target, trial_id, tmp_path, part):
    import_archive(target, exported(source, tmp_path / "lab.zip"))
    resume(source, trial_id)
    with zipfile.ZipFile(exported(source, tmp_path / "lab.zip")) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as new:
        for name, content in entries.items():
            new.writestr(name, content[:-2] if name.startswith(part) else content)
    before = target.catalog.cursor(), values(target, trial_id), texts(target, trial_id)
    with pytest.raises(StoreCorrupt):
        import_archive(target, tmp_path / "bad.zip")
    assert (target.catalog.cursor(), values(target, trial_id), texts(target, trial_id)) == before
