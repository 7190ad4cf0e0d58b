"""The laws of the catalog: experiments, trials, names, life and deletion."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labdeck.errors import Conflict, InvalidName, NotFound, StoreUnreachable
from labdeck.store.ids import new_id
from labdeck.store.open import Store
from labdeck.testing.making import WRITER, advance, open_experiment, start, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.records import Objective

OpenStore = Callable[[], Store]

HOSTILE_NAMES = [
    "../../x",
    "<img src=x onerror=alert(1)>",
    "'; drop table trial; --",
    "%s %(name)s {0} :name ?",
    "\x01" + "a" * 64,
    "x" * 10_000,
    "🧪" * 2_500,
    "ä",
    "a\u0308",
    "\u202eright to left",
    "line\nbreak\ttab\r",
    "NULL",
    "-1",
]


class ExperimentLaws:
    """Experiments; needs a fixture `open_store` that opens the same store each time it is called."""

    def test_opening_twice_by_name_gives_one_experiment(self, open_store: OpenStore) -> None:
        first, again = open_store().catalog, open_store().catalog
        identity = open_experiment(first, "digits")
        again.apply([wire.OpenExperiment(id=new_id(), name="digits", created=9.0)])
        (only,) = again.experiments()
        assert (only.id, only.created, only.trials, only.running) == (identity, 1.0, 0, 0)

    def test_latest_activity_comes_first_whatever_the_clock_says(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        for name, started in (("a", 500.0), ("b", 400.0), ("c", 300.0)):
            start_trial(catalog, name, started=started)
        start_trial(catalog, "a", started=-5.0)
        assert [item.name for item in catalog.experiments()] == ["a", "c", "b"]
        assert catalog.experiment("a").updated == -5.0

    @pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
    def test_any_name_is_kept_as_given(self, open_store: OpenStore, name: str) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog, name, name)
        catalog.apply([wire.SetTags(ids=(trial_id,), set={name: name}), wire.Annotate(id=trial_id, note=name)])
        record = open_store().catalog.trial(name, catalog.experiment(name).id)
        assert (record.id, record.name, record.experiment) == (trial_id, name, name)
        assert (record.tags, record.note) == ({name: name}, name)

    @pytest.mark.parametrize("name", ["", " ", "a\0b", "\ud800", "x" * 16_385], ids=range(5))
    def test_names_no_database_holds_are_refused(self, open_store: OpenStore, name: str) -> None:
        catalog = open_store().catalog
        with pytest.raises(InvalidName):
            catalog.apply([wire.OpenExperiment(id=new_id(), name=name, created=1.0)])
        with pytest.raises(InvalidName):
            catalog.apply([start("exp", name)])
        assert catalog.experiments() == ()

    def test_long_names_that_share_a_beginning_are_different(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        stem = "n" * 9_000
        ids = [open_experiment(catalog, stem + end) for end in ("1", "2")]
        assert [catalog.experiment(stem + end).id for end in ("1", "2")] == ids

    def test_renaming_to_a_taken_name_conflicts_and_changes_nothing(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        open_experiment(catalog, "a")
        other = open_experiment(catalog, "b")
        before = catalog.cursor()
        with pytest.raises(Conflict):
            catalog.apply([wire.Annotate(id=other, note="lost"), wire.RenameExperiment(id=other, name="a")])
        assert (catalog.experiment("b").note, catalog.cursor()) == ("", before)
        catalog.apply([wire.RenameExperiment(id=other, name="c")])
        assert catalog.experiment("c").id == other
        with pytest.raises(NotFound):
            catalog.experiment("b")

    def test_the_objective_is_chosen_or_guessed(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        home = catalog.experiment("exp").id
        assert catalog.trial(trial_id).objective is None
        catalog.apply([advance(trial_id, summary("train:loss", 0.3), summary("test:accuracy", 0.9))])
        guessed = catalog.trial(trial_id)
        assert guessed.objective == summary("test:accuracy", 0.9)
        assert guessed.goal == "max"
        catalog.apply([wire.SetObjective(id=home, metric="train:loss", goal="min")])
        chosen = catalog.trial(trial_id)
        assert (chosen.objective, chosen.goal) == (summary("train:loss", 0.3), "min")
        assert catalog.experiment(home).objective == Objective(metric="train:loss", goal="min")
        catalog.apply([advance(trial_id, summary("train:loss", 0.1, count=2))])
        assert catalog.trial(trial_id).objective == summary("train:loss", 0.1, count=2)
        catalog.apply([wire.SetObjective(id=home, metric=None)])
        assert catalog.trial(trial_id).objective == summary("test:accuracy", 0.9)

    def test_opening_with_an_objective_sets_it_and_without_leaves_it(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        catalog.apply([wire.OpenExperiment(id=new_id(), name="e", created=1.0, objective="f1", goal="max")])
        catalog.apply([wire.OpenExperiment(id=new_id(), name="e", created=2.0)])
        assert catalog.experiment("e").objective == Objective(metric="f1", goal="max")

    def test_what_does_not_exist_is_not_found(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        nowhere = new_id()
        asks: list[Callable[[], object]] = [
            lambda: catalog.experiment("none"),
            lambda: catalog.trial("none"),
            lambda: catalog.trials(nowhere),
            lambda: catalog.detail(nowhere),
            lambda: catalog.apply([wire.Annotate(id=nowhere, note="")]),
            lambda: catalog.apply([wire.Delete(ids=(nowhere,), time=1.0)]),
            lambda: catalog.apply([wire.RenameTrial(id=nowhere, name="x")]),
            lambda: catalog.apply([wire.SetObjective(id=nowhere, metric="x")]),
        ]
        for ask in asks:
            with pytest.raises(NotFound):
                ask()
        assert catalog.facts(experiment_id=nowhere) == ()

    def test_a_closed_catalog_says_so(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        catalog.close()
        with pytest.raises(StoreUnreachable):
            catalog.cursor()


class TrialLaws:
    """Trials from start to end; needs a fixture `open_store`."""

    def test_a_trial_opens_its_experiment_and_gets_a_name(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        ids = [start_trial(catalog, name=name) for name in (None, None, "cnn", "cnn", "cnn", None)]
        assert [catalog.trial(i).name for i in ids] == ["trial-1", "trial-2", "cnn", "cnn-2", "cnn-3", "trial-3"]
        record = catalog.experiment("exp")
        assert (record.trials, record.running) == (6, 6)

    def test_a_taken_name_at_the_limit_still_gets_its_number(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        names = [catalog.trial(start_trial(catalog, name="n" * 16_384)).name for _ in range(3)]
        assert names == ["n" * 16_384, "n" * 16_382 + "-2", "n" * 16_382 + "-3"]

    def test_trials_are_numbered_within_their_experiment_and_no_number_comes_back(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        first, second = start_trial(catalog), start_trial(catalog)
        other = start_trial(catalog, experiment="other")
        catalog.apply([wire.Delete(ids=(second,), time=1.0)])
        third = start_trial(catalog)
        assert [catalog.trial(i).number for i in (first, second, third, other)] == [1, 2, 3, 1]

    def test_starting_twice_changes_nothing_more(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        command = start(name="cnn")
        seq = catalog.apply([command])
        assert catalog.apply([command]) == seq
        assert catalog.trials(catalog.experiment("exp").id).total == 1

    def test_pages_are_newest_first_whatever_the_clock_says(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        ids = [start_trial(catalog, started=100.0 - index) for index in range(7)]
        home = catalog.experiment("exp").id
        page = catalog.trials(home, offset=2, limit=3)
        assert (page.total, page.offset, [item.id for item in page.trials]) == (7, 2, [ids[4], ids[3], ids[2]])
        assert [item.id for item in catalog.trials(home).trials] == ids[::-1]
        assert catalog.trials(home, offset=9).trials == ()

    def test_a_name_finds_the_newest_trial_and_an_id_any(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        first = start_trial(catalog, "a", "same")
        second = start_trial(catalog, "b", "same")
        assert catalog.trial("same").id == second
        assert catalog.trial("same", catalog.experiment("a").id).id == first
        catalog.apply([wire.Delete(ids=(second,), time=5.0)])
        assert catalog.trial("same").id == first
        assert catalog.trial(second).deleted == 5.0

    def test_ending_ends_the_components_and_happens_once(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        catalog.apply(
            [
                wire.StartComponent(trial_id=trial_id, name="prepare", started=3.0),
                wire.FinishComponent(trial_id=trial_id, name="prepare", state="completed", ended=4.0),
                wire.StartComponent(trial_id=trial_id, name="train", started=5.0),
                wire.FinishTrial(id=trial_id, state="failed", ended=6.0),
                wire.FinishTrial(id=trial_id, state="completed", ended=7.0),
            ]
        )
        detail = catalog.detail(trial_id)
        assert (detail.trial.state, detail.trial.ended) == ("failed", 6.0)
        parts = [(item.name, item.state, item.started, item.ended) for item in detail.components]
        assert parts == [("prepare", "completed", 3.0, 4.0), ("train", "failed", 5.0, 6.0)]
        assert catalog.experiment("exp").running == 0
        assert catalog.running() == ()

    def test_a_component_may_be_continued(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        end = wire.FinishComponent(trial_id=trial_id, name="fit", state="failed", ended=4.0, error="boom")
        catalog.apply([wire.StartComponent(trial_id=trial_id, name="fit", started=3.0), end])
        assert catalog.detail(trial_id).components[0].error == "boom"
        catalog.apply([wire.StartComponent(trial_id=trial_id, name="fit", started=5.0)])
        (part,) = catalog.detail(trial_id).components
        assert (part.state, part.started, part.ended, part.error) == ("running", 3.0, None, "")

    def test_a_silent_writer_is_marked_crashed_and_a_beat_revives_it(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog, started=2.0)
        catalog.apply([wire.StartComponent(trial_id=trial_id, name="fit", started=3.0)])
        (alive,) = catalog.running()
        assert (alive.trial_id, alive.writer, alive.heartbeat) == (trial_id, WRITER, 2.0)
        before = catalog.cursor()
        assert catalog.apply([wire.Beat(trial_ids=(trial_id,), time=1.0)]) == before  # a clock may jump back
        catalog.apply([wire.MarkCrashed(id=trial_id, heartbeat=2.0, ended=9.0)])
        assert catalog.trial(trial_id).state == "running", "it was heard of since"
        catalog.apply([wire.MarkCrashed(id=trial_id, heartbeat=1.0, ended=9.0)])
        crashed = catalog.detail(trial_id)
        assert (crashed.trial.state, crashed.trial.ended, crashed.components[0].state) == ("crashed", 9.0, "crashed")
        catalog.apply([wire.Beat(trial_ids=(trial_id, new_id()), time=10.0)])
        revived = catalog.detail(trial_id)
        assert (revived.trial.state, revived.trial.ended, revived.components[0].state) == ("running", None, "running")
        catalog.apply([wire.MarkCrashed(id=trial_id, heartbeat=10.0, ended=11.0)])
        catalog.apply([wire.FinishTrial(id=trial_id, state="completed", ended=12.0)])
        assert catalog.trial(trial_id).state == "completed", "the trial's own word corrects a guess"
        catalog.apply([wire.Beat(trial_ids=(trial_id,), time=13.0)])
        assert catalog.trial(trial_id).state == "completed"

    def test_a_renamed_experiment_keeps_getting_its_trials(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        first = start("old")
        catalog.apply([first])
        home = catalog.experiment("old").id
        catalog.apply([wire.RenameExperiment(id=home, name="new")])
        again = wire.StartTrial(
            id=new_id(), experiment="old", new_experiment_id=home, name=None, started=3.0, writer=WRITER
        )
        catalog.apply([again])
        assert catalog.trial(again.id).experiment == "new"


class DeletionLaws:
    """Delete, restore, purge; needs a fixture `open_store`."""

    def test_a_deleted_trial_hides_frees_its_name_and_comes_back(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        old = start_trial(catalog, name="cnn")
        home = catalog.experiment("exp").id
        catalog.apply([wire.Delete(ids=(old,), time=5.0), wire.Delete(ids=(old,), time=6.0)])
        assert catalog.trials(home).total == catalog.experiment(home).trials == 0
        assert catalog.detail(old).trial.deleted == 5.0
        new = start_trial(catalog, name="cnn")
        assert catalog.trial(new).name == "cnn"
        catalog.apply([wire.Restore(ids=(old,))])
        assert (catalog.trial(old).name, catalog.trial(old).deleted) == ("cnn-2", None)
        catalog.apply([wire.Restore(ids=(old, new))])
        assert [item.name for item in catalog.trials(home).trials] == ["cnn", "cnn-2"]

    def test_a_deleted_experiment_takes_its_trials_along(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        kept, gone = start_trial(catalog), start_trial(catalog)
        home = catalog.experiment("exp").id
        catalog.apply([wire.Delete(ids=(gone,), time=4.0), wire.Delete(ids=(home,), time=5.0)])
        assert catalog.experiments() == ()
        assert [item.id for item in catalog.experiments(deleted=True)] == [home]
        assert catalog.trials(home).total == len(catalog.facts(experiment_id=home)) == 0
        assert (catalog.trial(kept).deleted, catalog.trial(gone).deleted) == (5.0, 4.0)
        assert [item.trial.id for item in catalog.facts(trial_ids=[gone, kept])] == [gone, kept]
        catalog.apply([wire.Restore(ids=(home,))])
        assert [item.id for item in catalog.trials(home).trials] == [kept]

    def test_a_trial_of_a_deleted_experiment_opens_a_new_one(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        home = open_experiment(catalog, "exp")
        catalog.apply([wire.Delete(ids=(home,), time=5.0)])
        late = wire.StartTrial(
            id=new_id(),
            experiment="exp",
            experiment_id=home,
            new_experiment_id=home,
            name=None,
            started=6.0,
            writer=WRITER,
        )
        catalog.apply([late])
        assert catalog.trial(late.id).experiment_id == catalog.experiment("exp").id != home

    def test_restoring_an_experiment_whose_name_was_taken_numbers_it(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        old = open_experiment(catalog, "exp")
        catalog.apply([wire.Delete(ids=(old,), time=5.0)])
        open_experiment(catalog, "exp")
        catalog.apply([wire.Restore(ids=(old,))])
        assert catalog.experiment(old).name == "exp-2"

    def test_purge_removes_only_what_was_deleted_long_ago(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        kept, old, young = (start_trial(catalog, "a") for _ in range(3))
        inside = start_trial(catalog, "b")
        catalog.apply([advance(old, summary("loss"))])
        b = catalog.experiment("b").id
        catalog.apply([wire.Delete(ids=(old, b), time=5.0), wire.Delete(ids=(young,), time=50.0)])
        assert catalog.purge(10.0) == (old, inside)
        assert catalog.trial_ids() == {kept, young}
        with pytest.raises(NotFound):
            catalog.experiment(b)
        assert catalog.purge(10.0) == ()
        before = catalog.cursor()
        catalog.apply([advance(old, summary("loss")), wire.FinishTrial(id=old, state="completed", ended=9.0)])
        assert catalog.cursor() == before, "a writer that comes late is ignored"
