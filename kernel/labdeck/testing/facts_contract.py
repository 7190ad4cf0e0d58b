"""The laws of the catalog: facts of trials, receipts, the event log and its watchers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import msgspec
import pytest

from labdeck.errors import CursorExpired, InvalidQuery, NotFound
from labdeck.store.contract import Receipt
from labdeck.store.ids import new_id
from labdeck.store.open import Store
from labdeck.testing.making import advance, artifact, open_experiment, start, start_trial, summary
from labdeck.wire import commands as wire
from labdeck.wire.events import DetailChanged, ExperimentChanged, MetricsAdvanced, TrialChanged
from labdeck.wire.records import Capture, Goal, Param, ParamValue, TrialState

OpenStore = Callable[[], Store]

EXTREMES = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 2.2e-308, 0.1, -0.0]


class FactLaws:
    """Parameters, metrics, artifacts, captures; needs a fixture `open_store`."""

    def test_params_keep_their_values_types_and_order(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        values: list[ParamValue] = [
            True,
            False,
            0,
            1,
            -(2**63),
            2**63 - 1,
            1.0,
            1e308,
            5e-324,
            -0.0,
            "",
            "1",
            "None",
            None,
            "🧪" * 9_000,
        ]
        params = tuple(Param(name=f"p{20 - index}", value=value) for index, value in enumerate(values))
        catalog.apply([wire.LogParams(trial_id=trial_id, params=params)])
        found = open_store().catalog.detail(trial_id).params
        assert [repr(item) for item in found] == [repr(item) for item in params]

    def test_numbers_that_params_cannot_be_become_text(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        values: list[ParamValue] = [float("nan"), float("-inf"), 2**63, "a\0b", "half \ud83d"]
        params = tuple(Param(name=str(index), value=value) for index, value in enumerate(values))
        catalog.apply([wire.LogParams(trial_id=trial_id, params=params)])
        found = [item.value for item in catalog.detail(trial_id).params]
        assert found == ["NaN", "-Infinity", str(2**63), "a\ufffdb", "half \ufffd"]

    def test_the_newest_value_of_a_param_wins_in_its_old_place(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        first = (Param(name="a", value=1), Param(name="b", value=2), Param(name="a", value=3, component="fit"))
        catalog.apply([wire.LogParams(trial_id=trial_id, params=first)])
        catalog.apply(
            [wire.LogParams(trial_id=trial_id, params=(Param(name="a", value="x"), Param(name="c", value=0)))]
        )
        found = [(item.component, item.name, item.value) for item in catalog.detail(trial_id).params]
        assert found == [("", "a", "x"), ("", "b", 2), ("fit", "a", 3), ("", "c", 0)]

    def test_summaries_survive_exactly(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        metrics = tuple(summary(f"m{index}", value) for index, value in enumerate(EXTREMES))
        catalog.apply([advance(trial_id, *metrics)])
        assert repr(catalog.detail(trial_id).metrics) == repr(metrics)
        (facts,) = catalog.facts(trial_ids=[trial_id])
        assert repr(facts.metrics) == repr(tuple(msgspec.structs.replace(item, spark=()) for item in metrics))

    def test_numbers_that_json_cannot_hold_are_refused(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        before = catalog.cursor()
        raw = msgspec.structs.replace(summary("loss"), mean=float("nan"))
        spoilt: list[wire.AnyCommand] = [
            wire.FinishTrial(id=trial_id, state="failed", ended=float("nan")),
            wire.Beat(trial_ids=(trial_id,), time=float("inf")),
            advance(trial_id, raw),
            wire.AdvanceMetrics(trial_id=trial_id, points=2**70, metrics=(summary("loss"),)),
        ]
        for command in spoilt:
            with pytest.raises(InvalidQuery):
                catalog.apply([command])
        assert catalog.cursor() == before

    def test_a_field_of_a_wrong_kind_is_refused(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        before = catalog.cursor()
        done, number = cast("TrialState", "done"), cast("str", 5)
        spoilt: list[tuple[wire.AnyCommand, str]] = [
            (wire.FinishTrial(id=trial_id, state=done, ended=9.0), "state"),
            (wire.FinishComponent(trial_id=trial_id, name="fit", state=done, ended=9.0), "state"),
            (wire.FinishTrial(id=trial_id, state="failed", ended=cast("float", "now")), "ended"),
            (wire.Annotate(id=trial_id, note=number), "note"),
            (wire.SetTags(ids=(trial_id,), set={"a": number}), "set"),
            (wire.LogParams(trial_id=trial_id, params=(Param(name=number, value=1),)), "name"),
            (wire.SetObjective(id=trial_id, metric="loss", goal=cast("Goal", "best")), "goal"),
        ]
        for command, field in spoilt:
            with pytest.raises(InvalidQuery, match=field):
                catalog.apply([command])
        assert catalog.cursor() == before
        assert catalog.trial(trial_id).state == "running"

    def test_an_announcement_that_comes_late_replaces_nothing(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        final, late = summary("loss", 0.1, count=9), summary("loss", 0.5, count=4)
        catalog.apply([advance(trial_id, final)])
        before = catalog.cursor()
        catalog.apply([advance(trial_id, late)])
        assert catalog.cursor() == before
        catalog.apply([advance(trial_id, late, summary("lr", 0.2))])
        assert {item.name: item.count for item in catalog.detail(trial_id).metrics} == {"loss": 9, "lr": 1}
        assert catalog.trial(trial_id).objective == final
        (event,) = catalog.events(before)
        assert isinstance(event, MetricsAdvanced)
        assert (event.points, [item.name for item in event.metrics]) == (9, ["lr"])

    def test_the_same_name_in_two_components_is_two_series(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        catalog.apply([advance(trial_id, summary("loss", 0.1, component="fit"), summary("loss", 0.2))])
        found = [(item.component, item.last) for item in catalog.detail(trial_id).metrics]
        assert found == [("fit", 0.1), ("", 0.2)]
        objective = catalog.trial(trial_id).objective
        assert objective is not None
        assert objective.last == 0.2, "the trial's own series stands for it"

    def test_hostile_names_of_facts_are_kept(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        for name in ("'; drop table", "n" * 10_000, "n" * 10_000 + "!", "🧪", "../../x"):
            catalog.apply(
                [
                    wire.LogParams(trial_id=trial_id, params=(Param(name=name, value=name, component=name),)),
                    advance(trial_id, summary(name, component=name)),
                    wire.LogArtifact(trial_id=trial_id, artifact=artifact(name, component=name)),
                    wire.StartComponent(trial_id=trial_id, name=name, started=1.0),
                ]
            )
            detail = catalog.detail(trial_id)
            last = (detail.params[-1].name, detail.metrics[-1].component, detail.artifacts[-1].name)
            assert (*last, detail.components[-1].name) == (name, name, name, name)

    def test_the_newest_artifact_of_a_name_and_capture_of_a_kind_win(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        newest = artifact("model", "cd" * 32)
        for item in (artifact("model"), artifact("log", "ef" * 32), newest, newest):
            catalog.apply([wire.LogArtifact(trial_id=trial_id, artifact=item)])
        for body in ({"commit": "1"}, {"commit": "2", "deep": [{"a\0b": "half \udc00", "n": None, "f": 0.5}]}):
            catalog.apply([wire.LogCapture(trial_id=trial_id, capture=Capture(kind="git", body=body))])
        detail = catalog.detail(trial_id)
        assert [item.sha256[:2] for item in detail.artifacts] == ["cd", "ef"]
        assert catalog.artifact_digests() == {"cd" * 32, "ef" * 32}
        (capture,) = detail.captures
        assert capture.body == {"commit": "2", "deep": [{"a\ufffdb": "half \ufffd", "n": None, "f": 0.5}]}

    def test_facts_come_oldest_first_or_as_asked(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        ids = [start_trial(catalog) for _ in range(5)]
        for index, trial_id in enumerate(ids):
            param = Param(name="index", value=index)
            catalog.apply([wire.LogParams(trial_id=trial_id, params=(param,)), advance(trial_id, summary("m", index))])
        home = catalog.experiment("exp").id
        assert [item.trial.id for item in catalog.facts(experiment_id=home)] == ids
        asked = [ids[3], new_id(), ids[0]]
        found = catalog.facts(trial_ids=asked)
        assert [(item.trial.id, item.params[0].value) for item in found] == [(ids[3], 3), (ids[0], 0)]
        assert catalog.facts(trial_ids=[]) == ()
        with pytest.raises(InvalidQuery):
            catalog.facts()

    def test_tags_notes_and_what_is_missing(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        home = catalog.experiment("exp").id
        catalog.apply(
            [
                wire.SetTags(ids=(trial_id, home), set={"a": "1", "b": "2"}),
                wire.SetTags(ids=(trial_id,), set={"c": "3"}, remove=("a", "nothing")),
                wire.Annotate(id=home, note="why\0 not"),
                wire.MarkIncomplete(id=trial_id, reason="the disk was full"),
            ]
        )
        trial, experiment = catalog.trial(trial_id), catalog.experiment(home)
        assert (trial.tags, trial.incomplete) == ({"b": "2", "c": "3"}, "the disk was full")
        assert (experiment.tags, experiment.note) == ({"a": "1", "b": "2"}, "why\ufffd not")


class LogLaws:
    """Receipts, events, watchers; needs a fixture `open_store`."""

    def test_writers_of_long_ago_are_forgotten(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        old, kept, young, strange = "0" * 31 + "1", "0" * 31 + "2", new_id(), "w"
        for writer in (old, kept, young, strange):
            catalog.apply([], Receipt(writer, 5))
        assert catalog.forget_writers({kept}, 1e9) == 1
        assert [catalog.position(writer) for writer in (old, kept, young, strange)] == [0, 5, 5, 5]
        assert catalog.forget_writers({kept}, 1e9) == 0

    def test_a_receipt_counts_once(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        writer = new_id()
        seq = catalog.apply([start()], Receipt(writer=writer, position=10))
        assert catalog.position(writer) == 10
        again = open_store().catalog
        assert again.apply([start()], Receipt(writer=writer, position=10)) == seq
        assert again.apply([start()], Receipt(writer=writer, position=9)) == seq
        assert again.apply([start()], Receipt(writer=writer, position=11)) > seq
        assert again.position(writer) == 11
        assert again.position(new_id()) == 0
        assert again.experiment("exp").trials == 2

    def test_all_or_none(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        writer = new_id()
        with pytest.raises(NotFound):
            catalog.apply([start(), wire.Annotate(id=new_id(), note="")], Receipt(writer=writer, position=1))
        assert (catalog.experiments(), catalog.cursor(), catalog.position(writer)) == ((), 0, 0)

    def test_events_tell_each_change_once_and_carry_the_record(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        command = start(name="cnn")
        params = (Param(name="lr", value=0.1),)
        seq = catalog.apply(
            [
                command,
                wire.LogParams(trial_id=command.id, params=params),
                wire.LogParams(trial_id=command.id, params=params),
                advance(command.id, summary("loss", 0.5)),
                advance(command.id, summary("loss", 0.4, count=2), summary("lr", 0.1)),
                wire.FinishTrial(id=command.id, state="completed", ended=9.0),
            ]
        )
        events = open_store().catalog.events(0)
        assert [type(item) for item in events] == [ExperimentChanged, TrialChanged, DetailChanged, MetricsAdvanced]
        assert [item.seq for item in events] == sorted({item.seq for item in events})
        assert events[-1].seq == seq == catalog.cursor()
        experiment, trial, detail, metrics = events
        assert isinstance(experiment, ExperimentChanged)
        assert experiment.experiment == catalog.experiment("exp")
        assert isinstance(trial, TrialChanged)
        assert trial.trial == catalog.trial(command.id)
        assert isinstance(detail, DetailChanged)
        assert (detail.trial_id, detail.what) == (command.id, "params")
        assert isinstance(metrics, MetricsAdvanced)
        assert [(item.name, item.last, item.spark) for item in metrics.metrics] == [("loss", 0.4, ()), ("lr", 0.1, ())]
        assert metrics.objective == summary("loss", 0.4, count=2)
        assert (metrics.points, metrics.goal, metrics.truncated) == (3, "min", False)

    def test_a_wide_advance_is_truncated_in_its_event_only(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        seq = catalog.apply([advance(trial_id, *(summary(f"layer{index}") for index in range(60)))])
        (event,) = catalog.events(seq - 1)
        assert isinstance(event, MetricsAdvanced)
        assert (len(event.metrics), event.truncated) == (50, True)
        assert len(catalog.detail(trial_id).metrics) == 60

    def test_changes_that_change_nothing_are_silent(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog, name="cnn")
        home = catalog.experiment("exp").id
        before = catalog.cursor()
        catalog.apply(
            [
                wire.Beat(trial_ids=(trial_id,), time=5.0),
                wire.RenameTrial(id=trial_id, name="cnn"),
                wire.SetTags(ids=(trial_id,), remove=("none",)),
                wire.Restore(ids=(trial_id, home)),
                wire.SetObjective(id=home, metric=None),
                wire.LogParams(trial_id=trial_id, params=()),
            ]
        )
        assert catalog.cursor() == before

    def test_a_cursor_reads_on_from_where_it_was(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        for index in range(10):
            open_experiment(catalog, f"e{index}")
        assert [item.seq for item in catalog.events(3, limit=4)] == [4, 5, 6, 7]
        assert catalog.events(10) == ()

    def test_a_cursor_that_the_log_cannot_serve_is_refused(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        for index in range(10):
            open_experiment(catalog, f"e{index}")
        assert catalog.prune(4) == 6
        assert catalog.prune(4) == 0
        assert [item.seq for item in catalog.events(6)] == [7, 8, 9, 10]
        for cursor in (0, 5, 11):
            with pytest.raises(CursorExpired):
                catalog.events(cursor)
        assert catalog.prune(0) == 4
        assert catalog.cursor() == 10
        open_experiment(open_store().catalog, "next")
        assert [item.seq for item in catalog.events(10)] == [11]

    def test_a_watcher_wakes_for_every_commit_and_not_without_one(self, open_store: OpenStore) -> None:
        mine, other = open_store().catalog, open_store().catalog
        with mine.watch() as watcher:
            assert not watcher.wait(0.0)
            for catalog in (other, mine, other):
                catalog.apply([start()])
                assert watcher.wait(30.0)
            assert not watcher.wait(0.0)

    def test_closing_releases_a_waiting_thread(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        for close in (lambda watcher: watcher.close(), lambda _: catalog.close()):
            watcher = catalog.watch()
            answers: list[bool] = []
            thread = threading.Thread(target=lambda w=watcher, a=answers: a.append(w.wait(600.0)))
            thread.start()
            close(watcher)
            thread.join(30.0)
            assert answers == [False]

    def test_the_catalog_examines_itself(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        catalog.apply([advance(trial_id, summary("loss", float("nan")))])
        assert catalog.check() == ()
