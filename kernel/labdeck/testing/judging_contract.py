"""The laws of the catalog: findings, rules, watches, and what is asked of trainings."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from labdeck.errors import InvalidQuery, NotFound
from labdeck.store.ids import new_id
from labdeck.store.open import Store
from labdeck.testing.making import start_trial
from labdeck.wire import commands as wire
from labdeck.wire.debugging import ActionRecord, FindingRecord, RequestRecord, RuleRecord, WatchRecord
from labdeck.wire.events import DebuggerChanged, FindingChanged, TrainingAsked

OpenStore = Callable[[], Store]


def finding(trial_id: str, *, step: int = 7, rule: str = "VanishingGradient", value: float = 1e-9) -> FindingRecord:
    """Return a finding of a trial."""
    return FindingRecord(
        id=new_id(),
        trial_id=trial_id,
        rule=rule,
        severity="warning",
        mode="TRAIN",
        step=step,
        last_step=step,
        time=10.0 + step,
        last_time=10.0 + step,
        tensor="gradient/fc.weight",
        value=value,
        threshold=1e-7,
        message="the gradient is tiny",
    )


class JudgingLaws:
    """What rules find; needs a fixture `open_store`."""

    def test_findings_come_newest_first_and_count(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        here, there = start_trial(catalog), start_trial(catalog, experiment="other")
        found = [finding(here, step=step) for step in range(3)]
        catalog.apply([wire.PutFinding(finding=each) for each in found])
        catalog.apply([wire.PutFinding(finding=finding(there))])
        page = open_store().catalog.findings(trial_id=here)
        assert page.findings == tuple(reversed(found))
        assert (page.total, page.open, page.seq) == (3, 3, catalog.cursor())
        assert [trial.id for trial in page.trials] == [here]
        assert catalog.findings(trial_id=here, offset=1, limit=1).findings == (found[1],)
        assert catalog.findings(trial_id=here, limit=0).total == 3
        assert catalog.findings().total == 4
        assert catalog.findings(experiment_id=catalog.experiment("other").id).total == 1
        assert catalog.findings(trial_id=new_id()).findings == ()
        with pytest.raises(InvalidQuery):
            catalog.findings(offset=-1)
        with pytest.raises(InvalidQuery):
            catalog.findings(limit=-1)

    def test_a_finding_that_goes_on_is_one_and_keeps_its_place(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        first, second = finding(trial_id), finding(trial_id, step=8)
        catalog.apply([wire.PutFinding(finding=first), wire.PutFinding(finding=second)])
        outcome = ActionRecord(name="Notify", time=12.0, done=True, message="shown")
        grown = msgspec.structs.replace(first, count=5, last_step=11, recording=new_id(), actions=(outcome,))
        catalog.apply([wire.PutFinding(finding=grown)])
        catalog.apply([wire.PutFinding(finding=grown)])
        assert catalog.findings().findings == (second, grown)

    def test_each_change_of_a_finding_is_told_with_the_whole_finding(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        record = finding(trial_id)
        before = catalog.cursor()
        catalog.apply([wire.PutFinding(finding=record)])
        catalog.apply([wire.Dismiss(ids=(record.id,))])
        put, dismissed = catalog.events(before)
        assert isinstance(put, FindingChanged)
        assert isinstance(dismissed, FindingChanged)
        assert (put.finding, put.experiment_id) == (record, catalog.experiment("exp").id)
        assert dismissed.finding == msgspec.structs.replace(record, dismissed=True)

    def test_what_is_dismissed_stays_so_and_can_be_taken_out_again(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        record, other = finding(trial_id), finding(trial_id)
        catalog.apply([wire.PutFinding(finding=record), wire.PutFinding(finding=other)])
        catalog.apply([wire.Dismiss(ids=(record.id, new_id()))])
        catalog.apply([wire.PutFinding(finding=msgspec.structs.replace(record, count=9))])
        assert catalog.findings().findings == (other,)
        page = catalog.findings(dismissed=True)
        assert [(each.count, each.dismissed) for each in page.findings] == [(1, False), (9, True)]
        assert (page.total, page.open) == (2, 1)
        before = catalog.cursor()
        catalog.apply([wire.Dismiss(ids=(record.id,))])
        assert catalog.cursor() == before, "it was dismissed already"
        catalog.apply([wire.Dismiss(ids=(record.id, other.id), dismissed=False)])
        assert catalog.findings().total == 2

    def test_findings_hide_with_their_trial_and_come_back_and_are_purged_with_it(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        record = finding(trial_id)
        catalog.apply([wire.PutFinding(finding=record)])
        catalog.apply([wire.Delete(ids=(trial_id,), time=5.0)])
        assert catalog.findings(dismissed=True).total == 0
        catalog.apply([wire.Restore(ids=(trial_id,))])
        assert catalog.findings().findings == (record,)
        catalog.apply([wire.Delete(ids=(trial_id,), time=5.0)])
        catalog.purge(older_than=6.0)
        catalog.apply([wire.PutFinding(finding=record)])
        assert catalog.findings(dismissed=True).total == 0, "a finding of a trial that is gone has no effect"

    def test_values_that_json_does_not_know_are_kept_and_times_that_are_none_refused(
        self, open_store: OpenStore
    ) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        record = msgspec.structs.replace(finding(trial_id), value="NaN", threshold="-Infinity")
        catalog.apply([wire.PutFinding(finding=record)])
        assert catalog.findings().findings == (record,)
        with pytest.raises(InvalidQuery):
            catalog.apply([wire.PutFinding(finding=msgspec.structs.replace(record, time=float("nan")))])

    def test_texts_are_data(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        odd = "'; drop table finding; --\0<b>"
        record = msgspec.structs.replace(finding(trial_id), message=odd, tensor=odd)
        catalog.apply([wire.PutFinding(finding=record)])
        (kept,) = catalog.findings().findings
        assert kept.message == odd.replace("\0", "\ufffd") == kept.tensor

    def test_rules_are_replaced_together_and_keep_their_order(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        rules = tuple(RuleRecord(name=name, rule="Above", params={"limit": 1}) for name in ("b", "a", "c"))
        before = catalog.cursor()
        catalog.apply([wire.PutRules(trial_id=trial_id, rules=rules)])
        assert catalog.debugger(trial_id).rules == rules
        (event,) = catalog.events(before)
        assert isinstance(event, DebuggerChanged)
        assert (event.trial_id, event.experiment_id) == (trial_id, catalog.experiment("exp").id)
        changed = msgspec.structs.replace(rules[1], state="failed", error="no", findings=3, report={"worst": 0.5})
        catalog.apply([wire.PutRules(trial_id=trial_id, rules=(changed,))])
        assert catalog.debugger(trial_id).rules == (changed,)
        catalog.apply([wire.PutRules(trial_id=trial_id, rules=())])
        assert catalog.debugger(trial_id).rules == ()

    def test_the_newest_watch_of_a_name_wins_and_keeps_its_place(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        for name in ("Net", "Critic"):
            catalog.apply([wire.PutWatch(trial_id=trial_id, watch=WatchRecord(name=name, framework="torch"))])
        later = WatchRecord(name="Net", framework="torch", state="off", steps=9, warnings=("slow",))
        catalog.apply([wire.PutWatch(trial_id=trial_id, watch=later)])
        detail = catalog.debugger(trial_id)
        assert [(watch.name, watch.steps) for watch in detail.watches] == [("Net", 9), ("Critic", 0)]
        assert detail.watches[0] == later
        assert detail.trial.id == trial_id
        with pytest.raises(NotFound):
            catalog.debugger(new_id())

    def test_a_trial_that_is_gone_takes_its_rules_and_watches_along(self, open_store: OpenStore) -> None:
        catalog = open_store().catalog
        trial_id = start_trial(catalog)
        rule, watch = RuleRecord(name="a", rule="Above"), WatchRecord(name="Net", framework="torch")
        asked = RequestRecord(id=new_id(), trial_id=trial_id, wish="stop", created=3.0)
        facts: list[wire.AnyCommand] = [
            wire.PutRules(trial_id=trial_id, rules=(rule,)),
            wire.PutWatch(trial_id=trial_id, watch=watch),
        ]
        catalog.apply([*facts, wire.AskTraining(request=asked)])
        catalog.apply([wire.Delete(ids=(trial_id,), time=5.0)])
        catalog.purge(older_than=6.0)
        before = catalog.cursor()
        catalog.apply(facts)
        assert catalog.cursor() == before
        assert catalog.requests(trial_id) == ()

    def test_what_is_asked_is_kept_once_until_it_is_answered(self, open_store: OpenStore) -> None:
        catalog, other = open_store().catalog, open_store().catalog
        trial_id = start_trial(catalog)
        later = RequestRecord(id=new_id(), trial_id=trial_id, wish="go-on", created=4.0)
        first = RequestRecord(id=new_id(), trial_id=trial_id, wish="rule-off", argument="Above", created=3.0)
        before = catalog.cursor()
        catalog.apply([wire.AskTraining(request=later)])
        catalog.apply([wire.AskTraining(request=first), wire.AskTraining(request=first)])
        assert other.requests(trial_id) == (first, later), "oldest first"
        asked = [event for event in catalog.events(before) if isinstance(event, TrainingAsked)]
        assert [event.trial_id for event in asked] == [trial_id, trial_id]
        other.apply([wire.AnswerRequest(id=first.id), wire.AnswerRequest(id=first.id)])
        assert catalog.requests(trial_id) == (later,)
        assert catalog.requests(new_id()) == ()
        with pytest.raises(NotFound):
            catalog.apply([wire.AskTraining(request=msgspec.structs.replace(first, id=new_id(), trial_id=new_id()))])
