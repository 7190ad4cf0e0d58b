"""Searches by REST: pages, names, completions, and where a query went wrong."""

from __future__ import annotations

from labdeck.store.ids import new_id
from labdeck.wire.commands import Archive, LogParams
from labdeck.wire.records import Param


def names(answer):
    return [fact["trial"]["name"] for fact in answer.body["trials"]]


async def test_a_search_is_answered_in_pages(ask, seed, studio):
    ids = seed("a", "b", "c")
    seed("d", experiment="other")
    for number, trial in enumerate(ids):
        studio.session.catalog.apply([LogParams(trial_id=trial, params=(Param(name="lr", value=number / 10),))])
    found = await ask("search", params={"q": "params.lr < 0.15", "sort": "-params.lr", "limit": 1})
    assert (found.status, found.body["total"], names(found)) == (200, 2, ["b"])
    assert found.body["trials"][0]["params"][0]["value"] == 0.1
    assert names(await ask("search", params={"q": "params.lr < 0.15", "sort": "-params.lr", "offset": 1})) == ["a"]
    home = studio.find_trial("a").record().experiment_id
    assert names(await ask("search", params={"experiment": home, "sort": "name"})) == ["a", "b", "c"]
    assert names(await ask("search")) == ["d", "c", "b", "a"]


async def test_archived_trials_are_found_with_the_others_if_asked_for(ask, seed, studio):
    old, _ = seed("old", "new")
    studio.apply([Archive(ids=(old,))])
    assert names(await ask("search")) == ["new"]
    assert names(await ask("search", params={"archived": 1})) == ["new", "old"]
    assert names(await ask("search", params={"q": "archived = true"})) == ["old"]


async def test_a_mistake_is_told_with_its_place(ask):
    answer = await ask("search", params={"q": "metrics.loss >> 1"})
    assert (answer.status, answer.body["code"], answer.body["position"]) == (400, "malformed-query", 14)
    assert "\n" not in answer.body["message"]
    assert (await ask("search", params={"sort": "loss"})).body["position"] == 0
    assert (await ask("search", params={"limit": 0})).body["position"] is None


async def test_bounds(ask):
    assert (await ask("search", params={"q": "x" * 10_001})).status == 413
    assert (await ask("search", params={"experiment": "x"})).status == 400
    assert (await ask("search", params={"experiment": new_id()})).status == 404
    assert (await ask("search", params={"limit": 501})).status == 400
    assert (await ask("search", params={"q": "not " * 500 + "name = a"})).status == 400
    assert (await ask("search/complete", params={"q": "m", "at": -1})).status == 400


async def test_names_and_completions(ask, seed, studio):
    (trial,) = seed("a")
    studio.session.catalog.apply([LogParams(trial_id=trial, params=(Param(name="learning rate", value=1),))])
    home = studio.find_trial("a").record().experiment_id
    words = (await ask("vocabulary", params={"experiment": home})).body
    assert (words["params"], words["metrics"], words["experiments"]) == (["learning rate"], [], ["digits"])
    assert "completed" in words["states"]
    found = (await ask("search/complete", params={"q": "not learn = 1", "at": 9, "experiment": home})).body
    assert (found["start"], found["end"]) == (4, 9)
    assert found["items"][0] == {"text": 'params."learning rate"', "kind": "field"}
    assert (await ask("search/complete", params={"q": " name "})).body["items"][0]["text"] == "="
