"""The laws of the catalog: parts of trials, resuming, archiving, saved comparisons, lineage."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from labdeck.errors import Conflict, InvalidQuery, NotFound
from labdeck.store.ids import new_id
from labdeck.store.open import Store
from labdeck.testing.making import WRITER, artifact, open_experiment, start, start_trial
from labdeck.wire import commands as wire
from labdeck.wire.events import LineageChanged, TrialChanged, ViewsChanged
from labdeck.wire.records import LineageEdge, LineageNode, Param, ViewRecord

OpenStore = Callable[[], Store]
OTHER = msgspec.structs.replace(WRITER, pid=4243)


class OrganisingLaws:
    """What orders trials; needs a fixture `open_store`."""

    def test_a_trial_has_parts_that_go_and_come_with_it(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        whole = start_trial(catalog, name="search")
        parts = [msgspec.structs.replace(start(name=name), parent_id=whole) for name in ("a", "b")]
        deeper = msgspec.structs.replace(start(name="deeper"), parent_id=parts[0].id)
        catalog.apply([*parts, deeper])
        assert [item.name for item in catalog.detail(whole).children] == ["a", "b"]
        assert catalog.trial("deeper").parent_id == parts[0].id
        catalog.apply([wire.Delete(ids=(parts[1].id,), time=5.0)])
        catalog.apply([wire.Delete(ids=(whole,), time=6.0)])
        assert catalog.experiment("exp").trials == 0
        catalog.apply([wire.Restore(ids=(whole,))])
        assert {item.name for item in catalog.trials(catalog.experiment("exp").id).trials} == {"search", "a", "deeper"}

    def test_purging_a_trial_leaves_what_was_part_of_it_by_itself(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        whole = start_trial(catalog)
        part = msgspec.structs.replace(start(name="part"), parent_id=whole)
        catalog.apply([part, wire.Delete(ids=(whole,), time=5.0), wire.Restore(ids=(part.id,))])
        assert catalog.purge(older_than=6.0) == (whole,)
        assert catalog.trial(part.id).parent_id is None

    def test_of_two_that_resume_a_trial_one_wins(self, open_store: OpenStore) -> None:
        catalog, other = open_store().catalog, open_store().catalog
        trial_id = start_trial(catalog)
        catalog.apply([wire.FinishTrial(id=trial_id, state="failed", ended=5.0)])
        catalog.apply([wire.ResumeTrial(id=trial_id, time=6.0, writer=OTHER)])
        with pytest.raises(Conflict, match="another process"):
            other.apply([wire.ResumeTrial(id=trial_id, time=6.5, writer=WRITER)])
        record = catalog.trial(trial_id)
        assert (record.state, record.ended) == ("running", None)
        (live,) = catalog.running()
        assert (live.writer, live.heartbeat) == (OTHER, 6.0)
        catalog.apply([wire.ResumeTrial(id=trial_id, time=7.0, writer=OTHER)])
        with pytest.raises(NotFound):
            catalog.apply([wire.ResumeTrial(id=new_id(), time=7.0, writer=OTHER)])

    def test_what_is_archived_is_listed_apart(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        whole = start_trial(catalog, name="old")
        part = msgspec.structs.replace(start(name="part"), parent_id=whole)
        catalog.apply([part])
        start_trial(catalog, name="new")
        before = catalog.cursor()
        catalog.apply([wire.Archive(ids=(whole,))])
        home = catalog.experiment("exp")
        assert (home.trials, home.running, home.archived_trials) == (1, 1, 2)
        assert [item.name for item in catalog.trials(home.id).trials] == ["new"]
        assert [item.name for item in catalog.trials(home.id, archived=True).trials] == ["part", "old"]
        assert {e.trial.name for e in catalog.events(before) if isinstance(e, TrialChanged)} == {"old", "part"}
        catalog.apply([wire.Archive(ids=(whole,), archived=False), wire.Archive(ids=(home.id,))])
        assert catalog.experiment("exp").archived
        assert catalog.trial("new").archived, "with its experiment"

    def test_a_list_of_roots_holds_each_trial_once(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        whole = start_trial(catalog, name="search")
        parts = [msgspec.structs.replace(start(name=name), parent_id=whole) for name in ("a", "b")]
        catalog.apply([*parts, msgspec.structs.replace(start(name="deeper"), parent_id=parts[0].id)])
        home = catalog.experiment("exp").id
        start_trial(catalog, name="alone")

        def names(archived: bool | None = False) -> list[str]:
            page = catalog.trials(home, archived=archived, roots=True)
            assert page.total == len(page.trials)
            return [item.name for item in page.trials]

        assert names() == ["alone", "search"]
        catalog.apply([wire.Archive(ids=(parts[0].id,))])
        assert names() == ["alone", "search"]
        assert names(archived=True) == ["a"], "what it is part of is not in that list"
        assert names(archived=None) == ["alone", "search"]
        assert catalog.trials(home, archived=None).total == 5
        catalog.apply([wire.Delete(ids=(whole,), time=5.0), wire.Restore(ids=(parts[1].id,))])
        assert names() == ["alone", "b"]

    def test_artifacts_of_several_steps_live_side_by_side(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        for step in (1, 2, 2, None):
            item = msgspec.structs.replace(artifact("samples"), step=step, kind="image")
            catalog.apply([wire.LogArtifact(trial_id=trial_id, artifact=item)])
        assert [(item.step, item.kind) for item in catalog.detail(trial_id).artifacts] == [
            (1, "image"),
            (2, "image"),
            (None, "image"),
        ]

    def test_parameters_are_taken_back(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        params = (Param(name="a", value=1), Param(name="b", value=2), Param(name="a", value=3, component="c"))
        catalog.apply([wire.LogParams(trial_id=trial_id, params=params)])
        before = catalog.cursor()
        catalog.apply(
            [
                wire.RemoveParams(trial_id=trial_id, names=("a", "z")),
                wire.LogParams(trial_id=trial_id, params=params[1:2]),
            ]
        )
        assert catalog.detail(trial_id).params == params[1:]
        catalog.apply([wire.RemoveParams(trial_id=trial_id, names=("a",), component="c")])
        assert catalog.detail(trial_id).params == params[1:2]
        assert catalog.cursor() == before + 2

    def test_views_are_saved_replaced_and_removed(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        home = open_experiment(catalog)
        view = ViewRecord(id=new_id(), name="b", experiment_id=home, created=1.0, body={"columns": ["x", None, 1.5]})
        other = ViewRecord(id=new_id(), name="a", created=2.0, body={})
        before = catalog.cursor()
        catalog.apply([wire.SaveView(view=view), wire.SaveView(view=other)])
        assert [type(item) for item in catalog.events(before)] == [ViewsChanged]
        renamed = msgspec.structs.replace(view, name="0")
        catalog.apply([wire.SaveView(view=renamed)])
        assert open_store().catalog.views() == (renamed, other)
        catalog.apply([wire.Delete(ids=(home,), time=3.0), wire.DeleteView(id=other.id), wire.DeleteView(id=other.id)])
        assert catalog.views() == (), "the views of a deleted experiment are hidden with it"
        with pytest.raises(NotFound):
            catalog.apply([wire.SaveView(view=msgspec.structs.replace(view, experiment_id=new_id()))])

    def test_lineage_tells_of_each_change_once(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        data = LineageNode(id=new_id(), kind="artifact", type="DataSet", name="digits", created=1.0)
        edge = LineageEdge(source=data.id, destination=trial_id, association="ContributedTo", created=2.0)
        before = catalog.cursor()
        catalog.apply([wire.PutNode(node=data), wire.Associate(edge=edge)])
        (event,) = catalog.events(before)
        assert isinstance(event, LineageChanged)
        assert event.ids == (data.id, trial_id)
        before = catalog.cursor()
        catalog.apply([wire.Associate(edge=edge)])
        assert catalog.cursor() == before, "said again, it stays as it was"
        catalog.apply([wire.RemoveNode(id=data.id), wire.RemoveNode(id=data.id)])
        assert catalog.cursor() == before + 1
        with pytest.raises(InvalidQuery, match="trial is a node by itself"):
            catalog.apply([wire.PutNode(node=msgspec.structs.replace(data, kind="trial"))])
