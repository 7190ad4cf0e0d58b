"""Experiments travel in a file, and a file from a stranger does no harm."""

from __future__ import annotations

import io
import zipfile

import msgspec
import pytest

from labdeck.errors import LabdeckError, NotFound, StoreBusy, StoreCorrupt, StoreFull, StoreTooNew, TooLarge, UsageError
from labdeck.store.archive import export_archive
from labdeck.store.contract import SeriesKey
from labdeck.store.ids import new_id
from labdeck.store.only_one import only_import
from labdeck.store.open import locate, open_store
from labdeck.store.unarchive import import_archive
from labdeck.testing.making import advance, artifact, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.records import Capture, LineageEdge, LineageNode, Param, ViewRecord

NAME = "../../digits 🧪"


@pytest.fixture
def source(tmp_path):
    with open_store(locate(tmp_path / "source")) as store:
        fill(store)
        yield store


@pytest.fixture
def target(any_location):
    with open_store(any_location) as store:
        yield store


@pytest.fixture
def archive(source, tmp_path):
    path = tmp_path / "lab.zip"
    export_archive(source, [source.catalog.experiment(NAME).id], path)
    return path


def fill(store):
    """One experiment with three trials: one that ended with everything a trial can have, one that runs, one deleted."""
    catalog = store.catalog
    done, _, gone = (start_trial(catalog, NAME, name) for name in ("a'b", "runs", "gone"))
    writer = store.columns.writer(done)
    for step in range(100):
        writer.log({"loss": 1 / (step + 1), "odd": float("nan")}, step)
    writer.log({"mean": 0.5}, 0, "prepare")
    writer.close()
    stored = store.artifacts.put_bytes(b"hello" * 1000)
    file = msgspec.structs.replace(artifact("model.pt", stored.sha256), size=stored.size)
    catalog.apply(
        [
            wire.LogParams(trial_id=done, params=(Param(name="lr", value=0.1), Param(name="n", value=3))),
            wire.StartComponent(trial_id=done, name="prepare", started=2.0),
            wire.FinishComponent(trial_id=done, name="prepare", state="failed", ended=2.5, error="boom"),
            advance(done, summary("loss", 0.01, count=100), summary("odd", float("nan"), count=100)),
            wire.LogArtifact(trial_id=done, artifact=file),
            wire.LogCapture(trial_id=done, capture=Capture(kind="git", body={"commit": "abc"})),
            wire.SetTags(ids=(done,), set={"stage": "paper"}),
            wire.Annotate(id=done, note="best"),
            wire.MarkIncomplete(id=done, reason="the disk was full"),
            wire.FinishTrial(id=done, state="failed", ended=9.0),
            wire.Delete(ids=(gone,), time=10.0),
        ]
    )
    home = catalog.experiment(NAME).id
    catalog.apply([wire.SetObjective(id=home, metric="loss", goal="min"), wire.Annotate(id=home, note="why")])


def test_everything_arrives(source, target, archive):
    done = import_archive(target, archive)
    assert (done.experiments, done.trials, done.unchanged, done.skipped) == ((NAME,), 2, 0, ())
    assert (done.points, done.artifacts, len(done.trial_ids)) == (201, 1, 2)
    before, after = source.catalog.experiment(NAME), target.catalog.experiment(NAME)
    for field in ("id", "name", "created", "note", "tags", "objective", "trials"):
        assert getattr(after, field) == getattr(before, field)
    trial_id = source.catalog.trial("a'b").id
    assert repr(target.catalog.detail(trial_id)) == repr(source.catalog.detail(trial_id))
    for key in (SeriesKey("", "loss"), SeriesKey("", "odd"), SeriesKey("prepare", "mean")):
        old, new = source.columns.series(trial_id, key), target.columns.series(trial_id, key)
        for part in ("steps", "times", "values"):
            assert getattr(new, part).tobytes() == getattr(old, part).tobytes()
        assert len(new)
    assert target.artifacts.path(target.catalog.detail(trial_id).artifacts[0].sha256).read_bytes() == b"hello" * 1000
    assert [item.severity for item in target.catalog.check() + target.columns.check(trial_id)] == []


def test_lineage_and_saved_comparisons_come_along(tmp_path, target):
    with open_store(locate(tmp_path / "lineage")) as store:
        mine, other = start_trial(store.catalog, "mine", "t"), start_trial(store.catalog, "other", "stranger")
        home = store.catalog.experiment("mine").id
        data, model = (LineageNode(id=new_id(), kind="artifact", name=name, created=1.0) for name in ("data", "model"))
        view = ViewRecord(id=new_id(), name="paper", experiment_id=home, created=1.0, body={"x": "step"})
        edges = [(data.id, mine), (mine, model.id), (data.id, other)]
        store.catalog.apply(
            [
                wire.PutNode(node=data),
                wire.PutNode(node=model),
                wire.SaveView(view=view),
                *(
                    wire.Associate(edge=LineageEdge(source=a, destination=b, association="Produced", created=2.0))
                    for a, b in edges
                ),
            ]
        )
        export_archive(store, [home], tmp_path / "lineage.zip")
    target.catalog.apply([wire.PutNode(node=msgspec.structs.replace(data, name="as it is called here"))])
    for _ in range(2):
        import_archive(target, tmp_path / "lineage.zip")
        graph = target.catalog.lineage([mine])
        assert {node.name for node in graph.nodes} == {"as it is called here", "model", "t"}
        assert {(edge.source, edge.destination) for edge in graph.edges} == set(edges[:2])
        assert target.catalog.views() == (view,)
    before = target.catalog.cursor()
    import_archive(target, tmp_path / "lineage.zip")
    assert target.catalog.cursor() == before


def test_a_comparison_over_several_experiments_comes_along_with_all_it_names(tmp_path, target):
    with open_store(locate(tmp_path / "views")) as store:
        mine, other = start_trial(store.catalog, "mine", "t"), start_trial(store.catalog, "other", "stranger")
        homes = [store.catalog.experiment(name).id for name in ("mine", "other")]
        bodies = {
            "both": {"trials": [mine, other], "follow": None},
            "one": {"trials": [mine], "follow": None},
            "latest": {"trials": [], "follow": homes[0]},
            "stranger": {"trials": [other], "follow": None},
        }
        views = [ViewRecord(id=new_id(), name=name, created=1.0, body=body) for name, body in bodies.items()]
        store.catalog.apply([wire.SaveView(view=view) for view in views])
        left_out = export_archive(store, homes[:1], tmp_path / "one.zip").left_out
        assert left_out == ("the comparison 'both', which is of other trials, too",)
        assert export_archive(store, homes, tmp_path / "both.zip").left_out == ()
    import_archive(target, tmp_path / "one.zip")
    assert {view.name for view in target.catalog.views()} == {"one", "latest"}
    import_archive(target, tmp_path / "both.zip")
    assert {view.name for view in target.catalog.views()} == set(bodies)


def test_another_import_is_waited_for(target, archive):
    with only_import(target.location), pytest.raises(StoreBusy, match="another import"):
        import_archive(target, archive)
    assert target.catalog.experiments() == ()
    assert import_archive(target, archive).trials == 2


def test_a_trial_that_ran_is_said_to_be_interrupted(target, archive):
    import_archive(target, archive)
    trial = target.catalog.trial("runs")
    assert (trial.state, trial.incomplete) == ("interrupted", "it was still running when it was exported")


def test_importing_again_changes_nothing(target, archive):
    import_archive(target, archive)
    before = target.catalog.cursor()
    again = import_archive(target, archive)
    assert (again.experiments, again.trials, again.unchanged, again.skipped) == ((), 0, 2, ())
    assert target.catalog.cursor() == before


def test_later_trials_join_the_experiment_that_is_here(source, target, archive):
    import_archive(target, archive)
    home = target.catalog.experiment(NAME).id
    target.catalog.apply([wire.RenameExperiment(id=home, name="mine"), wire.Delete(ids=(home,), time=5.0)])
    late = start_trial(source.catalog, NAME, "late")
    export_archive(source, [home], archive)
    done = import_archive(target, archive)
    assert (done.experiments, done.trials, done.unchanged) == (("mine",), 1, 2)
    assert target.catalog.trial(late).experiment == "mine"
    assert target.catalog.experiment(home).deleted is None


def test_a_taken_name_gets_a_number(target, archive):
    start_trial(target.catalog, NAME, "other")
    assert import_archive(target, archive).experiments == (NAME + "-2",)
    assert target.catalog.experiment(NAME).trials == 1


def test_what_cannot_go_along_is_named(source, tmp_path):
    trial_id = source.catalog.trial("a'b").id
    source.artifacts.path(source.catalog.detail(trial_id).artifacts[0].sha256).write_bytes(b"damaged")
    done = export_archive(source, [source.catalog.experiment(NAME).id], tmp_path / "lab.zip")
    assert done.left_out == ("\"a'b\": the artifact 'model.pt', whose content is missing or damaged",)
    with open_store(locate(tmp_path / "other")) as other:
        import_archive(other, tmp_path / "lab.zip")
        assert other.catalog.detail(trial_id).artifacts == ()


def test_an_unknown_experiment_leaves_no_file(source, tmp_path):
    with pytest.raises(NotFound):
        export_archive(source, ["nothing"], tmp_path / "lab.zip")
    assert not list(tmp_path.glob("lab.zip*"))


def rewrite(archive, change):
    """Write the archive anew with `change(name, content)`: new content, or None to leave the entry out."""
    with zipfile.ZipFile(archive) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in entries.items():
            changed = change(name, content)
            if changed is not None:
                new.writestr(name, changed)


def added(name, content=b"x"):
    def spoil(archive):
        with zipfile.ZipFile(archive, "a") as file:
            file.writestr(name, content)

    return spoil


def changed(prefix, content):
    def spoil(archive):
        rewrite(archive, lambda name, old: content(old) if name.startswith(prefix) else old)

    return spoil


def cut(archive):
    archive.write_bytes(archive.read_bytes()[:-200])


def flipped(archive):
    content = bytearray(archive.read_bytes())
    where = content.index(b"artifacts/") + 100
    content[where : where + 8] = bytes(8)
    archive.write_bytes(content)


def series_of(count):
    """Points of a file whose index promises more than it holds."""
    import pyarrow.parquet as pq

    def spoil(content):
        table = pq.read_table(io.BytesIO(content))
        sink = io.BytesIO()
        pq.write_table(table.slice(0, count), sink)
        return sink.getvalue()

    return spoil


SPOILERS = {
    "no zip": lambda archive: archive.write_bytes(b"hello"),
    "empty": lambda archive: archive.write_bytes(b""),
    "cut off": cut,
    "flipped bits": flipped,
    "a path that climbs": added("../../evil"),
    "an absolute path": added("/etc/evil"),
    "a path in a folder": added("artifacts/../../evil"),
    "another file": added("readme.txt"),
    "no manifest": changed("labdeck.json", lambda _: None),
    "a manifest of nothing": changed("labdeck.json", lambda _: b"[]"),
    "a manifest with a path": changed("labdeck.json", lambda _: b'{"format": 1, "experiments": ["../x"]}'),
    "an experiment that is missing": changed("experiments/", lambda _: None),
    "a trial of another experiment": changed(
        "trials/", lambda old: old.replace(b'"experiment_id":"0', b'"experiment_id":"f')
    ),
    "a trial of another name": changed("trials/", lambda old: old.replace(b'"trial":{"id":"0', b'"trial":{"id":"f')),
    "a trial that is no trial": changed("trials/", lambda _: b'{"trial": 1}'),
    "a record that is deep": changed("trials/", lambda _: b"[" * 100_000),
    "content that is missing": changed("artifacts/", lambda _: None),
    "content that is other content": changed("artifacts/", lambda _: b"evil" * 1250),
    "points that are none": changed("columns/", lambda _: b"PAR1"),
    "points without an index": changed("columns/", series_of(10)),
    "comparisons that are none": changed("views.json", lambda _: b'{"views": 1}'),
    "a comparison of nothing in it": changed(
        "views.json", lambda _: b'{"views": [{"id": "%s", "name": "x", "created": 1.0, "body": {}}]}' % (b"0" * 32)
    ),
    "a node whose id is a path": changed(
        "lineage.json",
        lambda _: (
            b'{"start": [], "edges": [], "nodes": [{"id": "../x", "kind": "artifact", "name": "x", "created": 1}]}'
        ),
    ),
    "a node without a name": changed(
        "lineage.json",
        lambda _: (
            b'{"start": [], "edges": [], "nodes": [{"id": "%s", "kind": "artifact", "name": "", "created": 1}]}'
            % (b"0" * 32)
        ),
    ),
}


@pytest.mark.parametrize("how", SPOILERS)
def test_a_spoilt_archive_is_refused_in_one_line_and_leaves_nothing(store, archive, how):
    SPOILERS[how](archive)
    with pytest.raises(StoreCorrupt, match="not a whole archive"):
        import_archive(store, archive)
    assert store.catalog.experiments() == ()
    assert store.catalog.cursor() == 0
    assert not list(store.location.folder.glob("labdeck-*"))
    assert not (store.location.folder.parent / "evil").exists()


def test_a_name_that_cannot_be_stored_is_refused(store, archive):
    changed("experiments/", lambda old: old.replace(b'"name":"..', b'"name":"\\u0000'))(archive)
    with pytest.raises(LabdeckError, match="NUL"):
        import_archive(store, archive)
    assert store.catalog.experiments() == ()


def test_a_newer_format_is_refused(store, archive):
    changed("labdeck.json", lambda old: old.replace(b'"format":1', b'"format":2'))(archive)
    with pytest.raises(StoreTooNew):
        import_archive(store, archive)


def test_a_bomb_is_refused_before_it_goes_off(store, archive, monkeypatch):
    added("artifacts/" + "0" * 64, bytes(50_000_000))(archive)
    with pytest.raises(TooLarge, match="would unpack"):
        import_archive(store, archive, max_bytes=10_000_000)
    usage = type("Usage", (), {"free": 1_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(StoreFull):
        import_archive(store, archive)


def test_a_missing_file_is_said_so(store, tmp_path):
    with pytest.raises(UsageError, match="no file"):
        import_archive(store, tmp_path / "none.zip")
